"""`/health`: whether the process lives, and whether it can serve."""

import orjson

from gateway.http import Reply, Request
from gateway.services import Gateway


async def live(request: Request[None], gateway: Gateway) -> Reply:
    """The process answers."""
    return Reply(orjson.dumps({"status": "ok"}))


async def ready(request: Request[None], gateway: Gateway) -> Reply:
    """Requests can be served: the state is within reach, and the server does not stop. Else raises `Unavailable`."""
    await gateway.check_ready()
    return Reply(orjson.dumps({"status": "ok"}))
