"""The nested settings of a request as a Response repeats them: whole, in the Responses API's own shapes."""

from typing import Any

from gateway.redaction import without_secrets

_CHOICES = ("none", "auto", "required")


def reasoning_settings(given: Any) -> dict[str, Any]:
    """How the model was asked to reason."""
    asked = given if isinstance(given, dict) else {}
    return {**asked, "effort": _text(asked, "effort"), "summary": _text(asked, "summary")}


def text_settings(given: Any) -> dict[str, Any]:
    """How the model was asked to write."""
    asked = given if isinstance(given, dict) else {}
    settings = {**asked, "format": _format(asked.get("format"))}
    if "verbosity" in settings:
        settings["verbosity"] = _text(asked, "verbosity")
    return settings


def effective_tool_choice(given: Any) -> Any:
    """The tool choice, a function's name flat as the API has it."""
    match given:
        case str() if given in _CHOICES:
            return given
        case {"type": "function", "function": {"name": str() as name}}:
            return {"type": "function", "name": name}
        case {"type": str()}:
            return given
        case _:
            return "auto"


def effective_tools(given: Any) -> list[dict[str, Any]]:
    """The tools, every field of a function present. What has none of a tool's shapes is left out."""
    tools = given if isinstance(given, list) else []
    return [told for tool in tools if (told := _tool(without_secrets(tool))) is not None]


def _tool(given: Any) -> dict[str, Any] | None:
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        return None
    if given["type"] != "function":
        return given
    function = given.get("function", given)
    return _function(function) if isinstance(function, dict) and _text(function, "name") else None


def _function(given: dict[str, Any]) -> dict[str, Any]:
    parameters, strict = given.get("parameters"), given.get("strict")
    return {
        **given,
        "type": "function",
        "description": _text(given, "description"),
        "parameters": parameters if isinstance(parameters, dict) else None,
        "strict": strict if isinstance(strict, bool) else None,
    }


def _format(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict) or not isinstance(given.get("type"), str):
        return {"type": "text"}
    if given["type"] != "json_schema":
        return given
    if _text(given, "name") is None or not isinstance(given.get("schema"), dict):
        return {"type": "text"}
    strict = given.get("strict") if isinstance(given.get("strict"), bool) else None
    return {**given, "description": _text(given, "description"), "strict": strict}


def _text(given: dict[str, Any], name: str) -> str | None:
    value = given.get(name)
    return value if isinstance(value, str) else None
