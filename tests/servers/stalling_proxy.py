"""A TCP proxy that can be made to pass nothing on, as a network or a server does that hangs: connections stay open."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

DEADLINE = 15.0
_CHUNK = 65_536


@dataclass
class StallingProxy:
    """Passes on what comes, between `flow` and `stall`. New connections are taken at any time."""

    target: int
    """The port on this machine that it leads to."""
    port: int = 0
    _is_flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def stall(self) -> None:
        """Pass nothing on, in either direction."""
        self._call(self._is_flowing.clear)

    def flow(self) -> None:
        """Pass on what has waited, and what comes."""
        self._call(self._is_flowing.set)

    def _call(self, function: object) -> None:
        async def run() -> None:
            assert callable(function)
            function()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(DEADLINE)

    async def serve(self, is_up: threading.Event, is_over: asyncio.Event) -> None:
        self._is_flowing.set()
        server = await asyncio.start_server(self._join, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        is_up.set()
        await is_over.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks)

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        # Taken by the kernel, as it is for a process that was stopped; nothing is known there before it flows again.
        ends = [writer]
        try:
            await self._is_flowing.wait()
            behind_reader, behind_writer = await asyncio.open_connection("127.0.0.1", self.target)
            ends.append(behind_writer)
            await asyncio.gather(self._pass_on(reader, behind_writer), self._pass_on(behind_reader, writer))
        except asyncio.CancelledError:
            pass  # the proxy ends
        for end in ends:
            end.close()
            with suppress(ConnectionError):
                await end.wait_closed()
        self._tasks.discard(task)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                await self._is_flowing.wait()
                writer.write(data)
                await writer.drain()
            writer.write_eof()


@contextmanager
def stalling_proxy(target: int) -> Iterator[StallingProxy]:
    """A proxy on a free port, in a thread of the test's process."""
    proxy = StallingProxy(target)
    is_up, is_over = threading.Event(), asyncio.Event()
    thread = threading.Thread(target=proxy._loop.run_until_complete, args=(proxy.serve(is_up, is_over),), daemon=True)
    thread.start()
    try:
        assert is_up.wait(DEADLINE), "the proxy did not come up"
        yield proxy
    finally:
        proxy._loop.call_soon_threadsafe(is_over.set)
        thread.join(DEADLINE)
        proxy._loop.close()
