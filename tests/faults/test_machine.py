"""Test 24: clients, a broker and a worker in any order of events. Their sockets and processes are lists here; all that
decides is the real thing: Ledger, Desk, Delivery, Dispatch, Watchdog, and the Journal on a disk."""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tools import FULL

from meshscribe.backend.serve.delivery import Delivery
from meshscribe.backend.serve.desk import Desk
from meshscribe.backend.serve.dispatch import Dispatch
from meshscribe.backend.serve.journal import Journal
from meshscribe.backend.serve.orders import Abort, Failed, Finished, Output, Preload, Ready, Start
from meshscribe.backend.serve.supervisor import GONE
from meshscribe.shared.frames import decode, encode
from meshscribe.shared.ledger import Ledger
from meshscribe.shared.messages import (
    Accepted,
    Bye,
    Cancel,
    Credit,
    Delta,
    Done,
    Error,
    FromBroker,
    Hello,
    Load,
    Message,
    Ping,
    Snapshot,
    StatusReply,
    Submit,
    Welcome,
)
from meshscribe.shared.tasks import Generate, Outcome

CLIENTS = st.integers(0, 2)
ROWS = st.integers(0, 2)
LINES = 12  # of every job's text


def engine_text(job: str) -> str:
    """What the engine writes for a job."""
    return "".join(f"v {job} {line} é🪑\n" for line in range(LINES))


class Peer:
    """A client: its Ledger, its connection, and what its caller got."""

    def __init__(self, name: str) -> None:
        self.name, self.ledger = name, Ledger()
        self.route, self.welcome = b"", False
        self.wire: deque[FromBroker] = deque()  # on the way to it
        self.texts: dict[str, str] = {}
        self.ends: dict[str, Done | Error] = {}
        self.seqs: dict[str, int] = {}  # of this connection, as the broker sends them
        self.over: set[str] = set()  # jobs whose end was sent on this connection


