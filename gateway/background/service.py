"""What clients do with responses in the background: create, stream, resume and cancel them."""

from __future__ import annotations

import asyncio
import time
from functools import partial
from typing import NamedTuple

from gateway.background.adoption import Adoption
from gateway.background.context import Context
from gateway.background.recovery import Recovery
from gateway.background.replay import Replay
from gateway.background.requests import SURFACES, LaterRequest, unsealed
from gateway.background.worker import Worker
from gateway.errors import InvalidRequest, Overloaded, TooManyRequests
from gateway.http import Body, Reply, Request, StreamReply
from gateway.memory.failures import explained, not_found
from gateway.memory.responses import Turn
from gateway.memory.stored import current_document
from gateway.neutral.generation import Generation
from gateway.neutral.json import object_or_empty
from gateway.routing.plan import Lane
from gateway.store import jobs, responses
from gateway.store.jobs import Bounds, TooMany
from gateway.store.responses import UNFINISHED, StoredResponse
from gateway.surfaces.base import Ended, Surface
from gateway.surfaces.responses.announced import announce

_LOOK_SECONDS = 0.05


class _Prepared(NamedTuple):
    """What is stored of a response that is queued."""

    response: StoredResponse
    request: bytes
    events: bytes


class Background:
    """One a process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._recovery = Recovery(context)
        self._worker = Worker(context, self._recovery)
        options = context.options
        self._bounds = Bounds(options.active, options.active_per_key)
        self._replay = Replay(context, self._worker)

    async def start(self) -> None:
        """Work on what is queued, from now on."""
        await self._worker.start()

    async def close(self) -> None:
        """Begin nothing more, and wait for what is being ended."""
        await self._worker.close()

    async def create(self, request: Request[Body], surface: Surface[Body]) -> Reply | StreamReply:
        """Queue a response. The reply is the queued one, or the stream of its events.

        Raises `GatewayError` for what would be refused before a provider is called, and beyond the bounds.
        """
        context = self._context
        turn = Turn(context.archive, request.key_id)
        generation, lane = await context.engine.admit(request, surface, turn)
        prepare = partial(self._prepared, request, turn, generation, lane)
        prepared = await asyncio.to_thread(prepare) if request.is_large else prepare()
        add = partial(jobs.add, **prepared._asdict(), bounds=self._bounds)
        with explained():
            refusal = await context.archive.journal.write(add)
        if refusal is not None:
            raise _too_many(refusal)
        self._worker.wake()
        response = prepared.response
        if generation.body.get("stream"):
            return StreamReply(self._replay.stream(request, response.id, -1), response_id=response.id)
        return Reply(b"".join((response.document, response.output, b"}")))

    def _prepared(self, request: Request[Body], turn: Turn, generation: Generation, lane: Lane) -> _Prepared:
        announcement = announce(generation, lane.upstream.name)
        row = turn.row(Ended(announcement.response, announcement.document))
        created_at, body = announcement.response["created_at"], object_or_empty(request.body)
        later = LaterRequest(
            request.operation, request.id, created_at, lane.upstream.name, lane.model, body, generation.template
        )
        sealed = later.seal(self._context.sealer, request.key_id, row.id)
        return _Prepared(row, sealed, announcement.events)

    def adoption(self, request: Request[Body]) -> Adoption | None:
        """What makes a streamed response one of the background should its client leave; None for another request."""
        is_streamed = object_or_empty(request.body).get("stream") is True
        if request.operation not in SURFACES or not is_streamed:
            return None
        return Adoption(self._context, self._worker, self._bounds, request)

    async def stream(self, request: Request[Body], response_id: str, after: int) -> StreamReply:
        """The events of a response with numbers over `after`. Raises `NotFound` and `InvalidRequest`."""
        return StreamReply(await self._replay.events(request, response_id, after))

    async def cancel(self, key_id: str, response_id: str) -> bytes:
        """Cancel a response, and return it: as it ended, if it had ended. Raises `NotFound` and `InvalidRequest`."""
        context = self._context
        cancel = partial(jobs.cancel, key_id=key_id, response_id=response_id, lease=context.lease)
        with explained():
            job = await context.archive.journal.write(cancel)
            if job is not None:
                is_here = self._worker.lose(response_id)
                request = None if is_here else await unsealed(context.sealer, job)
                await self._recovery.end_cancelled(job, request)
        await self._wait_for_its_end(key_id, response_id)
        with explained():
            stored = await context.database.read(
                partial(responses.find, key_id=key_id, id_=response_id, now=time.time())
            )
        if stored is None:
            raise not_found("response", response_id)
        return current_document(stored.status, stored.document, stored.output)

    async def _wait_for_its_end(self, key_id: str, response_id: str) -> None:
        """Wait until another call that cancels the response at the same time has done so."""
        until = time.monotonic() + 2 * self._context.lease.seconds
        while time.monotonic() < until:
            standing = partial(responses.standing, key_id=key_id, id_=response_id, now=time.time())
            with explained():
                found = await self._context.database.read(standing)
            if found is None:
                raise not_found("response", response_id)
            status, is_background = found
            if not is_background:
                message = "Only responses that were created with `background` can be cancelled."
                raise InvalidRequest(message, param="response_id", code="invalid_value")
            if status not in UNFINISHED:
                return
            await asyncio.sleep(_LOOK_SECONDS)


def _too_many(error: TooMany) -> Overloaded | TooManyRequests:
    if error.is_own:
        message = f"This key has {error.limit} responses in the background that are not complete; that is the most."
        return TooManyRequests(message, param="background", code="too_many_background_responses")
    return Overloaded("There are as many responses in the background as this gateway takes. Try again later.")
