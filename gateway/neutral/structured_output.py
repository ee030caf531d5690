"""The format that an answer has to have: a text, any JSON object, or JSON of one schema."""

from dataclasses import dataclass
from typing import Literal

from gateway.neutral.json import Json, JsonObject, object_or_empty, object_or_none, text_or_empty, text_or_none

Kind = Literal["text", "json_object", "json_schema", "unknown"]
_KINDS: dict[str, Kind] = {"text": "text", "json_object": "json_object"}


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """What `response_format` or `text.format` asks for."""

    kind: Kind
    path: str
    """Where the client wrote it, such as `response_format`."""
    body: JsonObject
    """The same as chat has it: a schema is nested under `json_schema`."""
    name: str = "answer"
    schema: JsonObject | None = None
    """There for `json_schema` alone."""
    description: str = ""
    schema_path: str = ""
    """Where the schema is written."""


def output_format(given: Json, path: str, schema_path: str) -> OutputFormat | None:
    """What chat's `response_format` asks for; None where it is no object with a type.

    A `json_schema` without a schema is satisfied by every object, so it is `json_object`.
    """
    body = object_or_none(given)
    kind = None if body is None else text_or_none(body.get("type"))
    if body is None or kind is None:
        return None
    if kind == "json_schema":
        nested = object_or_empty(body.get("json_schema"))
        schema = object_or_none(nested.get("schema"))
        if schema is None:
            return OutputFormat("json_object", path, body)
        name, description = text_or_empty(nested.get("name")) or "answer", text_or_empty(nested.get("description"))
        return OutputFormat("json_schema", path, body, name, schema, description, schema_path)
    return OutputFormat(_KINDS.get(kind, "unknown"), path, body)
