"""The OpenAI interface over HTTP: one request, its streamed answer, and every failure as a sentence.

Nothing here trusts the server: times, sizes and types are bounded, a key is sent to its own server only (redirects are
not followed) and taken out of whatever is quoted.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncGenerator, Iterator
from typing import Annotated, Any

import httpx2
import msgspec
from msgspec import UNSET

from meshscribe.shared.servers import LOOPBACK, Server

from .base import EngineError

CONNECT, LOOK = 5.0, 10.0  # seconds until a connection, until the answer to a small question
FIRST, STALL = 120.0, 30.0  # seconds until the first piece of an answer (a server may load the model), until the next
MAX_EVENT = 1 << 20  # bytes of one event of a stream
MAX_BODY = 4 << 20  # and of an answer that is no stream
QUOTED = 200  # characters of a server's own words
RENAMED = {"max_tokens": "max_completion_tokens"}  # what newer servers call it


class Delta(msgspec.Struct):
    content: str | None = None


class Choice(msgspec.Struct):
    delta: Delta | None = None  # of a chat
    text: str | None = None  # of a completion
    finish_reason: str | None = None


Tokens = Annotated[int, msgspec.Meta(ge=0, le=1 << 31)]


class Usage(msgspec.Struct):
    prompt_tokens: Tokens | None = None
    completion_tokens: Tokens | None = None


class Reading(msgspec.Struct):
    """How far llama.cpp has read a prompt."""

    processed: Tokens = 0
    total: Tokens = 0


class Chunk(msgspec.Struct):
    """One event of a stream. What else it holds is not looked at."""

    choices: list[Choice] = []
    usage: Usage | None = None
    prompt_progress: Reading | None = None
    error: Any = UNSET


class Piece(msgspec.Struct, frozen=True):
    """More of an answer. `finish` where the server gave a reason; `usage` where it counted; `read`, tokens of the
    prompt so far and in all, where it says so."""

    text: str
    finish: str = ""
    usage: Usage | None = None
    read: tuple[int, int] | None = None


class Caller:
    """A client for one server. Used within one event loop."""

    def __init__(self, name: str, server: Server):
        self.name, self.server = name, server
        self.host = server.host
        self.key = server.secret()
        self.refused: set[str] = set()  # parameters that it does not take
        loopback = httpx2.URL(server.url).host in LOOPBACK
        self._client = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {self.key}"} if self.key else {},
            timeout=httpx2.Timeout(STALL, connect=CONNECT, read=None),  # reading has limits of its own below
            trust_env=not loopback,  # a proxy of the environment is not for this machine
        )

    async def close(self) -> None:
        await self._client.aclose()

    def at(self, path: str) -> str:
        """An address below /v1; with a leading slash one beside it, where servers keep what is their own."""
        root = self.server.url
        return f"{root.removesuffix('/v1')}{path}" if path.startswith("/") else f"{root}/{path}"

    async def models(self) -> Any:
        """What a server lists as its models; None where it lists none. EngineError where it cannot be asked."""
        status, said = await self._whole("GET", "models", None, LOOK)
        return _parsed(said) if status == 200 else None

    async def look(self, path: str) -> Any:
        """The JSON, or the text, at an address beside the interface; None where there is none."""
        with contextlib.suppress(EngineError):
            status, said = await self._whole("GET", path, None, LOOK)
            return _parsed(said) if status == 200 else None

    async def tell(self, path: str, body: dict[str, Any]) -> Any:
        """What a server answers to this, where it takes it."""
        with contextlib.suppress(EngineError):
            status, said = await self._whole("POST", path, body, LOOK)
            return _parsed(said) if status == 200 else None

    async def _whole(self, method: str, path: str, body: dict[str, Any] | None, limit: float) -> tuple[int, bytes]:
        with self._sentences(limit):
            async with asyncio.timeout(limit), self._client.stream(method, self.at(path), json=body) as response:
                said = await _body(response)
        if response.status_code in (401, 403):
            raise self._refusal(response.status_code, said, response.headers)
        return response.status_code, said

    async def stream(self, path: str, body: dict[str, Any]) -> AsyncGenerator[Piece]:
        """The pieces of an answer, until the server says that it is over. EngineError where it fails, at the latest
        STALL seconds after its last sign of life. Closing the iterator closes the connection."""
        while True:
            wanted = {key: value for key, value in body.items() if key not in self.refused}
            wanted |= {new: body[old] for old, new in RENAMED.items() if old in self.refused & body.keys()}
            async with contextlib.AsyncExitStack() as stack:
                with self._sentences(FIRST):
                    async with asyncio.timeout(FIRST):
                        request = self._client.sse(
                            self.at(path), method="POST", json=wanted | {"stream": True}, max_event_size=MAX_EVENT
                        )
                        events = await stack.enter_async_context(request)
                        response = events.response
                        said = b"" if response.status_code == 200 else await _body(response)
                if response.status_code == 200:
                    async for piece in self._pieces(events):
                        yield piece
                    return
                if not self._can_do_without(response.status_code, said, wanted):
                    raise self._refusal(response.status_code, said, response.headers)

    async def _pieces(self, events: httpx2.EventSource) -> AsyncGenerator[Piece]:
        waiting, limit = aiter(events), FIRST
        while True:
            with self._sentences(limit):
                async with asyncio.timeout(limit):
                    event = await anext(waiting, None)
            if event is None:
                return
            limit = STALL
            if event.data.strip() == "[DONE]":
                return
            try:
                chunk = msgspec.json.decode(event.data, type=Chunk)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                raise self._failed("sent something that is no JSON of the OpenAI interface") from None
            if chunk.error not in (UNSET, None):
                raise self._failed(f"broke off: {self._quoted(_message(chunk.error))}")
            choice = chunk.choices[0] if chunk.choices else Choice()
            text = choice.text or (choice.delta.content if choice.delta else "") or ""
            reading = chunk.prompt_progress
            read = (reading.processed, reading.total) if reading else None
            yield Piece(text, choice.finish_reason or "", chunk.usage, read)

    def _can_do_without(self, status: int, said: bytes, sent: dict[str, Any]) -> bool:
        """Whether a request was refused for a parameter that can be left out; remembers it."""
        message = _message(_parsed(said))
        optional = sent.keys() & {"temperature", "top_p", "seed", "stream_options", "max_tokens"}
        named = [key for key in optional if re.search(rf"\b{key}\b", message)]
        if status not in (400, 422) or not named:
            return False
        self.refused.update(named)
        return True

    # ------------------------------------------------------------------------------------------- what went wrong

    @contextlib.contextmanager
    def _sentences(self, limit: float) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise self._failed(f"has sent nothing for {limit:g} s") from None
        except httpx2.HTTPError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: httpx2.HTTPError) -> EngineError:
        match error:
            case httpx2.SSEError() if "limit" in str(error):
                return self._failed("sent a line of over 1 MB")
            case httpx2.SSEError():
                return self._failed("answered with something that is no stream: the address usually ends in /v1")
            case httpx2.ConnectError() | httpx2.ConnectTimeout() | httpx2.UnsupportedProtocol():
                reason = "its certificate is not trusted" if "CERTIFICATE" in str(error).upper() else "is it running?"
                return self._failed(f"cannot be reached ({reason})")
            case httpx2.TimeoutException():
                return self._failed("did not take the request in time")
        return self._failed("broke off in the middle of its answer")

    def _refusal(self, status: int, body: bytes, headers: httpx2.Headers) -> EngineError:
        """What a status other than 200 means."""
        words = self._quoted(_message(_parsed(body)))
        said = f" It says: {words}" if words else ""
        match status:
            case 401 | 403:
                does = "does not take the key" if self.key else "wants a key"
                return EngineError("key_refused", f"{self} {does}: set it with `meshscribe servers key {self.name}`.")
            case 404:
                model = f" model {self.server.model}" if self.server.model else "thing at this address"
                return EngineError("model_missing", f"{self} has no{model}.{said}")
            case 400 | 413 | 422 if re.search(r"context|too long|maximum.{0,20}(length|tokens)", words, re.IGNORECASE):
                return EngineError("over_budget", f"This is more than the model of {self} reads at once.{said}")
            case 400 | 413 | 422:
                return EngineError("bad_request", f"{self} refuses the request.{said}")
            case 429 | 503:
                wait = headers.get("retry-after", "")
                when = f"in {wait} s" if re.fullmatch(r"\d{1,5}", wait) else "in a while"
                return EngineError(
                    "busy", f"{self} takes no more requests now: try again {when}.{said}", retryable=True
                )
            case _ if 300 <= status < 400:
                return EngineError("server_failed", f"{self} has moved: give its new address.")
        return self._failed(f"failed (status {status}).{said}".rstrip("."))

    def _failed(self, what: str) -> EngineError:
        return EngineError("server_failed", f"{self} {what}.", retryable=True)

    def _quoted(self, words: str) -> str:
        """A server's own words: short, on one line, without the key."""
        words = " ".join(words.split())
        if self.key:
            words = words.replace(self.key, "***")
        words = re.sub(r"\b(?:sk|hf|gsk|key)[-_][\w*-]{6,}", "***", words)
        return f"{words[:QUOTED].rstrip('.')}." if words else ""

    def __str__(self) -> str:
        return f"The server {self.name} ({self.host})"


async def _body(response: httpx2.Response) -> bytes:
    """Up to MAX_BODY bytes."""
    found = b""
    async for part in response.aiter_bytes():
        found += part
        if len(found) > MAX_BODY:
            break
    return found[:MAX_BODY]


def _parsed(body: bytes) -> Any:
    """JSON, or the text that it is instead."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return body.decode(errors="replace")


def _message(error: Any) -> str:
    """The words in an error of whatever form."""
    for _ in range(4):
        if isinstance(error, dict):
            error = next((error[key] for key in ("error", "message", "detail", "msg") if error.get(key)), "")
        elif isinstance(error, list):
            error = error[0] if error else ""
    return error if isinstance(error, str) and "<" not in error[:QUOTED] else ""  # a page for browsers says nothing


def shown(words: str, pictures: list[bytes]) -> list[dict[str, Any]]:
    """The content of a message with pictures (PNG files)."""
    addresses = ["data:image/png;base64," + base64.b64encode(png).decode() for png in pictures]
    return [{"type": "text", "text": words}, *({"type": "image_url", "image_url": {"url": url}} for url in addresses)]