class World(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="meshscribe-machine-"))
        self.now, self.count, self.connections = 1_000.0, 0, 0
        self.peers = [Peer(f"c{n}") for n in range(3)]
        self.accepted: set[str] = set()  # by somebody's Accepted
        self.started: dict[str, int] = {}  # how often an engine has begun with a job
        self.places: dict[str, int] = {}  # jobs in the worker, and how many of their lines are written
        self.aborted: set[str] = set()
        self.boot()
        self.turn()
        for peer in self.peers:
            self.read(peer, 1)

    def teardown(self) -> None:
        self.settle()
        self.journal.close()
        shutil.rmtree(self.folder)

    # ------------------------------------------------------------------------------------------------- the broker

    def boot(self) -> None:
        self.journal = Journal(self.folder)
        self.dispatch = Dispatch(self.journal)
        self.delivery = Delivery(self.dispatch)
        self.desk = Desk(self.dispatch, self.delivery, StatusReply(f"s{self.connections}"), now=self.now)
        self.new_worker()
        for peer in self.peers:
            self.connect(peer)

    def new_worker(self) -> None:
        """It has its model, with rows for three meshes."""
        self.places.clear()
        self.aborted.clear()
        self.report(Ready(1, "starter", rows=3))

    def turn(self) -> None:
        if self.dispatch.watch(self.now):
            self.lose_worker()
        self.dispatch.next(self.now)
        self.delivery.flush(self.now)
        self.journal.commit()
        for order in self.dispatch.duties[0].orders:
            match order:
                case Start():
                    self.places[order.job] = 0
                    self.started[order.job] = self.started.get(order.job, 0) + 1
                case Abort():
                    self.aborted.add(order.job)
                case Preload():
                    assert not self.places, "a load beside meshes"
                    self.report(Ready(1, order.model, rows=3))
                case Ping():
                    pass
        self.dispatch.duties[0].orders.clear()
        assert len(self.places) <= 3
        for route, message in self.delivery.out:
            for peer in self.peers:
                if peer.route == route:
                    self.check(peer, message)
                    peer.wire.append(decode(encode(message), FromBroker))
        self.delivery.out.clear()

    def check(self, peer: Peer, message: FromBroker) -> None:
        """The rules of the protocol, as they go out on one connection."""
        match message:
            case Accepted():
                self.accepted.add(message.job)
                if message.job not in peer.seqs:
                    peer.seqs[message.job] = 0
                peer.over.discard(message.job)
            case Snapshot():
                peer.seqs[message.job] = message.seq
                peer.over.discard(message.job)
            case Delta():
                assert message.job not in peer.over, "text after the end"
                peer.seqs[message.job] += 1
                assert message.seq == peer.seqs[message.job], "a gap"
            case Done():
                assert message.seq == (0 if message.job in peer.over else peer.seqs.get(message.job, 0))
                peer.over.add(message.job)

    def report(self, message: Message) -> None:
        self.dispatch.take(self.dispatch.duties[0], message, self.now)  # type: ignore[arg-type]

    def lose_worker(self) -> None:
        self.dispatch.worker_gone(self.dispatch.duties[0], Error("engine_dead", GONE, retryable=True), self.now)
        self.new_worker()

    # ------------------------------------------------------------------------------------------------ the clients

    def say(self, peer: Peer, *messages: Message) -> None:
        for message in messages:
            self.desk.receive(peer.route, encode(message), self.now)

    def connect(self, peer: Peer) -> None:
        self.connections += 1
        peer.wire.clear()
        peer.seqs.clear()
        peer.over.clear()
        peer.route, peer.welcome = f"{peer.name} {self.connections}".encode(), False
        self.say(peer, Hello(peer.name))

    def ask(self, peer: Peer, message: Submit | Cancel) -> None:
        peer.ledger.note(message)
        if peer.welcome:
            self.say(peer, message)

    def read(self, peer: Peer, count: int) -> None:
        for _ in range(min(count, len(peer.wire))):
            message = peer.wire.popleft()
            if isinstance(message, Welcome):
                peer.welcome = True
                self.say(peer, *peer.ledger.rejoin(message.credit, message.session))
            fresh, replies = peer.ledger.take(message)
            self.say(peer, *replies)
            match fresh:
                case Delta():
                    assert fresh.job not in peer.ends, "text after the end"
                    peer.texts[fresh.job] = peer.texts.get(fresh.job, "") + fresh.text
                case Done() | Error(job=str()):
                    assert fresh.job not in peer.ends, "a second end"
                    peer.ends[str(fresh.job)] = fresh

    # ---------------------------------------------------------------------------------------------------- events

    @rule(who=CLIENTS, jobs=st.integers(1, 4), detached=st.booleans(), limit=st.sampled_from([None, None, 0.5]))
    def submit(self, who: int, jobs: int, detached: bool, limit: float | None) -> None:
        for _ in range(jobs):
            self.count += 1
            self.ask(self.peers[who], Submit(f"{who}-{self.count}", Generate(prompt="a chair"), detached, limit))
        self.turn()

    @rule(who=CLIENTS, again=st.integers(1, 3))
    def submit_again(self, who: int, again: int) -> None:
        tracks = self.peers[who].ledger.tracks
        if tracks and self.peers[who].welcome:
            job = next(iter(tracks))
            self.say(self.peers[who], *[Submit(job, Generate(prompt="a chair"))] * again)

    @rule(who=CLIENTS, which=st.integers(0, 5))
    def cancel(self, who: int, which: int) -> None:
        if jobs := list(self.peers[who].ledger.tracks):
            self.ask(self.peers[who], Cancel(jobs[which % len(jobs)]))

    @rule(who=CLIENTS)
    def load(self, who: int) -> None:
        peer = self.peers[who]
        peer.ledger.ask(Load("starter"))
        if peer.welcome:
            self.say(peer, Load("starter"))

    @rule(who=CLIENTS, count=st.integers(1, 30))
    def take_messages(self, who: int, count: int) -> None:
        self.turn()
        self.read(self.peers[who], count)

    @rule(steps=st.lists(st.tuples(st.integers(0, 5), ROWS, CLIENTS, st.integers(0, 9)), min_size=5, max_size=25))
    def work(self, steps: list[tuple[int, int, int, int]]) -> None:
        """What happens most of the time: the engine writes some lines, a client reads some messages, a job ends."""
        for lines, row, who, count in steps:
            if lines:
                self.write(row, lines)
            elif self.places:
                self.finish(row, False)
            self.now += 0.02
            self.turn()
            self.read(self.peers[who], count)

    @rule(who=CLIENTS)
    def give_credit(self, who: int) -> None:
        if self.peers[who].welcome:
            self.say(self.peers[who], Credit(1_000))

    @rule(who=CLIENTS, reads=st.integers(0, 9))
    def reconnect(self, who: int, reads: int) -> None:
        self.delivery.drop(self.peers[who].route)
        self.connect(self.peers[who])
        self.turn()
        self.read(self.peers[who], reads)

    @rule(who=CLIENTS)
    def vanish(self, who: int) -> None:
        """The connection ends; its client says Hello again only with `reconnect`."""
        self.delivery.drop(self.peers[who].route)
        self.peers[who].wire.clear()
        self.peers[who].route, self.peers[who].welcome = b"nowhere", False

    @rule(seconds=st.sampled_from([0.01, 0.02, 0.3, 1.1, 11.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        for peer in self.peers:
            if peer.welcome:
                self.say(peer, Ping())

    def write(self, row: int, lines: int) -> None:
        if not self.places:
            return
        job = list(self.places)[row % len(self.places)]
        whole = engine_text(job).splitlines(keepends=True)
        text = "".join(whole[self.places[job] : self.places[job] + lines])
        self.places[job] = min(LINES, self.places[job] + lines)
        if text and job not in self.aborted:
            self.report(Output(job, text, self.places[job]))

    @precondition(lambda self: self.places)
    @rule(row=ROWS, fails=st.booleans())
    def finish(self, row: int, fails: bool) -> None:
        job = list(self.places)[row % len(self.places)]
        place = self.places.pop(job)
        if job in self.aborted:
            self.report(Finished(job, Outcome(finish="cancelled")))
        elif fails:
            self.report(Failed("internal", "It broke.", job))
        else:
            rest = "".join(engine_text(job).splitlines(keepends=True)[place:])
            self.report(Output(job, rest, LINES))
            self.report(Finished(job, Outcome(finish="stop", tokens=LINES)))

    @rule()
    def kill_worker(self) -> None:
        self.lose_worker()

    @rule(committed=st.booleans())
    def kill_broker(self, committed: bool) -> None:
        """Before it has committed, or after that but before anybody has heard of it."""
        if committed:
            self.delivery.flush(self.now)
            self.journal.commit()
        self.journal._db.close()  # what was not committed is lost
        self.boot()
        self.turn()
        for peer in self.peers[1:]:
            self.read(peer, 1)

    @rule(who=CLIENTS)
    def bye(self, who: int) -> None:
        peer = self.peers[who]
        if peer.welcome:
            self.say(peer, Bye())
            self.peers[who] = Peer(f"{peer.name}x")
            self.connect(self.peers[who])

    # ------------------------------------------------------------------------------------------------- what holds

    @invariant()
    def texts_are_the_engines(self) -> None:
        for peer in self.peers:
            for job, text in peer.texts.items():
                assert engine_text(job).startswith(text)

    @invariant()
    def nothing_runs_twice(self) -> None:
        assert all(times == 1 for times in self.started.values())

    def settle(self) -> None:
        """Everybody is back, the worker works, time goes by: every job ends, at everybody, with its text."""
        for peer in self.peers:
            self.connect(peer)
        for _ in range(120):
            self.turn()
            if self.places:
                self.finish(0, False)
            self.now += 0.05
            for peer in self.peers:
                if peer.welcome:
                    self.say(peer, Ping())
                self.read(peer, 1_000)
        for peer in self.peers:
            assert not peer.ledger.tracks, "a job without an end"
            for job, end in peer.ends.items():
                kept = self.journal.find(job)
                if kept is None:
                    assert isinstance(end, Error) and end.code in ("busy", "unknown_job") and job not in self.accepted
                    continue
                assert kept.ended and kept.text == peer.texts.get(job, ""), "another text than the journal's"
                if isinstance(end, Done) and end.outcome.finish == "stop":
                    assert kept.text == engine_text(job)
        for job in self.accepted:
            kept = self.journal.find(job)
            assert kept is not None and kept.ended, "an accepted job was forgotten"
        assert not self.dispatch.jobs and not len(self.dispatch.queue)


TestWorld = pytest.mark.timeout(7_200 if FULL else 120)(World.TestCase)
TestWorld.settings = settings(max_examples=2_000 if FULL else 30, stateful_step_count=120 if FULL else 40)


def test_a_cancel_after_the_end_is_answered_with_it() -> None:
    """Found by the machine: the answer counts no text (seq 0), which its client passes over."""
    world = World()
    world.submit(who=0, jobs=1, detached=False, limit=None)
    world.turn()
    world.finish(row=0, fails=False)
    world.take_messages(who=0, count=30)
    (job,) = world.peers[0].ends
    world.say(world.peers[0], Cancel(job))
    world.take_messages(who=0, count=30)
    assert world.peers[0].texts[job] == engine_text(job) and isinstance(world.peers[0].ends[job], Done)
    world.teardown()
