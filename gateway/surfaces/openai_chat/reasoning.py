"""Reasoning that its author wants back, carried by chat clients in the shape that OpenRouter made known.

An entry of `reasoning_details` is of no use to clients but to be sent back with its message, as it came. Its `id` is
that of the call that it stands before, `end` where nothing came after it; without one it stands before the text.
"""

from collections.abc import Callable, Mapping
from typing import Any

from gateway.surfaces.base import Seal

FIELD = "reasoning_details"
SHOWN = ("reasoning_content", "reasoning")
"""The words of reasoning, under the names that chat clients send back."""
END = "end"

_Object = dict[str, Any]
_KIND = "reasoning.encrypted"
_FORMAT = "waystone-v1"
# What every seal of the gateway begins with. Some clients leave out the format.
_SEALS = "waystone."

Opened = Callable[[str], Mapping[str, Any] | None]
"""What is under a seal, for its author; None for everybody else."""


def sealed_detail(state: Mapping[str, Any], seal: Seal, before: str | None, index: int) -> _Object:
    """The entry for a state. `before` is the call that it stands before, or `END`."""
    place = {} if before is None else {"id": before}
    return {"type": _KIND, "data": seal(state), **place, "format": _FORMAT, "index": index}


def is_ours(detail: Any) -> bool:
    """Whether an entry is one that the gateway made."""
    if not isinstance(detail, dict) or not isinstance(data := detail.get("data"), str):
        return False
    return detail.get("format") == _FORMAT or data.startswith(_SEALS)


def details_of(message: _Object) -> list[Any]:
    """The entries of a message, whoever made them."""
    found = message.get(FIELD)
    return found if isinstance(found, list) else []


def restored(body: _Object, opened: Opened) -> _Object:
    """A chat body for an upstream of the same dialect: its own reasoning as it made it, and no seals of the gateway's.

    The body itself, where there are none. What the words of somebody else's reasoning are is not for it either.
    """
    messages = body.get("messages")
    if not isinstance(messages, list) or not any(map(_is_sealed, messages)):
        return body
    return {
        **body,
        "messages": [_restored(message, opened) if _is_sealed(message) else message for message in messages],
    }


def _is_sealed(message: Any) -> bool:
    return isinstance(message, dict) and FIELD in message and any(map(is_ours, details_of(message)))


def _restored(message: _Object, opened: Opened) -> _Object:
    """The message with the fields under its seals in their own places, in place of what clients were shown of them."""
    details = details_of(message)
    written = {name: value for name, value in message.items() if name != FIELD and name not in SHOWN}
    if kept := [detail for detail in details if not is_ours(detail)]:
        written[FIELD] = kept
    for detail in filter(is_ours, details):
        for name, value in (opened(detail["data"]) or {}).items():
            known: Any = written.get(name)
            if name == "content" and isinstance(value, list):
                # Mistral's reasoning stands among the parts of the content, and before its texts.
                written[name] = [*value, *_parts(known)]
            else:
                written[name] = known + value if type(known) is type(value) in (str, list) else value
    return written


def _parts(content: Any) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content else []
    return content if isinstance(content, list) else []
