"""Fits tools, and the choice among them, to what one upstream knows."""

from typing import Any

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.promises import kind_of_choice
from gateway.dialects.profiles import Facts
from gateway.errors import InvalidRequest

Body = dict[str, Any]


def fit_choice(body: Body, facts: Facts) -> None:
    """Say the choice in the upstream's words. What it cannot be told is made true by the tools that it is shown."""
    choice = body["tool_choice"]
    kind = kind_of_choice(choice)
    if isinstance(choice, str) and choice in facts.renamed_choices:
        body["tool_choice"] = facts.renamed_choices[choice]
    if kind is None or kind in facts.tool_choices:
        return
    del body["tool_choice"]
    if kind == "none":
        # A model without tools calls none.
        body.pop("tools", None)
        body.pop("parallel_tool_calls", None)
    elif kind == "named":
        body["tools"] = [tool for tool in body.get("tools") or () if _name(tool) == _name(choice)]
        if "required" in facts.tool_choices:
            body["tool_choice"] = facts.renamed_choices.get("required", "required")


def leave_out_tools(body: Body, origin: Origin, dropped: list[str]) -> None:
    """Take the tools out for a model that cannot call any. Raises `InvalidRequest` where it has to."""
    choice = body.pop("tool_choice", None)
    if choice not in (None, "auto", "none"):
        message = f"{origin.model} at {origin.provider} cannot call tools, so tool_choice must be auto or none."
        raise InvalidRequest(message, param="tool_choice", code="unsupported_parameter")
    body.pop("parallel_tool_calls", None)
    if body.pop("tools", None):
        dropped.append("tools")


def _name(named: Any) -> Any:
    """The name in a tool, or in a choice that names one."""
    if not isinstance(named, dict):
        return None
    inside = named.get("function") or named.get("custom") or named
    return inside.get("name") if isinstance(inside, dict) else None
