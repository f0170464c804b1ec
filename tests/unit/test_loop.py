"""The decode loop over a fake model: a table of what follows each token."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import get_ident

import numpy as np
import pytest
from scipy.stats import chi2_contingency

from meshscribe.backend.decode.loop import FIRST_CHUNK, Run, Stream, decode
from meshscribe.backend.decode.sampling import Sampler
from meshscribe.backend.forward.base import Chunk, check

WORDS = 12
STOP = 11


class Table:
    """What follows depends on the last token alone: `table` float32 [V, V]."""

    context = 4096

    def __init__(self, table: np.ndarray, rows: int = 1, width: int = 1, lanes: int = 1):
        exact = table.astype(np.float64)
        self.logs = (exact - np.log(np.exp(exact).sum(1, keepdims=True))).astype(np.float32)
        self.rows, self.width, self.lanes = rows, width, lanes
        self.told: list[list[int]] = [[] for _ in range(rows)]
        self.chunks: list[int] = []  # tokens of each pass, of one row
        self.passes: list[list[int]] = []  # rows of each pass
        self.threads: set[int] = set()

    def length(self, row: int) -> int:
        return len(self.told[row])

    def extend(self, chunks: Mapping[int, Chunk]) -> dict[int, np.ndarray]:
        check(self, chunks)
        out = {}
        self.passes.append(list(chunks))
        self.threads.add(get_ident())
        for row, (tokens, keep, ids) in chunks.items():
            self.told[row] += tokens
            self.chunks.append(len(tokens))
            logs = self.logs[self.told[row][-keep:]]
            out[row] = logs if ids is None else logs[:, ids]
        return out

    def truncate(self, row: int, length: int) -> None:
        del self.told[row][length:]

    def fork(self, row: int, into: int, length: int) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


class Steps:
    """A grammar by the number of tokens told: the legal ids of each step, the last again and again."""

    LEAST = 1
    settled = False
    tokens = np.arange(WORDS)

    def __init__(self, *steps: list[int], starved: bool = False):
        self.steps = steps
        self.told: list[int] = []
        self.lefts: list[int] = []
        self.starved = starved

    def legal(self, left: int) -> np.ndarray:
        self.lefts.append(left)
        return np.array([STOP] if left == 1 else self.steps[min(len(self.told), len(self.steps) - 1)], np.int64)

    def accept(self, token: int) -> None:
        assert token in self.steps[min(len(self.told), len(self.steps) - 1)] or token == STOP
        self.told.append(token)


def chain(*tokens: int) -> np.ndarray:
    """A table that likes each token to be followed by the next one."""
    table = np.zeros((WORDS, WORDS), np.float32)
    for token, following in zip(tokens, tokens[1:], strict=False):
        table[token, following] = 9.0
    return table


def run(
    table: np.ndarray,
    grammar: Steps | None = None,
    prompt: Sequence[int] = (0,),
    limit: int = 50,
    sampler: Sampler | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    draft: Guesses | None = None,
) -> tuple[Run, list[list[int]], Table]:
    emitted: list[list[int]] = []
    forward = Table(table)
    stream = Stream(
        0,
        prompt,
        sampler or Sampler(0, 0.0),
        grammar=grammar,
        draft=draft,
        stops=frozenset({STOP}),
        limit=limit,
        emit=emitted.append,
        cancelled=cancelled,
    )
    assert list(decode(forward, [stream])) == [stream]
    made = stream.run
    assert [token for tokens in emitted for token in tokens] == made.tokens, "what is decided is emitted, in order"
    return made, emitted, forward


def plain(row: int, prompt: Sequence[int], seed: int = 0, temperature: float = 0.0, **options) -> Stream:
    """A text without a grammar."""
    chosen = {"stops": frozenset({STOP}), "limit": 5, "emit": lambda tokens: None, **options}
    return Stream(row, prompt, Sampler(seed, temperature), **chosen)


def test_a_stop_ends_the_run_and_is_not_emitted() -> None:
    made, emitted, forward = run(chain(0, 3, 5, 4, STOP))
    assert made.tokens == [3, 5, 4] and made.finish == "stop"
    assert emitted == [[3], [5], [4]]
    assert made.passes == len(forward.chunks) == 4
    assert made.sampled == 0 and made.masked_mass == 0.0
    assert 0 < made.first_token <= made.seconds


def test_without_a_stop_the_limit_ends_the_run() -> None:
    made, _, forward = run(chain(0, 3, 5, 3), limit=7)
    assert made.tokens == [3, 5, 3, 5, 3, 5, 3] and made.finish == "length"
    assert forward.length(0) == 1 + 6, "the last token is not fed"


def test_what_was_in_the_cache_is_forgotten() -> None:
    forward = Table(chain(0, 3, STOP))
    forward.extend({0: Chunk([9, 9, 9])})
    list(decode(forward, [plain(0, [0])]))
    assert forward.told == [[0, 3]]


def test_forced_tokens_ride_along() -> None:
    """1 is chosen, 2 and 3 are forced and go into the same pass; they are not sampled and take no draw."""
    grammar = Steps([1, 4], [2], [3], [5, STOP], [STOP])
    made, emitted, forward = run(chain(0, 1, 9, 9, 5), grammar)
    assert made.tokens[:3] == [1, 2, 3] and emitted[0] == [1, 2, 3]
    assert forward.chunks[:2] == [1, 3]
    assert made.sampled == made.passes == 2
    assert grammar.told == [1, 2, 3, *made.tokens[3:], STOP]


def test_a_forced_stop_ends_without_a_pass() -> None:
    made, emitted, _ = run(chain(0, 1), Steps([1, 4], [2], [STOP]))
    assert made.tokens == [1, 2] and made.finish == "stop" and made.passes == 1 and emitted == [[1, 2]]


def test_a_stop_that_comes_at_once_emits_nothing() -> None:
    made, emitted, _ = run(chain(0, STOP), Steps([4, STOP]))
    assert made.tokens == [] and made.finish == "stop" and emitted == []


def test_masked_mass_is_what_the_grammar_took() -> None:
    table = np.log(np.full((WORDS, WORDS), 0.01))
    table[0, [2, 6, STOP]] = np.log([0.5, 0.3, 0.11])
    table[2, STOP] = np.log(0.89)
    made, _, _ = run(table.astype(np.float32), Steps([2, 6], [3, STOP], [STOP]))
    assert made.tokens == [2]
    assert made.masked == pytest.approx(0.2 + 0.1, abs=1e-6)
    assert made.masked_mass == pytest.approx(0.15, abs=1e-6)


def test_the_grammar_is_told_what_is_left() -> None:
    grammar = Steps([1, 4])
    made, _, _ = run(chain(0, 1, 1), grammar, limit=6)
    assert made.tokens == [1] * 5 and sorted(set(grammar.lefts), reverse=True) == [6, 5, 4, 3, 2, 1]


def test_a_starved_grammar_is_a_cut_text() -> None:
    assert run(chain(0, 1, STOP), Steps([1, 4], [4, STOP], starved=True))[0].finish == "length"


def test_what_is_settled_is_not_drawn() -> None:
    """The likeliest token comes, whatever the seed; without the grammar's word, others come as well."""
    table = np.zeros((WORDS, WORDS), np.float32)
    table[:, 4] = 0.1
    for settled, kinds in ((True, {4}), (False, {1, 4})):
        grammar = Steps(*[[1, 4]] * 40, [STOP])
        grammar.settled = settled
        assert set(run(table, grammar, sampler=Sampler(0, 1.0))[0].tokens) == kinds


