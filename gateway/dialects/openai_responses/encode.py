"""Writes a Generation as the body of a Responses request."""

from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.depth import written
from gateway.dialects.openai_responses.conversation import input_items
from gateway.dialects.openai_responses.fit import fit
from gateway.dialects.openai_responses.translation import translate
from gateway.generation import Generation

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
    fit(body, origin, dropped)
    return written(body), dropped


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


def _set(body: dict[str, Any], name: str, value: Any) -> None:
    """Put a field in, or take it out where there is nothing to say."""
    if value is None:
        body.pop(name, None)
    else:
        body[name] = value
