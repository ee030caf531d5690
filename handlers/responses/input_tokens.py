"""`/v1/responses/input_tokens`."""

from typing import TYPE_CHECKING

from gateway.http import Reply, Request
from gateway.services import Gateway
from gateway.surfaces.responses.token_counts import TokenCountsSurface

if TYPE_CHECKING:
    from generated.models import TokenCountsBody


async def count(request: "Request[TokenCountsBody]", gateway: Gateway) -> Reply:
    """How many tokens an input takes."""
    return await gateway.responses.count(request, TokenCountsSurface(gateway.surface))
