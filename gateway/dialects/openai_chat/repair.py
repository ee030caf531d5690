"""Mends what compatible servers leave out or spell otherwise, so that a stock client reads every reply alike.

The spellings met are listed in the shared facts on providers, sections 17 and 18 (August 2026).
"""

import time
import uuid
from typing import Any

import orjson

from gateway.errors import UpstreamError
from gateway.events import FinishReason, Usage

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


def finish_reason(value: str, *, has_tool_calls: bool) -> FinishReason:
    """OpenAI's value for an upstream's. One that is unknown means an ordinary end."""
    reason = _FINISH.get(value, "stop")
    return "tool_calls" if has_tool_calls and reason == "stop" else reason


def broken_off(value: object, provider: str) -> UpstreamError | None:
    """The error behind a finish reason by which an upstream says that it failed."""
    if value not in _BROKEN:
        return None
    return UpstreamError(
        503, f"{provider} broke off the answer ({value}).", type="server_error", code="overloaded"
    )


def new_id(prefix: str) -> str:
    """A fresh identifier, such as `chatcmpl-…`."""
    return f"{prefix}{uuid.uuid4().hex}"


def identity(document: dict[str, Any], model: str) -> dict[str, Any]:
    """The fields that are the same in every chunk of one answer, filled in where the upstream left them out."""
    created = document.get("created")
    return {
        "id": document.get("id") or new_id("chatcmpl-"),
        "created": int(created) if isinstance(created, int | float) and created else int(time.time()),
        "model": document.get("model") or model,
    }


def mend_choice(choice: dict[str, Any], part: str, *, has_tool_calls: bool) -> bool:
    """Mend the index, the finish reason and the tool calls of a choice in place. True if anything was amiss.

    `part` is "message" in a reply and "delta" in a chunk.
    """
    changed = False
    if not isinstance(choice.get("index"), int):
        choice["index"] = 0
        changed = True
    inner = choice.get(part)
    if not isinstance(inner, dict):
        inner = choice[part] = {}
        changed = True
    calls = inner.get("tool_calls")
    if calls:
        changed |= _mend_calls(calls, part)
    reason = choice.get("finish_reason")
    if reason is not None and (reason not in _KNOWN or (reason == "stop" and (has_tool_calls or calls))):
        choice["finish_reason"] = (
            finish_reason(reason, has_tool_calls=has_tool_calls or bool(calls)) if reason else None
        )
        changed = True
    return changed


def _mend_calls(calls: list[dict[str, Any]], part: str) -> bool:
    changed = False
    for position, call in enumerate(calls):
        if part == "delta" and not isinstance(call.get("index"), int):
            call["index"] = position
            changed = True
        function = call.get("function")
        if isinstance(function, dict) and isinstance(function.get("arguments"), dict):
            function["arguments"] = orjson.dumps(function["arguments"]).decode()
            changed = True
        if part == "message":
            if not call.get("id"):
                call["id"] = new_id("call_")
                changed = True
            call.setdefault("type", "function")
    return changed


def read_usage(raw: dict[str, Any]) -> Usage:
    """Token counts in OpenAI's meaning. What an upstream leaves out counts 0."""
    prompt, completion = raw.get("prompt_tokens_details"), raw.get("completion_tokens_details")
    return Usage(
        prompt=_count(raw, "prompt_tokens"),
        completion=_count(raw, "completion_tokens"),
        cached=_count(prompt, "cached_tokens"),
        reasoning=_count(completion, "reasoning_tokens"),
        raw=raw,
    )


def _count(details: object, name: str) -> int:
    value = details.get(name) if isinstance(details, dict) else None
    return int(value) if isinstance(value, int | float) and 0 <= value < 1e15 else 0
