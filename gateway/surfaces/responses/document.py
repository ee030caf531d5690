"""The Response object, every field present with its effective value."""

import secrets
import time
from typing import Any

from gateway.events import Usage
from gateway.surfaces.responses.settings import (
    effective_tool_choice,
    effective_tools,
    reasoning_settings,
    text_settings,
)

_Kinds = tuple[type, ...]
_NUMBER: _Kinds = (int, float)

# Effective values where the request says nothing (shared facts on the Responses API, section 1.8), and the
# kinds of values that may stand in their place: a client can send fields that a surface does not check.
_ECHOED: dict[str, tuple[Any, _Kinds]] = {
    "background": (False, (bool,)),
    "frequency_penalty": (0, _NUMBER),
    "instructions": (None, (str,)),
    "max_output_tokens": (None, (int,)),
    "max_tool_calls": (None, (int,)),
    "parallel_tool_calls": (True, (bool,)),
    "presence_penalty": (0, _NUMBER),
    "previous_response_id": (None, (str,)),
    "prompt_cache_key": (None, (str,)),
    "safety_identifier": (None, (str,)),
    "service_tier": ("default", (str,)),
    "store": (True, (bool,)),
    "temperature": (1, _NUMBER),
    "top_logprobs": (0, (int,)),
    "top_p": (1, _NUMBER),
    "user": (None, (str,)),
}


def new_id(prefix: str) -> str:
    """A fresh identifier, such as `resp_…`, `msg_…` or `fc_…`."""
    return f"{prefix}_{secrets.token_hex(24)}"


def new_response(model: str, request: dict[str, Any]) -> dict[str, Any]:
    """A Response in progress: what the request asked for, defaults for the rest, no output yet."""
    response: dict[str, Any] = {
        "id": new_id("resp"),
        "object": "response",
        "created_at": int(time.time()),
        "completed_at": None,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": model,
        "output": [],
        "usage": None,
        "metadata": request.get("metadata") or {},
        "conversation": _conversation(request.get("conversation")),
        "prompt": _with_id(request.get("prompt")),
        "reasoning": reasoning_settings(request.get("reasoning")),
        "text": text_settings(request.get("text")),
        "tool_choice": effective_tool_choice(request.get("tool_choice")),
        "tools": effective_tools(request.get("tools")),
        "truncation": "auto" if request.get("truncation") == "auto" else "disabled",
    }
    for name, (default, kinds) in _ECHOED.items():
        value = request.get(name)
        response[name] = value if type(value) in kinds else default
    return response


def response_usage(usage: Usage | None) -> dict[str, Any] | None:
    """Token counts under the Responses API's names; None where the upstream reported none."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": min(usage.cached, usage.prompt), "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": min(usage.reasoning, usage.completion)},
        "total_tokens": usage.prompt + usage.completion,
    }


def _conversation(given: Any) -> dict[str, Any] | None:
    return {"id": given} if isinstance(given, str) else _with_id(given)


def _with_id(given: Any) -> dict[str, Any] | None:
    return given if isinstance(given, dict) and isinstance(given.get("id"), str) else None
