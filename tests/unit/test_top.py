from __future__ import annotations

from meshscribe.backend.top import screen
from meshscribe.shared.messages import StatusReply
from meshscribe.shared.reports import ClientEntry, Counters, JobEntry, Spread, WorkerStatus


def test_screen_says_what_is_there() -> None:
    lines = screen(
        StatusReply(
            "s", app="1.2", pid=77, uptime=7_300, clients=2, queued=3,
            workers=[WorkerStatus(pid=78, state="running", model="starter", device="cpu", memory=140_000_000,
                                  restarts=2, quiet=5.4)],
            counters=Counters(accepted=9, done=4, failed=1, cancelled=1, refused=8, tokens=12_345, memory=50_000_000,
                              queue=Spread(count=9, median=0.5, p99=2.0, last=1.0)),
            connected=[ClientEntry(name="Blender 5.2", guest="anna", jobs=2), ClientEntry(name="top")],
        ),
        [JobEntry(job="j", state="running", task="generate", model="starter", prompt="a chair", created=940.0,
                  tokens=88)],
        1_000.0,
    )  # fmt: skip
    text = "\n".join(lines)
    for words in ("process 77, up 2 h, 50 MB", "running starter cpu, 140 MB, silent for 5 s, restarted 2 times",
                  "9 accepted, 4 done, 1 cancelled, 1 failed, 8 refused, 3 waiting, 12,345 tokens",
                  "waited  0.50 (p99 2.00) s", "Blender 5.2 (anna) 2 jobs, top", "running     1 min",
                  "88 tokens  generate starter  a chair"):  # fmt: skip
        assert words in text, text


def test_screen_of_a_fresh_backend() -> None:
    lines = screen(StatusReply("s", workers=[WorkerStatus()]), [], 0.0)
    assert "cancel - s" in "\n".join(lines) and lines[1] == "worker  off, 0 MB"
