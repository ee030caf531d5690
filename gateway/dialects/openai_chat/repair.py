"""Mends what compatible servers leave out or spell otherwise, so that a stock client reads every reply alike.

The spellings met are listed in the shared facts on providers, sections 17 and 18 (August 2026).
"""

from collections.abc import Collection
from typing import Any

from gateway.dialects.openai_chat.calls import tool_calls
from gateway.dialects.openai_chat.parts import NotChat, mend_logprobs, mend_message
from gateway.errors import UpstreamError
from gateway.events import FinishReason

_FINISH: dict[str, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "model_length": "length",
    "eos": "stop",
}
_BROKEN = frozenset({"error", "insufficient_system_resource", "abort"})
_KNOWN = frozenset({"stop", "length", "tool_calls", "function_call", "content_filter"})


def choices_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The choices of a reply or a chunk. Raises `NotChat` if they are no list of objects."""
    choices = document.get("choices")
    if choices is None:
        choices = document["choices"] = []
    if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices):
        raise NotChat
    return choices


def finish_reason(value: str | None, *, has_tool_calls: bool) -> FinishReason:
    """OpenAI's value for an upstream's. One that is unknown means an ordinary end."""
    reason = _FINISH.get(value or "stop", "stop")
    return "tool_calls" if has_tool_calls and reason == "stop" else reason


def broken_off(choices: list[dict[str, Any]], provider: str) -> UpstreamError | None:
    """The error behind a finish reason by which an upstream says that it failed."""
    for choice in choices:
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason in _BROKEN:
            message = f"{provider} broke off the answer ({reason})."
            return UpstreamError(503, message, type="server_error", code="overloaded")
    return None


def mend_choice(choice: dict[str, Any], part: str, *, with_calls: Collection[int], index: int = 0) -> bool:
    """Mend a choice in place, all but its tool calls. True if anything was amiss.

    `part` is "message" in a reply and "delta" in a chunk; `with_calls` are the choices in which earlier chunks
    had tool calls; `index` is this choice's where it gives none. Raises `NotChat` for what is past mending.
    """
    changed = False
    given = choice.get("index")
    if type(given) is not int or given < 0:
        choice["index"] = index
        changed = True
    inner = choice.get(part)
    if inner is None:
        inner = choice[part] = {}
        changed = True
    elif not isinstance(inner, dict):
        raise NotChat
    if mend_message(inner, is_whole=part == "message"):
        changed = True
    if mend_logprobs(choice):
        changed = True
    reason = choice.get("finish_reason")
    if reason is not None:
        has_calls = choice["index"] in with_calls or bool(tool_calls(inner))
        if not isinstance(reason, str) or reason not in _KNOWN or (reason == "stop" and has_calls):
            known = reason if isinstance(reason, str) else "stop"
            choice["finish_reason"] = finish_reason(known, has_tool_calls=has_calls) if reason else None
            changed = True
    return changed
