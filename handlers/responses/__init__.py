"""`/v1/responses`."""

from functools import partial
from typing import TYPE_CHECKING

import orjson

from gateway.errors import InvalidRequest
from gateway.http import Reply, Request, StreamReply
from gateway.services import Gateway
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

if TYPE_CHECKING:
    from generated.models import CreateResponseRequest

SURFACE = OpenAIResponsesSurface()


async def create(request: "Request[CreateResponseRequest]", gateway: Gateway) -> Reply | StreamReply:
    """Answer an input."""
    if request.may_outlive:
        return await gateway.outliving.answer(request, partial(gateway.responses.create, surface=SURFACE))
    return await gateway.responses.create(request, SURFACE)


async def retrieve(request: Request[None], gateway: Gateway) -> Reply:
    """A stored response, as it was sent."""
    for name in ("stream", "starting_after"):
        if request.query.get(name, False) is not False:
            message = f"This gateway cannot stream a stored response yet. Retrieve it without `{name}`."
            raise InvalidRequest(message, param=name, code="unsupported_parameter")
    return Reply(await gateway.responses.retrieve(request.key_id, request.path["response_id"]))


async def delete(request: Request[None], gateway: Gateway) -> Reply:
    """Forget a stored response."""
    return Reply(orjson.dumps(await gateway.responses.delete(request.key_id, request.path["response_id"])))
