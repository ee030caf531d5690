"""Waystone's two documented operations, below `/api/gateway/v1`."""

from typing import TYPE_CHECKING

from gateway.http import Reply, Request, StreamReply
from gateway.services import Gateway
from gateway.surfaces.extensions import extensions
from gateway.surfaces.waystone_chat import WaystoneChatSurface
from gateway.surfaces.waystone_responses import WaystoneResponsesSurface

if TYPE_CHECKING:
    from generated.models import WaystoneChatCompletionRequest, WaystoneResponseRequest

CHAT = WaystoneChatSurface()
RESPONSES = WaystoneResponsesSurface()


async def post_api_gateway_v1_chat_completions(
    request: "Request[WaystoneChatCompletionRequest]", gateway: Gateway
) -> Reply | StreamReply:
    """Answer a conversation, in the document's form and OpenAI's."""
    if request.may_outlive:
        return await gateway.outliving.answer(request, gateway.engine.answer, CHAT)
    return await gateway.engine.answer(request, CHAT)


async def post_api_gateway_v1_responses(
    request: "Request[WaystoneResponseRequest]", gateway: Gateway
) -> Reply | StreamReply:
    """Answer a text with a Responses object, now or in the background."""
    is_background = extensions(request.body).get("background") is True
    create = gateway.background.create if is_background else gateway.responses.create
    if request.may_outlive:
        return await gateway.outliving.answer(request, create, RESPONSES)
    return await create(request, RESPONSES)