def test_greedy_is_the_same_with_a_grammar_that_the_model_keeps_by_itself() -> None:
    table = chain(0, 3, 5, 4, 6, 2, STOP)
    free, _, _ = run(table)
    held, _, _ = run(table, Steps([3, 4], [1, 5], [4], [6], [2, 8], [7, STOP]))
    assert held.tokens == free.tokens == [3, 5, 4, 6, 2] and held.finish == free.finish == "stop"


def test_the_same_seed_makes_the_same_tokens() -> None:
    table = np.random.default_rng(0).normal(size=(WORDS, WORDS)).astype(np.float32)
    first, again, other = (run(table, sampler=Sampler(seed, 1.0), limit=30)[0].tokens for seed in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("length", [1, FIRST_CHUNK - 1, FIRST_CHUNK, FIRST_CHUNK + 1, 9 * FIRST_CHUNK + 7])
def test_a_prompt_is_read_in_chunks(length: int) -> None:
    made, _, forward = run(chain(0, 3, STOP), prompt=[9] * (length - 1) + [0])
    assert made.tokens == [3] and made.passes == len(forward.chunks)
    assert forward.chunks[0] <= FIRST_CHUNK and forward.length(0) == length + 1


def test_what_the_cache_holds_of_the_prompt_is_not_read_again() -> None:
    forward = Table(chain(0, 3, STOP))
    forward.extend({0: Chunk([9, 9, 8, 8])})
    stream = plain(0, [9, 9, 7, 0], cached=2)
    list(decode(forward, [stream]))
    assert stream.run.tokens == [3] and forward.chunks == [4, 2, 1] and forward.told == [[9, 9, 7, 0, 3]]


class Guesses:
    """Guesses what comes after the last token by a table of its own, right or wrong."""

    def __init__(self, following: Sequence[int], most: int = 5):
        self.following, self.most = following, most
        self.told = [0]

    def accept(self, token: int) -> None:
        self.told.append(token)

    def guess(self, most: int) -> list[int]:
        out: list[int] = []
        while len(out) < min(most, self.most):
            out.append(self.following[(out or self.told)[-1]])
        return out

    def end(self) -> None:
        raise NotImplementedError


def test_right_guesses_save_passes_and_change_nothing() -> None:
    table = chain(0, 3, 5, 4, 6, 2, 7, STOP)
    plain, _, _ = run(table)
    made, emitted, forward = run(table, draft=Guesses([3, 0, 7, 5, 6, 4, 2, STOP, 0, 0, 0, 0]))
    assert made.tokens == plain.tokens and made.passes == 2 and plain.passes == 7
    assert emitted[0] == [3, 5, 4, 6, 2, 7] and (made.guessed, made.accepted) == (10, 5)
    assert forward.told[0][:7] == [0, 3, 5, 4, 6, 2, 7]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("grammar", [False, True])
def test_guesses_never_change_the_text(seed: int, grammar: bool) -> None:
    """The same draws from the same scores: equal texts under sampling, so the distribution is equal too."""
    random = np.random.default_rng(seed)
    table = random.normal(scale=3, size=(WORDS, WORDS)).astype(np.float32)
    steps = [sorted(random.choice(WORDS - 1, random.integers(1, 6), replace=False).tolist()) for _ in range(60)]
    following = np.where(random.random(WORDS) < 0.7, table.argmax(1), random.integers(0, WORDS, WORDS)).tolist()

    def go(draft: Guesses | None) -> tuple[Run, Table]:
        made, _, forward = run(
            table, Steps(*steps) if grammar else None, limit=40, sampler=Sampler(seed, 0.8), draft=draft
        )
        return made, forward

    plain, _ = go(None)
    made, forward = go(Guesses(following, most=int(random.integers(1, 9))))
    assert (made.tokens, made.finish) == (plain.tokens, plain.finish)
    assert made.masked == pytest.approx(plain.masked) and made.sampled == plain.sampled
    assert made.passes <= plain.passes and forward.told[0] == [0, *made.tokens][: forward.length(0)]


@pytest.mark.parametrize("asked", [0, 1, 2])
def test_cancel_is_heard_between_the_chunks_of_a_prompt(asked: int) -> None:
    answers = iter([False] * asked)
    made, emitted, forward = run(chain(0, 3), prompt=[0] * (40 * FIRST_CHUNK), cancelled=lambda: next(answers, True))
    assert made.finish == "cancelled" and made.tokens == [] and emitted == []
    assert len(forward.chunks) == asked


def test_cancel_is_heard_before_every_pass() -> None:
    answers = iter([False] * 4)
    made, _, forward = run(chain(0, 3, 5, 3), cancelled=lambda: next(answers, True))
    assert made.finish == "cancelled" and made.tokens == [3, 5, 3, 5] and len(forward.chunks) == 4
    assert made.seconds > 0


# ------------------------------------------------------------------------------------------------- several at a time


@pytest.mark.parametrize("shape", [(8, 4, 2), (8, 8, 1), (3, 1, 1), (8, 4, 4), (2, 1, 2)])
def test_texts_made_together_are_as_made_alone(shape: tuple[int, int, int]) -> None:
    """With grammars and right and wrong guesses, on one thread and on several; rows are used again as they get free."""
    random = np.random.default_rng(5)
    table = random.normal(scale=2, size=(WORDS, WORDS)).astype(np.float32)
    steps = [sorted(random.choice(WORDS - 1, random.integers(1, 6), replace=False).tolist()) for _ in range(60)]

    def text(row: int, seed: int) -> Stream:
        return plain(
            row, [seed % 10], seed, 0.9, limit=40, grammar=Steps(*steps), draft=Guesses(table.argmax(1).tolist())
        )

    alone = []
    for seed in range(20):
        list(decode(Table(table), [stream := text(0, seed)]))
        alone.append((stream.run.tokens, stream.run.finish, stream.run.sampled))
    forward, made, seeds = Table(table, *shape), {}, iter(range(20))
    free = list(range(forward.rows))

    def more() -> Stream | None:
        return None if (seed := next(seeds, None)) is None else made.setdefault(seed, text(free.pop(), seed))

    for stream in decode(forward, [], more):
        free.append(stream.row)
    assert [(made[s].run.tokens, made[s].run.finish, made[s].run.sampled) for s in range(20)] == alone
    assert max(map(len, forward.passes)) <= forward.width
    assert len(forward.threads) <= forward.lanes + 1


def test_ended_texts_leave_the_pass_and_late_ones_join() -> None:
    forward = Table(chain(0, 3, 5, 4, 6, 2, STOP), rows=3, width=3)
    late = [plain(2, [2]), None, plain(1, [0], limit=9)]
    ended = [stream.row for stream in decode(forward, [plain(0, [5], limit=9)], lambda: late.pop() if late else None)]
    assert ended == [2, 0, 1]
    assert forward.passes == [[0, 1], [0, 1, 2], [0, 1], [0, 1], [1], [1]]


def test_a_cancelled_text_leaves_the_others() -> None:
    forward, heard = Table(chain(0, 3, 5, 3), rows=2, width=2), iter([False, False, True])
    cut, other = plain(0, [0], cancelled=lambda: next(heard)), plain(1, [3])
    assert list(decode(forward, [cut, other])) == [cut, other]
    assert (cut.run.finish, cut.run.tokens) == ("cancelled", [3, 5])
    assert (other.run.finish, other.run.tokens) == ("length", [5, 3, 5, 3, 5])


def test_an_error_of_a_pass_reaches_the_caller() -> None:
    class Broken(Table):
        def extend(self, chunks: Mapping[int, Chunk]) -> dict[int, np.ndarray]:
            if len(self.passes) > 3:
                raise MemoryError
            return super().extend(chunks)

    with pytest.raises(MemoryError):
        list(decode(Broken(chain(0, 3, 5, 3), rows=4, width=2, lanes=2), [plain(row, [0]) for row in range(4)]))


def test_guesses_leave_the_distribution_as_it_is() -> None:
    """Chi-square over thousands of texts with other seeds each: with and without guesses they are drawn alike; and the
    test would see a temperature that is a little off."""
    table = np.random.default_rng(2).normal(size=(WORDS, WORDS)).astype(np.float32)
    following = table.argmax(1).tolist()

    def drawn(first: int, temperature: float, guesses: bool) -> np.ndarray:
        """How often each token came at each place."""
        counts = np.zeros((4, WORDS), np.int64)
        for seed in range(first, first + 4000):
            draft = Guesses(following, most=3) if guesses else None
            stream = plain(0, [0], seed, temperature, limit=4, draft=draft)
            list(decode(Table(table), [stream]))
            for place, token in enumerate([*stream.run.tokens, STOP][:4]):
                counts[place, token] += 1
        return counts.ravel()

    def likeness(one: np.ndarray, other: np.ndarray) -> float:
        both = np.stack([one, other])
        return float(chi2_contingency(both[:, both.sum(0) > 10]).pvalue)

    without = drawn(0, 1.0, guesses=False)
    assert likeness(without, drawn(10_000, 1.0, guesses=True)) > 0.01
    assert likeness(without, drawn(20_000, 0.8, guesses=True)) < 1e-6
