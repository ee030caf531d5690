"""Reads the settings of a chat body, and its output format."""

from typing import TYPE_CHECKING, Annotated

from gateway.neutral.json import object_or_none, text_or_empty
from gateway.neutral.settings import PARALLEL_CALLS, Settings
from gateway.neutral.structured_output import OutputFormat, typed_format
from gateway.surfaces.extensions import extensions

if TYPE_CHECKING:
    from generated import models

# What is no setting: it has a field of its own in a prompt, or is the gateway's. The names of settings are chat's.
PLACED: "Annotated[frozenset[str], models.CreateChatCompletionRequest]" = frozenset(
    {
        "model",
        "models",
        "messages",
        "metadata",
        "stream",
        "stream_options",
        "tools",
        "tool_choice",
        "functions",
        "function_call",
        "response_format",
    }
)
_PATH = "response_format"


def read_settings(body: "models.CreateChatCompletionRequest", *, has_tools: bool = True) -> Settings:
    """The settings of a body, unknown ones included. Those that are null are left out."""
    values = {name: value for name, value in extensions(body).items() if value is not None and name not in PLACED}
    if not has_tools:
        values.pop(PARALLEL_CALLS, None)
    return Settings(values)


def read_output_format(body: "models.CreateChatCompletionRequest") -> OutputFormat | None:
    """The output format that a body requests. With no schema, every JSON object is of the format `json_schema`.

    Raises `InvalidRequest` for what is no object with a type.
    """
    given = body.get("response_format")
    if given is None:
        return None
    opened = typed_format(given, _PATH)
    match given["type"]:
        case "json_schema":
            return _schema_format(given)
        case "json_object":
            return OutputFormat("json_object", _PATH, opened)
        case "text":
            return OutputFormat("text", _PATH, opened)
        case _:
            return OutputFormat("unknown", _PATH, opened)


def _schema_format(given: "models.ResponseFormatJsonSchema") -> OutputFormat:
    path = f"{_PATH}.json_schema.schema"
    named = given.get("json_schema")
    schema = object_or_none(named.get("schema")) if isinstance(named, dict) else None
    if named is None or schema is None:
        return OutputFormat("json_object", _PATH, extensions(given), schema_path=path)
    return OutputFormat(
        "json_schema",
        _PATH,
        extensions(given),
        name=text_or_empty(named.get("name")) or "answer",
        schema=schema,
        description=text_or_empty(named.get("description")),
        schema_path=path,
    )
