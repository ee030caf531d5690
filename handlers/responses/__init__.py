"""`/v1/responses`."""

from typing import TYPE_CHECKING

import orjson

from gateway.http import Reply, Request, StreamReply
from gateway.paging import Page, ResponseFilter
from gateway.services import Gateway
from gateway.surfaces.compacted_response import CompactionSurface

if TYPE_CHECKING:
    from generated.models import CompactResponseBody, CreateResponseRequest

COMPACTION = CompactionSurface()


async def create(request: "Request[CreateResponseRequest]", gateway: Gateway) -> Reply | StreamReply:
    """Answer an input, now or in the background."""
    create = gateway.background.create if request.body.get("background") is True else gateway.responses.create
    if request.may_outlive:
        return await gateway.outliving.answer(request, create, gateway.surface)
    return await create(request, gateway.surface)


async def compact(request: "Request[CompactResponseBody]", gateway: Gateway) -> Reply | StreamReply:
    """Make one item of a conversation, which stands for it."""
    return await gateway.responses.compact(request, COMPACTION)


async def list(request: Request[None], gateway: Gateway) -> Reply:
    """A page of the key's stored responses."""
    listed = await gateway.responses.list(request.key_id, ResponseFilter.of(request.query), Page.of(request.query))
    return Reply(listed)


async def retrieve(request: Request[None], gateway: Gateway) -> Reply | StreamReply:
    """A stored response as it is now, or the events of one in the background."""
    key_id, response_id = request.key_id, request.path["response_id"]
    if request.query.get("stream") is True:
        after = request.query.get("starting_after")
        return await gateway.background.stream(request, response_id, after if isinstance(after, int) else -1)
    return Reply(await gateway.responses.retrieve(key_id, response_id))


async def cancel(request: Request[None], gateway: Gateway) -> Reply:
    """End the work on a response in the background."""
    return Reply(await gateway.background.cancel(request.key_id, request.path["response_id"]))


async def delete(request: Request[None], gateway: Gateway) -> Reply:
    """Forget a stored response."""
    return Reply(orjson.dumps(await gateway.responses.delete(request.key_id, request.path["response_id"])))
