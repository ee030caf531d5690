"""The Response object, every field present with its effective value."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from gateway.errors import GatewayError
from gateway.events import Usage
from gateway.generation import Generation
from gateway.surfaces.responses.settings import (
    effective_tool_choice,
    effective_tools,
    reasoning_settings,
    text_settings,
)

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
    "prompt_cache_retention": None,
    "reasoning": reasoning_settings(None),
    "safety_identifier": None,
    "service_tier": "default",
    "store": True,
    "temperature": 1,
    "text": text_settings(None),
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": 1,
    "truncation": "disabled",
    "user": None,
}


def _one_of(*kinds: type) -> Callable[[Any], Any]:
    return lambda given: given if type(given) in kinds else None


_TEXT, _WHOLE, _NUMBER, _CLAIM = _one_of(str), _one_of(int), _one_of(int, float), _one_of(bool)


def _with_id(given: Any) -> dict[str, Any] | None:
    return given if isinstance(given, dict) and isinstance(given.get("id"), str) else None


# What may stand in their place; None leaves them: a client can send fields that a surface does not check.
_EFFECTIVE: dict[str, Callable[[Any], Any]] = {
    "background": _CLAIM,
    "conversation": lambda given: {"id": given} if isinstance(given, str) else _with_id(given),
    "frequency_penalty": _NUMBER,
    "instructions": _TEXT,
    "max_output_tokens": _WHOLE,
    "max_tool_calls": _WHOLE,
    "parallel_tool_calls": _CLAIM,
    "presence_penalty": _NUMBER,
    "previous_response_id": _TEXT,
    "prompt": _with_id,
    "prompt_cache_key": _TEXT,
    "prompt_cache_retention": _TEXT,
    "reasoning": reasoning_settings,
    "safety_identifier": _TEXT,
    # What served the request in the end is no longer `auto`; an upstream that has tiers says which it was.
    "service_tier": lambda given: given if isinstance(given, str) and given != "auto" else None,
    "store": _CLAIM,
    "temperature": _NUMBER,
    "text": text_settings,
    "tool_choice": effective_tool_choice,
    "tools": effective_tools,
    "top_logprobs": _WHOLE,
    "top_p": _NUMBER,
    "truncation": lambda given: given if given == "auto" else None,
    "user": _TEXT,
}
_NONE: Mapping[str, Any] = {}


def new_response(generation: Generation, provider: str) -> dict[str, Any]:
    """A Response in progress: what the request asked for, defaults for the rest, no output yet."""
    response: dict[str, Any] = {
        "id": generation.ids.response,
        "object": "response",
        "created_at": int(time.time()),
        "completed_at": None,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "model": generation.model,
        "provider": provider,
        "usage": None,
        "metadata": generation.metadata or {},
        **_DEFAULTS,
    }
    for name, given in generation.asked.items():
        effective = _EFFECTIVE.get(name)
        if effective is not None and (value := effective(given)) is not None:
            response[name] = value
    if generation.removed:
        response["input_transformations"] = generation.removed
    response["output"] = []
    return response


def response_usage(usage: Usage | None) -> dict[str, Any] | None:
    """Token counts under the Responses API's names, GoModel's beside them; None where the upstream reported none."""
    if usage is None:
        return None
    prompt, completion, raw = usage.prompt, usage.completion, usage.raw
    cached, reasoning = min(usage.cached, prompt), min(usage.reasoning, completion)
    given = _details(raw.get("prompt_tokens_details") or raw.get("input_tokens_details"), prompt)
    told = _details(raw.get("completion_tokens_details") or raw.get("output_tokens_details"), completion)
    audio, image = given.get("audio_tokens", 0), given.get("image_tokens", 0)
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": min(usage.cache_write, prompt)},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": reasoning},
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "audio_tokens": audio,
            "cached_tokens": cached,
            "image_tokens": image,
            "text_tokens": given.get("text_tokens", max(0, prompt - audio - image)),
        },
        "completion_tokens_details": {
            "accepted_prediction_tokens": told.get("accepted_prediction_tokens", 0),
            "audio_tokens": told.get("audio_tokens", 0),
            "reasoning_tokens": reasoning,
            "rejected_prediction_tokens": told.get("rejected_prediction_tokens", 0),
        },
        "raw_usage": raw,
    }


def response_error(error: GatewayError) -> dict[str, Any]:
    """Why a Response failed. The code is from the API's own list; the gateway's finer one is in the message's words."""
    code = "rate_limit_exceeded" if error.status == 429 else "server_error"
    return {"code": code, "message": error.message}


def _details(given: Any, most: int) -> Mapping[str, int]:
    """The details of a count that are counts themselves; none exceeds the whole."""
    if type(given) is not dict:
        return _NONE
    return {name: min(value, most) for name, value in given.items() if type(value) is int and value >= 0}
