"""`/v1/conversations/{conversation_id}/items`."""

from typing import TYPE_CHECKING

import orjson

from gateway.http import Reply, Request
from gateway.paging import Page
from gateway.services import Gateway

if TYPE_CHECKING:
    from generated.models import CreateConversationItemRequest


async def list(request: Request[None], gateway: Gateway) -> Reply:
    """A page of a conversation's items."""
    page = Page.of(request.query)
    items = await gateway.conversations.list_items(request.key_id, request.path["conversation_id"], page)
    return Reply(orjson.dumps(items))


async def create(request: "Request[CreateConversationItemRequest]", gateway: Gateway) -> Reply:
    """Add items to a conversation."""
    conversation_id = request.path["conversation_id"]
    added = await gateway.conversations.add_items(request.key_id, conversation_id, request.body["items"])
    return Reply(orjson.dumps(added))


async def retrieve(request: Request[None], gateway: Gateway) -> Reply:
    """One item of a conversation."""
    path = request.path
    item = await gateway.conversations.retrieve_item(request.key_id, path["conversation_id"], path["item_id"])
    return Reply(orjson.dumps(item))


async def delete(request: Request[None], gateway: Gateway) -> Reply:
    """Take one item out of a conversation."""
    path = request.path
    conversation = await gateway.conversations.delete_item(request.key_id, path["conversation_id"], path["item_id"])
    return Reply(orjson.dumps(conversation))
