"""Hands the chunks of a stream from the task that makes them to the one that sends them."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable

from gateway.http import ServerConnection


class Feed:
    """Between one writer and one reader. `most_bytes` may wait for the reader; it may become less.

    `left` is called where the reader leaves before the end.
    """

    def __init__(self, most_bytes: int, left: Callable[[], object] | None = None) -> None:
        self.most_bytes = most_bytes
        self._left = left
        self._waiting: deque[bytes] = deque()
        self._size = 0
        self._is_over = False
        self.has_left = False
        """Whether the reader has left, or has taken all there was."""
        self._failure: BaseException | None = None
        self._changed = asyncio.Event()
        """Set for the reader: something waits, or nothing will come any more."""
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def put(self, chunk: bytes) -> None:
        """Hand on a chunk. Waits while more than `most_bytes` wait for the reader, and not for one that has left."""
        self.put_at_once(chunk)
        if self._size > self.most_bytes:
            self._has_room.clear()
        await self._has_room.wait()

    def put_at_once(self, chunk: bytes) -> None:
        """Hand on a chunk, however much is waiting."""
        if self.has_left or not chunk:
            return
        self._waiting.append(chunk)
        self._size += len(chunk)
        self._changed.set()

    def end(self, failure: BaseException | None = None) -> None:
        """Nothing comes any more; `failure` is raised for the reader then."""
        self._is_over, self._failure = True, failure
        self._changed.set()

    def leave(self) -> None:
        """The reader has left: nothing is handed on from now on, and nobody is waited for."""
        if self._left is not None and not (self.has_left or self._is_over):
            self._left()
        self.has_left = True
        self._waiting.clear()
        self._size = 0
        self._has_room.set()

    async def chunks(self, connection: ServerConnection | None) -> AsyncGenerator[bytes, None]:
        """What the reader sends, on `connection`. Where the server cuts that, the rest comes in one chunk.

        The writer is cut as well then, and ends its stream as a failure.
        """
        try:
            while (chunk := await self._take()) is not None:
                yield chunk
        except asyncio.CancelledError:
            if connection is None or not connection.is_cut:
                raise
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
            yield await self._rest()
        finally:
            self.leave()

    async def _take(self) -> bytes | None:
        """The next chunk; None where nothing comes any more."""
        while not self._waiting:
            if self._is_over:
                if self._failure is not None:
                    raise self._failure
                return None
            self._changed.clear()
            await self._changed.wait()
        chunk = self._waiting.popleft()
        self._size -= len(chunk)
        if self._size <= self.most_bytes:
            self._has_room.set()
        return chunk

    async def _rest(self) -> bytes:
        parts: list[bytes] = []
        while (chunk := await self._take()) is not None:
            parts.append(chunk)
        return b"".join(parts)
