"""The nested settings of a request as a Response repeats them: whole, in the form of the Responses API."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.neutral.json import Json, JsonObject, boolean_or_none, object_or_none
from gateway.neutral.json import text_or_none as text
from gateway.redaction import without_secrets
from gateway.surfaces.extensions import extensions

if TYPE_CHECKING:
    from generated import models

_CHOICES = ("none", "auto", "required")


def reasoning_settings(given: models.Reasoning | None) -> JsonObject:
    """How the model is to reason."""
    fields = extensions(given)
    return {**fields, "effort": text(fields.get("effort")), "summary": text(fields.get("summary"))}


def text_settings(given: models.ResponseTextParam | None) -> JsonObject:
    """How the model is to write."""
    fields = extensions(given)
    settings: JsonObject = {**fields, "format": effective_format(object_or_none(fields.get("format")))}
    if "verbosity" in settings:
        settings["verbosity"] = text(fields.get("verbosity"))
    return settings


def effective_format(given: JsonObject | None) -> JsonObject:
    """The format of the answer; text where there is none, or where it is not whole."""
    if given is None or text(given.get("type")) is None:
        return {"type": "text"}
    if given["type"] != "json_schema":
        return given
    if text(given.get("name")) is None or object_or_none(given.get("schema")) is None:
        return {"type": "text"}
    return {**given, "description": text(given.get("description")), "strict": boolean_or_none(given.get("strict"))}


def effective_tool_choice(given: models.ToolChoiceParam) -> Json:
    """The tool choice, a function's name flat as the API has it."""
    if isinstance(given, str):
        return given if given in _CHOICES else "auto"
    choice = extensions(given)
    match choice:
        case {"type": "function", "function": {"name": str() as name}}:
            return {"type": "function", "name": name}
        case {"type": str()}:
            # A choice among some tools may repeat them.
            return without_secrets(choice)
        case _:
            return "auto"


def effective_tools(given: list[models.Tool] | None) -> list[Json]:
    """The tools, every field of a function present. What has no type, or a function no name, is skipped."""
    tools = given if isinstance(given, list) else []
    return [shown for tool in tools if (shown := _tool(tool)) is not None]


def _tool(tool: models.Tool) -> JsonObject | None:
    shown = without_secrets(extensions(tool))
    if text(shown.get("type")) is None:
        return None
    if tool["type"] != "function":
        return shown
    if "function" in shown:
        # A function in chat's form, which some clients send here, too.
        nested = object_or_none(shown["function"])
        return _function(nested) if nested is not None and text(nested.get("name")) else None
    return _function(shown) if _has_name(tool) else None


def _has_name(tool: models.FunctionTool) -> bool:
    return bool(text(tool.get("name")))


def _function(given: JsonObject) -> JsonObject:
    return {
        **given,
        "type": "function",
        "description": text(given.get("description")),
        "parameters": object_or_none(given.get("parameters")),
        "strict": boolean_or_none(given.get("strict")),
    }
