"""The Response object, every field present with its effective value."""

import secrets
import time
from typing import Any

from gateway.events import Usage

# Effective values where the request says nothing (shared facts on the Responses API, section 1.8).
_DEFAULTS: dict[str, Any] = {
    "background": False,
    "conversation": None,
    "frequency_penalty": 0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0,
    "previous_response_id": None,
    "prompt": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1,
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1,
    "truncation": "disabled",
    "user": None,
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
        "reasoning": _settings(request.get("reasoning"), {"effort": None, "summary": None}),
        "text": _settings(request.get("text"), {"format": {"type": "text"}}),
    }
    for name, default in _DEFAULTS.items():
        value = request.get(name)
        response[name] = default if value is None else value
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


def _settings(given: Any, defaults: dict[str, Any]) -> dict[str, Any]:
    return {**defaults, **given} if isinstance(given, dict) else dict(defaults)
