"""A process of the crowd: several clients, each with one job at a time, again and again. It writes down what was
accepted, how it ended and whether its text was right, a line each, so that nothing is lost when it is killed.

    python crowd.py HOME LOG NAME CLIENTS SECONDS SEED
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

from script_engine import text

from meshscribe.shared.connection import read
from meshscribe.shared.link import Link
from meshscribe.shared.messages import Accepted, Delta, Done, Error
from meshscribe.shared.tasks import Generate

home, log_path, name, clients, seconds, seed = sys.argv[1:]
chance = random.Random(seed)
log = open(log_path, "a", buffering=1)  # noqa: SIM115  until the process ends
links = [Link(read(Path(home)), f"{name}-{n}", reload=lambda: read(Path(home))) for n in range(int(clients))]
wanted: list[tuple[str, int]] = [("", 0)] * len(links)  # the job of each, and how many tokens it has
texts = [""] * len(links)
pause = [0.0] * len(links)
count = 0
end = time.monotonic() + float(seconds)
while (now := time.monotonic()) < end:
    for n, link in enumerate(links):
        if not wanted[n][0] and now >= pause[n]:
            tokens = chance.choice((1, 3, 10, 30))
            job, count = f"{name}-{n}-{count}", count + 1
            wanted[n], texts[n] = (job, tokens), ""
            link.submit(Generate(prompt=f"make tokens={tokens} delay=0.0005 mark={job}", model="script"), job=job)
        for message in link.poll():
            job, tokens = wanted[n]
            if getattr(message, "job", None) != job:
                if isinstance(message, Delta):
                    log.write(f"misrouted {job}\n")
                continue
            match message:
                case Accepted():
                    log.write(f"accepted {job}\n")
                case Delta():
                    texts[n] += message.text
                case Done():
                    right = texts[n] == text(tokens, mark=job)
                    log.write(f"{'done' if right else 'wrong'} {job}\n")
                case Error():
                    whole = text(tokens, mark=job).startswith(texts[n])
                    log.write(f"{message.code if whole else 'wrong'} {job}\n")
                    pause[n] = now + chance.uniform(0.05, 0.3) * (message.code == "busy")
            if isinstance(message, Done | Error):
                wanted[n] = ("", 0)
    time.sleep(0.005)
for link in links:
    link.close()
