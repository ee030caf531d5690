"""`/v1/conversations`."""

from typing import TYPE_CHECKING

import orjson

from gateway.http import Reply, Request
from gateway.services import Gateway

if TYPE_CHECKING:
    from generated.models import CreateConversationRequest, UpdateConversationRequest


async def create(request: "Request[CreateConversationRequest]", gateway: Gateway) -> Reply:
    """Begin a conversation."""
    return Reply(orjson.dumps(await gateway.conversations.create(request.key_id, request.body)))


async def retrieve(request: Request[None], gateway: Gateway) -> Reply:
    """A conversation, without its items."""
    conversation = await gateway.conversations.retrieve(request.key_id, request.path["conversation_id"])
    return Reply(orjson.dumps(conversation))


async def update(request: "Request[UpdateConversationRequest]", gateway: Gateway) -> Reply:
    """Put other metadata in the place of a conversation's."""
    conversation = await gateway.conversations.update(
        request.key_id, request.path["conversation_id"], request.body["metadata"]
    )
    return Reply(orjson.dumps(conversation))


async def delete(request: Request[None], gateway: Gateway) -> Reply:
    """Forget a conversation."""
    deleted = await gateway.conversations.delete(request.key_id, request.path["conversation_id"])
    return Reply(orjson.dumps(deleted))
