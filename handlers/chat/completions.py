"""`/v1/chat/completions`."""

from typing import TYPE_CHECKING

from gateway.http import Reply, Request, StreamReply
from gateway.services import Gateway
from gateway.surfaces.openai_chat import OpenAIChatSurface

if TYPE_CHECKING:
    from generated.models import CreateChatCompletionRequest

SURFACE = OpenAIChatSurface()


async def create(request: "Request[CreateChatCompletionRequest]", gateway: Gateway) -> Reply | StreamReply:
    """Answer a conversation."""
    if request.may_outlive:
        return await gateway.outliving.answer(request, gateway.engine.answer, SURFACE)
    return await gateway.engine.answer(request, SURFACE)
