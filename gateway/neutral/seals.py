"""What surfaces are given to seal what only the author of an answer can use, and to open it for that author."""

from collections.abc import Callable, Mapping

from gateway.neutral.json import Json, JsonObject

Seal = Callable[[Mapping[str, Json]], str]
"""Turns what only its author can use into a text that no one else can read or change."""

CHAT_STATES = ("reasoning_content", "reasoning", "reasoning_details", "content")
"""The fields of a chat message in which an author takes its reasoning back. A state with other fields is of
another dialect: one model may be asked in several."""

OpenSeal = Callable[[str], Mapping[str, Json] | str | None]
"""Opens a seal for the author who is going to answer: what is under it, or a word for why it is not for that author
(`model_mismatch`, `organization_mismatch`). None for a text that is no seal of the gateway's."""

EARLIER_TURN = "turn_boundary"
"""Why reasoning is removed where the client wants none of earlier turns sent, in the Responses API's words."""


def removal(item_id: str, reason: str) -> JsonObject:
    """The report of reasoning that was removed."""
    return {"id": item_id, "type": "reasoning", "action": "removed", "reason": reason}
