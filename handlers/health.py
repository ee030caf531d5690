"""`/health`: whether the process lives, and whether it can serve."""

import orjson

from gateway.http import Reply, Request


async def live(request: Request[None]) -> Reply:
    """The process answers."""
    return Reply(orjson.dumps({"status": "ok"}))


async def ready(request: Request[None]) -> Reply:
    """Requests can be served: the state is within reach. Raises `Unavailable` while it is not."""
    await request.gateway.check_ready()
    return Reply(orjson.dumps({"status": "ok"}))
