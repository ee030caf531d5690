"""`/v1/responses/{response_id}/input_items`."""

import orjson

from gateway.http import Reply, Request
from gateway.paging import Page
from gateway.services import Gateway


async def list(request: Request[None], gateway: Gateway) -> Reply:
    """A page of what a response answers."""
    page = Page.of(request.query)
    items = await gateway.responses.input_items(request.key_id, request.path["response_id"], page)
    return Reply(orjson.dumps(items))
