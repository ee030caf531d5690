"""The settings of a request under chat's names, those that items change among them."""

from dataclasses import dataclass
from typing import Any, Literal

from gateway.dialects.conversation.report import Report
from gateway.generation import Generation


@dataclass(frozen=True, slots=True)
class Form:
    """What form the answer must have. A `schema` is there for `json_schema` alone."""

    kind: Literal["text", "json_object", "json_schema"]
    name: str = "answer"
    schema: dict[str, Any] | None = None
    description: str = ""


TEXT = Form("text")


def settings_of(generation: Generation) -> dict[str, Any]:
    """The request's fields, and what its items set: those of the history give way to the request's own."""
    settings = dict(generation.fields)
    for number, item in enumerate(generation.items):
        if item.get("type") != "configuration_update":
            continue
        found = _set_by(item)
        if number < generation.history:
            found = {name: value for name, value in found.items() if name not in generation.fields}
        settings |= found
    return settings


def form_of(response_format: Any) -> Form:
    """What chat's `response_format` asks for; what is none of its forms is a text."""
    match response_format:
        case {"type": "json_object"}:
            return Form("json_object")
        case {"type": "json_schema", "json_schema": {"schema": dict() as schema} as given}:
            name, description = given.get("name"), given.get("description")
            return Form(
                "json_schema",
                name if isinstance(name, str) and name else "answer",
                schema,
                description if isinstance(description, str) else "",
            )
        case {"type": "json_schema"}:
            # With no schema every object has its form.
            return Form("json_object")
        case _:
            return TEXT


def require_known_form(settings: dict[str, Any], report: Report) -> None:
    """Raise `InvalidRequest` for a response format that chat does not have: an answer in no form is another one."""
    response_format = settings.get("response_format")
    kind = response_format.get("type") if isinstance(response_format, dict) else None
    if kind not in (None, "text", "json_object", "json_schema"):
        path = f"{report.field('response_format')}.type"
        raise report.unsupported(f"a response format of type {kind!r}", path)


def _set_by(update: dict[str, Any]) -> dict[str, Any]:
    """What a `configuration_update` sets, under its chat names."""
    settings: dict[str, Any] = {}
    match update.get("reasoning"):
        case {"effort": str() as effort}:
            settings["reasoning_effort"] = effort
    match update.get("text"):
        case {"format": {"type": "json_schema", **schema}}:
            settings["response_format"] = {"type": "json_schema", "json_schema": schema}
        case {"format": {"type": str()} as form}:
            settings["response_format"] = form
    return settings
