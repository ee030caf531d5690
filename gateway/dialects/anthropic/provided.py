"""Tools that Anthropic runs: its own under their own types, and those of OpenAI's that mean the same."""

import re
from typing import Any

from gateway.dialects.conversation.report import Report

Tool = dict[str, Any]

# Anthropic's types end with the day of their version.
_NATIVE = re.compile(r"(?P<name>[a-z0-9_]+)_20\d{6}")
_SEARCHES = ("web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11")
_PLACE = ("city", "region", "country", "timezone")
# The versions that every model with such a tool has (shared facts on providers, section 4).
_SEARCH = {"type": "web_search_20250305", "name": "web_search"}
_CODE = {"type": "code_execution_20250825", "name": "code_execution"}
BETAS = {"code_execution_20250825": "code-execution-2025-08-25"}
"""The names of the betas that some of them need."""


def provided_tool(tool: Any, path: str, report: Report) -> Tool | None:
    """The tool as Anthropic has it; None for one that it has not. Raises `InvalidRequest`."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    if not isinstance(kind, str):
        return None
    native = _NATIVE.fullmatch(kind)
    if native:
        name = tool.get("name")
        known = {key: value for key, value in tool.items() if value is not None}
        return {**known, "name": name if isinstance(name, str) else native["name"]}
    if kind in _SEARCHES:
        return _search(tool, path, report)
    if kind == "code_interpreter" and tool.get("container") in (None, {"type": "auto"}):
        return dict(_CODE)
    return None


def betas(tools: list[Tool]) -> list[str]:
    """The betas that a request with these tools needs."""
    return [BETAS[tool["type"]] for tool in tools if tool.get("type") in BETAS]


def _search(asked: Tool, path: str, report: Report) -> Tool:
    """A search of the web. How much of it is read cannot be said."""
    tool: Tool = dict(_SEARCH)
    if asked.get("external_web_access") is False:
        raise report.unsupported("searches that stay off the web", f"{path}.external_web_access")
    if asked.get("search_context_size"):
        report.leave_out(f"{path}.search_context_size")
    filters = asked.get("filters")
    for name in ("allowed_domains", "blocked_domains"):
        if isinstance(filters, dict) and filters.get(name):
            tool[name] = filters[name]
    place = asked.get("user_location")
    if isinstance(place, dict):
        # Chat nests it under its type.
        nested = place.get("approximate")
        known = nested if isinstance(nested, dict) else place
        tool["user_location"] = {"type": "approximate", **{name: known[name] for name in _PLACE if known.get(name)}}
    return tool
