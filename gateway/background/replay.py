"""The events of a response in the background as a stream: those that are stored, then those that come."""

import asyncio
import time
from collections.abc import AsyncGenerator
from functools import partial

from gateway.background.context import Context
from gateway.background.worker import Worker
from gateway.errors import InvalidRequest
from gateway.http import Body, Request
from gateway.memory.failures import explained, not_found
from gateway.store import jobs, responses
from gateway.store.database import Connection
from gateway.store.errors import StoreError
from gateway.store.jobs import Batch, Progress
from gateway.waits import is_set_within
from gateway.wire import sse

_LOOK_SECONDS = 1.0
"""Between two looks at a response whose changes are announced: this process may stop, an announcement may be lost."""
_POLL_SECONDS = 0.15
"""Where they are not: another process works on it, and the database announces nothing."""


class Replay:
    """Streams what is stored. The client that made a response and those that resume it read the same bytes."""

    def __init__(self, context: Context, worker: Worker) -> None:
        self._database = context.database
        self._changes = context.changes
        self._minutes = context.options.events_seconds / 60
        self._worker = worker

    async def events(self, request: Request[Body], response_id: str, after: int) -> AsyncGenerator[bytes, None]:
        """The events with numbers over `after`, for their client. Raises `NotFound` and `InvalidRequest`."""
        work = partial(_standing, key_id=request.key_id, response_id=response_id)
        with explained():
            progress, is_background = await self._database.read(work)
        if is_background is None:
            raise not_found("response", response_id)
        if progress is None:
            raise self._gone(was_streamed=is_background)
        return self.stream(request, response_id, after)

    async def stream(self, request: Request[Body], response_id: str, after: int) -> AsyncGenerator[bytes, None]:
        """The same, of a response that is known to be there."""
        work = partial(_following, key_id=request.key_id, response_id=response_id)
        has_begun = False
        with self._changes.watch(response_id) as changed:
            while True:
                changed.clear()
                try:
                    progress, batches = await self._database.read(partial(work, after=after))
                except StoreError:
                    # Cut off: the client resumes behind what it has seen. Nothing that is stored is lost.
                    return
                if batches:
                    has_begun = True
                    yield b"".join(_over(batch, after) for batch in batches)
                    after = batches[-1].last
                elif progress is None or progress.is_over:
                    yield sse.DONE
                    return
                elif self._worker.is_left(response_id):
                    # This process stops, and another one goes on with it. So does the client, behind what it has seen.
                    return
                else:
                    if not has_begun:
                        # The head goes out with the first bytes, and the client waits for that.
                        has_begun = True
                        yield sse.KEEP_ALIVE
                    began = time.perf_counter()
                    await self._wait(changed, response_id)
                    request.access.waited += time.perf_counter() - began

    async def _wait(self, changed: asyncio.Event, response_id: str) -> None:
        seconds = _LOOK_SECONDS if self._worker.is_announced(response_id) else _POLL_SECONDS
        await is_set_within(changed, seconds)

    def _gone(self, *, was_streamed: bool) -> InvalidRequest:
        if was_streamed:
            age = f"{self._minutes:g} minutes"
            message = f"This response can no longer be streamed because it is more than {age} old."
        else:
            message = "Streaming is not enabled for this response: it was not created with `background`."
        return InvalidRequest(message, param="stream", code="invalid_value")


def _standing(connection: Connection, key_id: str, response_id: str) -> tuple[Progress | None, bool | None]:
    """How far a response is, and whether it is of the background; None for one that is not there."""
    found = responses.standing(connection, key_id, response_id, time.time())
    return jobs.progress(connection, key_id, response_id), None if found is None else found[1]


def _following(
    connection: Connection, key_id: str, response_id: str, after: int
) -> tuple[Progress | None, list[Batch]]:
    # The state first: what is stored before the end is stored with it, so none is missed once it is over.
    progress = jobs.progress(connection, key_id, response_id)
    return progress, jobs.events(connection, response_id, after)


def _over(batch: Batch, after: int) -> bytes:
    """The events of a batch with numbers over `after`."""
    seen = after + 1 - batch.first
    if seen <= 0:
        return batch.data
    return batch.data.split(sse.END, seen)[seen]
