"""Reasoning that its author wants back, carried by chat clients in the form that OpenRouter made known.

An entry of `reasoning_details` is of no use to clients but to be sent back with its message, as it came. Its `id` is
that of the call that it stands before, `end` where nothing came after it; without one it stands before the text.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty, text_or_empty
from gateway.neutral.seals import CHAT_STATES, OpenSeal, Seal
from gateway.surfaces.openai_chat.request.body import MESSAGES

FIELD = "reasoning_details"
SHOWN = ("reasoning_content", "reasoning")
"""The words of reasoning, under the names that chat clients send back."""
END = "end"

_KIND = "reasoning.encrypted"
_FORMAT = "waystone-v1"
# What every seal of the gateway begins with. Some clients leave out the format.
_SEALS = "waystone."


def sealed_detail(state: Mapping[str, Json], seal: Seal, before: str | None, index: int) -> JsonObject:
    """The entry for a state. `before` is the call that it stands before, or `END`."""
    position: JsonObject = {} if before is None else {"id": before}
    return {"type": _KIND, "data": seal(state), **position, "format": _FORMAT, "index": index}


def is_ours(detail: Json) -> bool:
    """Whether an entry is one that the gateway made."""
    if not isinstance(detail, dict) or not isinstance(data := detail.get("data"), str):
        return False
    return detail.get("format") == _FORMAT or data.startswith(_SEALS)


def details_of(message: JsonObject) -> list[Json]:
    """The entries of a message, the gateway's own and those of others."""
    return list_or_empty(message.get(FIELD))


def restored(body: JsonObject, open_seal: OpenSeal) -> JsonObject:
    """A chat body for an upstream of the same dialect: its own reasoning as it made it, and no seals of the gateway's.

    The body itself, where there are none. What the words of another model's reasoning are is not for it either.
    """
    messages = list_or_empty(body.get(MESSAGES))
    if not any(map(_is_sealed, messages)):
        return body
    return {**body, MESSAGES: [_restored(message, open_seal) for message in messages]}


def _is_sealed(message: Json) -> bool:
    return isinstance(message, dict) and FIELD in message and any(map(is_ours, details_of(message)))


def _restored(message: Json, open_seal: OpenSeal) -> Json:
    """The message with the fields under its seals in their own places, in place of what clients were shown of them."""
    if not isinstance(message, dict) or not _is_sealed(message):
        return message
    details = details_of(message)
    written: JsonObject = {name: value for name, value in message.items() if name != FIELD and name not in SHOWN}
    if kept := [detail for detail in details if not is_ours(detail)]:
        written[FIELD] = kept
    for detail in filter(is_ours, details):
        opened = open_seal(text_or_empty(object_or_empty(detail).get("data")))
        for name, value in opened.items() if isinstance(opened, Mapping) else ():
            if name in CHAT_STATES:
                written[name] = _joined(name, written.get(name), value)
    return written


def _joined(name: str, known: Json, value: Json) -> Json:
    """A field with a further piece of what was sealed."""
    if isinstance(value, list) and name == "content":
        # Mistral's reasoning stands among the parts of the content, and before its texts.
        return [*value, *_parts(known)]
    if isinstance(known, list) and isinstance(value, list):
        return [*known, *value]
    if isinstance(known, str) and isinstance(value, str):
        return known + value
    return value


def _parts(content: Json) -> list[Json]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return list_or_empty(content)
