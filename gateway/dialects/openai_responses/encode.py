"""Writes a Generation as the body of a Responses request."""

from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_responses.conversation import input_items
from gateway.dialects.openai_responses.translation import translate
from gateway.errors import InvalidRequest
from gateway.generation import Generation
from gateway.providers.row import Facts

_ENCRYPTED = "reasoning.encrypted_content"
# The gateway's own state and routing: an upstream would look for ids that only the gateway has.
_OURS = ("previous_response_id", "conversation", "provider")


def encode_request(generation: Generation, origin: Origin, dialect: str) -> tuple[bytes, list[str]]:
    """The request as JSON, and the names of the fields that it had to leave out.

    Raises `InvalidRequest` for what the upstream cannot be asked.
    """
    native = generation.native
    is_native = native is not None and native.dialect == dialect
    dropped: list[str] = []
    body = _native(generation) if is_native else translate(generation, origin, dropped)
    body |= {"model": origin.model, "store": False}
    _set(body, "metadata", generation.metadata or None)
    if generation.is_stream:
        body["stream"] = True
    _fit(body, origin.facts, dropped)
    try:
        return orjson.dumps(body), dropped
    except orjson.JSONEncodeError:
        # Read it can be, written it cannot.
        raise InvalidRequest("The body is nested too deeply.", code="invalid_value") from None


def _native(generation: Generation) -> dict[str, Any]:
    """The body as it came, with the gateway's state in place of the upstream's."""
    assert generation.native is not None
    body = {name: value for name, value in generation.native.body.items() if name not in _OURS}
    given = body.get("input")
    if generation.items and not _is_text_alone(given, generation.items):
        body["input"] = input_items(generation.items)
    options = body.get("stream_options")
    if isinstance(options, dict) and "include_usage" in options:
        # Chat has it; here usage comes with every answer.
        left = {name: value for name, value in options.items() if name != "include_usage"}
        _set(body, "stream_options", left or None)
    return body


def _is_text_alone(given: Any, items: list[dict[str, Any]]) -> bool:
    """Whether the conversation is the one text that the client sent, and nothing came before it."""
    if not isinstance(given, str) or len(items) != 1:
        return False
    return items[0].get("role") == "user" and items[0].get("content") == given


def _fit(body: dict[str, Any], facts: Facts, dropped: list[str]) -> None:
    """Meet what is particular to this upstream."""
    for name in sorted(facts.dropped & body.keys()):
        if body.pop(name) is not None:
            dropped.append(name)
    for name, value in facts.defaults.items():
        if body.get(name) is None:
            body[name] = value
    if facts.asks_encrypted_reasoning and _may_reason(body):
        asked = body.get("include") or []
        if isinstance(asked, list) and _ENCRYPTED not in asked:
            body["include"] = [*asked, _ENCRYPTED]


def _may_reason(body: dict[str, Any]) -> bool:
    """Whether the request itself shows that its model reasons.

    OpenAI refuses the wish for encrypted reasoning where a model has none to give. Reasoning brings it by default
    since 2026 (shared facts on the Responses API, section 1.7), so where nothing shows it, nothing need be asked.
    """
    settings, items = body.get("reasoning"), body.get("input")
    if isinstance(settings, dict) and any(value is not None for value in settings.values()):
        return True
    return isinstance(items, list) and any(item.get("type") == "reasoning" for item in items)


def _set(body: dict[str, Any], name: str, value: Any) -> None:
    """Put a field in, or take it out where there is nothing to say."""
    if value is None:
        body.pop(name, None)
    else:
        body[name] = value
