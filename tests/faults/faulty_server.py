"""A server with the OpenAI interface that fails in the ways that real ones do, named by the address:
http://127.0.0.1:PORT/stalls/v1. Run it alone with `python tests/faults/faulty_server.py`.

`running` counts the answers that are being written. A client that leaves is noticed as any server notices it: its
connection ends.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

KEY = "sk-a-secret-of-ours-0123456789"
CORNERS = "v 0 0 0\nv 63 0 0\nv 0 63 0\nv 0 0 63\n"
MESH = CORNERS + "f 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
PROSE = "I am sorry, but I cannot make models of that."
HUGE = 10 << 20  # characters of a line
JSON = "application/json"

Body = Iterator[bytes | float] | list[bytes | float]  # what is sent; a number: seconds of silence


@dataclass(slots=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict = field(default_factory=dict)


@dataclass(slots=True)
class Answer:
    status: int = 200
    kind: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    body: Body = field(default_factory=list)
    whole: bool = True  # the end of the body is sent; else the connection just ends


def event(text: str = "", finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "text": text, "finish_reason": finish}
    return f"data: {json.dumps({'choices': [choice], **more})}\n\n".encode()


def stream(text: str, finish: str | None = "stop", done: bool = True) -> list[bytes | float]:
    """Events of some letters each, then the end."""
    pieces = [event(text[i : i + 7]) for i in range(0, len(text), 7)]
    usage = {"prompt_tokens": 11, "completion_tokens": len(text) // 2, "total_tokens": 11 + len(text) // 2}
    ends = [event("", finish, usage=usage)] if finish else []
    return [*pieces, *ends, *([b"data: [DONE]\n\n"] if done else [])]


def split(body: list[bytes | float]) -> list[bytes | float]:
    """Each byte by itself."""
    return [bytes([byte]) for part in body if isinstance(part, bytes) for byte in part]


def endless() -> Iterator[bytes | float]:
    yield event(MESH)
    while True:
        yield 0.01
        yield event("f 1 2 4\n")


def error(status: int, message: str, **headers: str) -> Answer:
    body = json.dumps({"error": {"message": message, "type": "server_error", "code": status}}).encode()
    return Answer(status, JSON, headers, [body])


def refusing(*parameters: str) -> Callable[[Asked, int], Answer]:
    """A server that does not take these parameters, and names one at a time."""

    def answer(asked: Asked, number: int) -> Answer:
        for name in parameters:
            if name in asked.body:
                return error(400, f"Unsupported parameter: '{name}' is not supported with this model.")
        return Answer(body=stream(MESH))

    return answer


def keyed(asked: Asked, number: int) -> Answer:
    given = asked.headers.get("authorization", "")
    if given == f"Bearer {KEY}":
        return Answer(body=stream(MESH))
    return error(401, f"Incorrect API key provided: {given.removeprefix('Bearer ')}.")


ANSWERS: dict[str, Callable[[Asked, int], Answer]] = {
    "well": lambda asked, number: Answer(body=stream(MESH)),
    "bytes": lambda asked, number: Answer(body=split(stream(MESH))),
    "no-done": lambda asked, number: Answer(body=stream(MESH, done=False)),
    "no-end": lambda asked, number: Answer(body=stream(MESH, finish=None, done=False)),
    "cut": lambda asked, number: Answer(body=stream(MESH, finish="length")),
    "cut-early": lambda asked, number: Answer(body=stream(CORNERS, finish="length")),
    "breaks-off": lambda asked, number: Answer(body=stream(MESH)[:6], whole=False),
    "silent": lambda asked, number: Answer(body=[600.0]),
    "stalls": lambda asked, number: Answer(body=[event(MESH), 600.0]),
    "endless": lambda asked, number: Answer(body=endless()),
    "429": lambda asked, number: error(429, "Rate limit reached.", **{"Retry-After": "7"}),
    "500": lambda asked, number: error(500, "CUDA error: an illegal memory access was encountered\nTraceback ..."),
    "503": lambda asked, number: error(503, "Loading model"),
    "404": lambda asked, number: error(404, "The model `m` does not exist."),
    "302": lambda asked, number: Answer(302, headers={"Location": "http://127.0.0.1:9/elsewhere"}),
    "context": lambda asked, number: error(
        400, "This model's maximum context length is 2048 tokens, you asked for 9000"
    ),
    "bad-request": lambda asked, number: error(400, "Something about the request."),
    "no-json": lambda asked, number: Answer(body=[event("v 0 0 0\n"), b"data: {not json}\n\n"]),
    "odd-json": lambda asked, number: Answer(body=[b'data: {"choices": [{"delta": {"content": 7}}]}\n\n']),
    "deep-json": lambda asked, number: Answer(body=[b"data: " + b"[" * 100_000 + b"\n\n"]),
    "odd-events": lambda asked, number: Answer(
        body=[b": hello\n\n", b'data: {"choices": []}\n\n', b'event: x\r\ndata: {"other": 1}\r\n\r\n', *stream(MESH)]
    ),
    "huge-line": lambda asked, number: Answer(body=[b"data: ", *[b"v" * (1 << 16)] * (HUGE >> 16)]),
    "huge-text": lambda asked, number: Answer(body=(event("v 0 0 0 " + "9" * 60_000 + "\n") for _ in range(200))),
    "page": lambda asked, number: Answer(kind="text/html", body=[b"<html><body>Welcome to nginx!</body></html>"]),
    "error-event": lambda asked, number: Answer(
        body=[event("v 0 0"), b'data: {"error": {"message": "out of slots"}}\n\n']
    ),
    "prose": lambda asked, number: Answer(body=stream(PROSE)),
    "prose-first": lambda asked, number: Answer(body=stream(MESH if number else PROSE)),
    "empty": lambda asked, number: Answer(body=stream("")),
    "words": lambda asked, number: Answer(body=stream("<think>A box, perhaps.</think>\nA small table with four legs.")),
    "two": lambda asked, number: Answer(body=stream(f"{MESH}```\nAnd another one:\n{MESH}")),
    "key": keyed,
    "no-temperature": refusing("temperature", "top_p", "stream_options", "seed"),
    "no-max-tokens": refusing("max_tokens"),
}


class FaultyServer:
    """All of them on one port, in a thread."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.running = 0
        self.left = threading.Semaphore(0)  # once for every answer that its client left
        self.entry: dict = {"id": "m", "object": "model"}  # of /v1/models
        self.beside: dict[str, object] = {}  # what lies at other addresses, by their path; a function is called
        self.answers = dict(ANSWERS)
        self._count: Counter[str] = Counter()
        self._loop = asyncio.new_event_loop()
        up = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(up,), daemon=True)
        self._thread.start()
        up.wait(10)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{name}/v1"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    def _serve(self, up: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._main(up))

    async def _main(self, up: threading.Event) -> None:
        self._over = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        up.set()
        await self._over.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while (asked := await _read(reader)) is not None:
                self.asked.append(asked)
                answer = self._answer(asked)
                self.running += asked.method == "POST"
                try:
                    stayed, going_on = await self._write(answer, reader, writer)
                finally:
                    self.running -= asked.method == "POST"
                if not stayed:
                    self.left.release()
                if not going_on:
                    break
        writer.close()

    def _answer(self, asked: Asked) -> Answer:
        if asked.path in self.beside:
            found = self.beside[asked.path]
            found = found() if callable(found) else found
            text = found if isinstance(found, str) else json.dumps(found)
            return Answer(kind=JSON, body=[text.encode()])
        _, name, *rest = asked.path.split("/")
        if rest == ["v1", "models"]:
            return Answer(kind=JSON, body=[json.dumps({"object": "list", "data": [self.entry]}).encode()])
        if asked.method == "GET" or name not in self.answers:
            return error(404, "Not Found")
        self._count[name] += 1
        return self.answers[name](asked, self._count[name] - 1)

    async def _write(
        self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[bool, bool]:
        """Whether the client stayed to the end, and whether the connection can go on."""
        headers = {"Content-Type": answer.kind, "Transfer-Encoding": "chunked", **answer.headers}
        lines = [f"HTTP/1.1 {answer.status} Answer", *(f"{name}: {value}" for name, value in headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        sending = asyncio.create_task(_send(answer, writer))
        gone = asyncio.create_task(reader.read(1))  # nothing more comes on it, but its end
        try:
            await asyncio.wait({sending, gone}, return_when=asyncio.FIRST_COMPLETED)
            stayed = sending.done() and sending.exception() is None
            return stayed, stayed and answer.whole and not gone.done()
        finally:
            for task in (sending, gone):
                task.cancel()
            await asyncio.gather(sending, gone, return_exceptions=True)


async def _send(answer: Answer, writer: asyncio.StreamWriter) -> None:
    async for part in _parts(answer.body):
        writer.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        await writer.drain()
    if answer.whole:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _parts(body: Body) -> AsyncIterator[bytes]:
    for part in body:
        if isinstance(part, float):
            await asyncio.sleep(part)
        else:
            yield part


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    method, path, _ = first.split(" ")
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, json.loads(body) if body else {})


if __name__ == "__main__":
    running = FaultyServer()
    print(*(running.url(name) for name in ANSWERS), sep="\n", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
