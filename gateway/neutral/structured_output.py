"""The format that an answer has to have: a text, any JSON object, or JSON of one schema."""

from typing import Literal

from gateway.errors import misshapen
from gateway.neutral.json import Json, JsonObject, object_or_empty, object_or_none, text_or_empty
from gateway.neutral.values import value

Kind = Literal["text", "json_object", "json_schema", "unknown"]
_KINDS: dict[str, Kind] = {"text": "text", "json_object": "json_object"}


@value
class OutputFormat:
    """The format that `response_format` or `text.format` requests."""

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
    """The format that chat's `response_format` requests; None where it is no object. Without a type it is text.

    A `json_schema` without a schema is satisfied by every object, so it is `json_object`.
    """
    body = object_or_none(given)
    if body is None:
        return None
    kind = body.get("type")
    if kind == "json_schema":
        nested = object_or_empty(body.get("json_schema"))
        schema = object_or_none(nested.get("schema"))
        if schema is None:
            return OutputFormat("json_object", path, body)
        name, description = text_or_empty(nested.get("name")) or "answer", text_or_empty(nested.get("description"))
        return OutputFormat("json_schema", path, body, name, schema, description, schema_path)
    return OutputFormat("text" if kind is None else _KINDS.get(text_or_empty(kind), "unknown"), path, body)


def typed_format(given: object, path: str) -> JsonObject:
    """The format at a path as the object with a type that it has to be. Raises `InvalidRequest` for anything else."""
    body = object_or_none(given)
    if body is None or body.get("type") is None:
        raise misshapen(path, "an object with a type")
    return body
