"""A TCP proxy that does to a connection what networks do: slow, cut, silent, and in pieces."""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from dataclasses import dataclass


@dataclass
class Weather:
    latency: float = 0.0  # seconds, each way
    reset: float = 0.0  # the chance that a chunk ends its connection
    rate: float = 0.0  # bytes a second, each way; 0: as fast as it goes
    split: bool = False  # one byte at a time
    silent: bool = False  # nothing passes, and nothing is closed


class Proxy:
    """Passes connections on to a port of this machine; `weather` may change at any time."""

    def __init__(self, port: int, seed: int = 0) -> None:
        self.weather = Weather()
        self.resets = 0
        self._to, self._chance = port, random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._up = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),), daemon=True)
        self._thread.start()
        self._up.wait()

    async def _serve(self) -> None:
        self._end = asyncio.Event()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._end.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _accept(self, ours: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        theirs, forth = await asyncio.open_connection("127.0.0.1", self._to)
        ways = [asyncio.ensure_future(self._carry(ours, forth)), asyncio.ensure_future(self._carry(theirs, back))]
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
        for writer in (forth, back):
            writer.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        passing = asyncio.ensure_future(self._deliver(line, writer))
        try:
            while data := await reader.read(1 << 16):
                if self._chance.random() < self.weather.reset:
                    self.resets += 1
                    return
                line.put_nowait((self._loop.time() + self.weather.latency, data))
        except OSError:
            return
        finally:
            passing.cancel()

    async def _deliver(self, line: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = await line.get()
                await asyncio.sleep(max(0.0, due - self._loop.time()))
                step = 1 if self.weather.split else int(self.weather.rate / 20) or len(data)
                for start in range(0, len(data), step):
                    while self.weather.silent:
                        await asyncio.sleep(0.05)
                    writer.write(data[start : start + step])
                    await writer.drain()
                    if self.weather.rate:
                        await asyncio.sleep(step / self.weather.rate)
                    elif self.weather.split:
                        await asyncio.sleep(0)

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join()
        self._loop.close()
