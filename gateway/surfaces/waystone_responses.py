"""Waystone's documented responses operation, `/api/gateway/v1/responses`."""

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.errors import InvalidRequest
from gateway.events import Event
from gateway.generation import Generation
from gateway.surfaces.responses.document import new_response
from gateway.surfaces.responses.writer import ResponseWriter, write_response
from gateway.surfaces.waystone_fields import make_counts_whole

# Read into a place of their own; everything else travels on under its own name.
_TAKEN = frozenset({"model", "input", "metadata", "stream", "instructions", "tools", "tool_choice"})


class WaystoneResponsesSurface:
    """A string in, a full Responses object out. Fields that the document does not list travel on."""

    dialect: str | None = None

    def read(self, body: dict[str, Any]) -> Generation:
        make_counts_whole(body)
        _refuse_what_cannot_be_repeated(body)
        tools, instructions = body.get("tools"), body.get("instructions")
        return Generation(
            model=body["model"],
            is_stream=bool(body.get("stream")),
            include_usage=True,
            metadata=body.get("metadata"),
            instructions=instructions if isinstance(instructions, str) else None,
            items=[{"type": "message", "role": "user", "content": body["input"]}],
            tools=tools if isinstance(tools, list) else [],
            tool_choice=body.get("tool_choice"),
            fields=_chat_fields({name: value for name, value in body.items() if name not in _TAKEN}),
            asked=body,
        )

    def reply(self, generation: Generation, events: Sequence[Event]) -> bytes:
        return write_response(_new_response(generation), events)

    def writer(self, generation: Generation) -> ResponseWriter:
        return ResponseWriter(_new_response(generation))


def _refuse_what_cannot_be_repeated(body: dict[str, Any]) -> None:
    """The answer repeats parts of the request, some levels deeper, and JSON can only be written so deep."""
    try:
        orjson.dumps([[[[body]]]])
    except orjson.JSONEncodeError:
        raise InvalidRequest("The body is nested too deeply.", code="invalid_value") from None


def _new_response(generation: Generation) -> dict[str, Any]:
    asked = generation.asked
    limit = asked.get("max_output_tokens") or asked.get("max_completion_tokens")
    # `store` is false here unless asked for, as the document has it; on /v1/responses it will be true.
    request = {**asked, "max_output_tokens": limit, "store": bool(asked.get("store"))}
    return new_response(generation.model, request)


def _chat_fields(fields: dict[str, Any]) -> dict[str, Any]:
    """The settings that the Responses API spells otherwise, under the names of the chat dialect."""
    limit = fields.pop("max_output_tokens", None)
    if limit is not None:
        fields.setdefault("max_completion_tokens", limit)
    match fields.get("reasoning"):
        case {"effort": effort}:
            del fields["reasoning"]
            fields["reasoning_effort"] = effort
    match fields.get("text"):
        case dict() as text:
            del fields["text"]
            fields |= _text_fields(text)
    return fields


def _text_fields(text: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if text.get("verbosity") is not None:
        fields["verbosity"] = text["verbosity"]
    match text.get("format"):
        case {"type": "json_schema", **schema}:
            fields["response_format"] = {"type": "json_schema", "json_schema": schema}
        case None:
            pass
        case other:
            fields["response_format"] = other
    return fields
