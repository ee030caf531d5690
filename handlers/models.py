"""`/v1/models`."""

from typing import Any

import orjson

from gateway.http import Reply, Request
from gateway.services import Gateway


async def list(request: Request[None], gateway: Gateway) -> Reply:
    """The models that can be named in a request."""
    models = await gateway.models.list()
    return Reply(orjson.dumps({"object": "list", "data": models}))


async def retrieve(request: Request[None], gateway: Gateway) -> Reply:
    """One model, by `<provider>/<model>` or by a bare name that one provider serves."""
    model: dict[str, Any] = await gateway.models.retrieve(request.path["model"])
    return Reply(orjson.dumps(model))
