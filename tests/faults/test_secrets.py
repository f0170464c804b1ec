"""Test 29: keys, invitations, tokens and prompts never appear in a log, on stdout or stderr, or in a traceback."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from backends import ENDS, Backend, Client, script, until
from hub import Hub
from tools import Bare

from meshscribe.backend.serve.keys import KeyPair
from meshscribe.shared import invitation
from meshscribe.shared.messages import Download, DownloadReply, Hello, Submit

TOKEN = "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"
PROMPT = "anUnreleasedProduct"


def command(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    line = [sys.executable, "-m", "meshscribe.backend.cli", *words]
    environment = {**os.environ, "MESHSCRIBE_HOME": str(home)}
    return subprocess.run(line, env=environment, capture_output=True, text=True, timeout=60)


def test_29_secrets(
    start: Callable[..., Backend], figure: Callable[..., None], scale: Callable[[int, int], int]
) -> None:
    hub = Hub({"config.json": b"{}"})
    with socket.create_server(("127.0.0.2", 0)) as free:
        port = free.getsockname()[1]
    surroundings = {"HF_ENDPOINT": hub.address, "HF_TOKEN": TOKEN, "HF_HUB_DISABLE_XET": "1", "OPENAI_API_KEY": TOKEN}
    backend = start(host="127.0.0.2", port=port, environment=surroundings).wait_up()
    home, there = backend.home, backend.connection()
    said: list[str] = []
    invited = command(home, "invite", "anna")
    line = invited.stdout.strip()
    assert invited.returncode == 0 and line.startswith(invitation.PREFIX)
    said.append(invited.stderr)
    guest = invitation.read(line)
    stranger = KeyPair.fresh()
    with Bare(there, stranger) as bare:
        bare.say(Hello("stranger"))
        assert bare.hear(0.3) is None
    with backend.link() as link, Client(guest, "anna") as anna:
        until(anna, ENDS, anna.submit(script(PROMPT)))
        for fail in ("crash", "memory", "exit"):
            until(link, ENDS, link.submit(script(PROMPT, "tokens=1", f"fail={fail}")))
        with Bare(there) as bare:
            bare.say(Hello("broken"), Submit("x", script(PROMPT, "x" * 20_000)))
            bare.socket.send_multipart([b"MS\x01\x01", PROMPT.encode() * 50])
            bare.hear_all()
        link.send(Download("someone/a-model@" + "0" * 40))
        while until(link, DownloadReply)[-1].state == "running":  # type: ignore[union-attr]
            pass
    looks = [("top", "--once"), ("fetch", "nothing"), ("revoke", "anna")]
    for words in [*looks, ("doctor",), ("doctor", "--json"), ("jobs",), ("invite",), ("models",)][: scale(3, 8)]:
        ran = command(home, *words)
        assert "Traceback" not in ran.stderr
        said += [ran.stderr, ran.stdout if words[0] not in ("jobs", "top") else ""]  # those two show prompts
    said.append(backend.end())
    hub.close()
    pairs = [json.loads((home / "keys" / f"{name}.json").read_text()) for name in ("server", "client")]
    secrets = [*(pair["secret"] for pair in pairs), guest.secret_key, stranger.secret, line, TOKEN]
    files = [path for path in home.rglob("*") if path.is_file() and path.parent.name != "keys"]
    logs = [path for path in files if path.parent.name == "logs"]
    assert {path.name for path in logs} >= {"broker.log", "worker.log", "worker.stderr", "download.stderr"}
    said += [path.read_text(encoding="utf-8", errors="replace") for path in logs]
    for secret in secrets:
        assert not any(secret in text for text in said)
        for path in files:
            assert secret.encode() not in path.read_bytes(), path
    assert not any(PROMPT in text for text in said), "a prompt is in a log"
    assert any("the script says so" in text for text in said), "the failures are there"
    figure(secrets=len(secrets), places=len(said), characters=sum(map(len, said)), found=0)
