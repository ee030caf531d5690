"""`/v1/chat/completions`."""

from gateway.http import Reply, Request, StreamReply
from gateway.surfaces.openai_chat import OpenAIChatSurface
from generated.models import CreateChatCompletionRequest

SURFACE = OpenAIChatSurface()


async def create(request: Request[CreateChatCompletionRequest]) -> Reply | StreamReply:
    """Answer a conversation."""
    return await request.gateway.engine.answer(request, SURFACE)
