"""Reads the body of a chat request into the neutral part of a Generation."""

from typing import Any

from gateway.generation import Generation
from gateway.surfaces.openai_chat.conversation import Conversation
from gateway.surfaces.openai_chat.remarks import Remarks
from gateway.surfaces.openai_chat.tools import read_tool_choice, read_tools

# What has a place of its own in a Generation; everything else is a field.
_PLACED = frozenset(
    {
        "model",
        "messages",
        "metadata",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
    }
)


def translate_body(body: dict[str, Any], generation: Generation, provider: str) -> None:
    """Fill in the neutral part; the body stays as it is. Raises `InvalidRequest` for what cannot be translated.

    System messages stay items in their place, which may be anywhere. Fields that are null ask for nothing.
    """
    remarks = Remarks(provider)
    conversation = Conversation(remarks)
    for number, message in enumerate(body["messages"]):
        conversation.add(message, number)
    generation.instructions = None
    generation.items = conversation.items
    generation.place = conversation.places.path
    generation.tools = read_tools(body, remarks)
    generation.tool_choice = read_tool_choice(body)
    generation.fields = {name: value for name, value in body.items() if value is not None and name not in _PLACED}
    generation.untranslated = remarks.untranslated
