"""Which tools the model may call: asked for in chat's form, and checked when it has answered."""

from collections.abc import Iterable, Iterator
from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.toolbox import Toolbox
from gateway.dialects.profiles import Facts

Tool = dict[str, Any]
_MODES = ("auto", "required")


def permitted(choice: Any, toolbox: Toolbox) -> frozenset[str] | None:
    """The chat names that the model may call; None where the choice forbids none."""
    match choice:
        case "none":
            return frozenset()
        case {"type": "allowed_tools"}:
            return frozenset(_allowed(_inside(choice, "allowed_tools").get("tools"), toolbox))
        case {"type": "function" | "custom" as kind}:
            name = _find(_inside(choice, kind), toolbox)
            return frozenset() if name is None else frozenset({name})
        case _:
            return None


def choose(
    choice: Any, tools: dict[str, Tool], toolbox: Toolbox, facts: Facts, report: Report
) -> tuple[dict[str, Tool], Any]:
    """The tools to be shown, and the choice in chat's form: None where there is nothing to choose.

    Raises `InvalidRequest` for a choice that cannot be met.
    """
    match choice:
        case None | "auto" | "none":
            return tools, choice if tools else None
        case str():
            if not tools:
                raise report.invalid(f"There are no tools, so the tool choice cannot be {choice!r}", "tool_choice")
            return tools, choice
        case {"type": "allowed_tools"}:
            return _restrict(_inside(choice, "allowed_tools"), tools, toolbox, facts, report)
        case {"type": "function" | "custom" as kind}:
            name = _find(_inside(choice, kind), toolbox)
            if name is None or name not in tools:
                raise report.invalid("The tool choice names a tool that is not on offer", "tool_choice")
            return tools, _named(name, tools[name])
        case {"type": str() as kind}:
            raise report.unsupported(f"a tool choice of type {kind!r}", "tool_choice")
        case _:
            raise report.invalid("The tool choice has no type", "tool_choice")


def _restrict(
    asked: dict[str, Any], tools: dict[str, Tool], toolbox: Toolbox, facts: Facts, report: Report
) -> tuple[dict[str, Tool], Any]:
    mode, entries = asked.get("mode", "auto"), asked.get("tools")
    if mode not in _MODES or not isinstance(entries, list):
        raise report.invalid("allowed_tools needs a mode, auto or required, and a list of tools", "tool_choice")
    for entry in entries:
        if not any(name in tools for name in _allowed([entry], toolbox)) and not facts.drops_hosted_tools:
            raise report.invalid("The tool choice allows a tool that is not on offer", "tool_choice")
    allowed = {name: tools[name] for name in _allowed(entries, toolbox) if name in tools}
    if not allowed and mode == "required":
        raise report.invalid("The tool choice requires a call and allows none", "tool_choice")
    if not allowed:
        return tools, "none" if tools else None
    if not facts.takes_allowed_tools:
        return allowed, mode
    named = [_named(name, tool) for name, tool in allowed.items()]
    return tools, {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": named}}


def _named(name: str, tool: Tool) -> dict[str, Any]:
    return {"type": tool["type"], tool["type"]: {"name": name}}


def _allowed(entries: Any, toolbox: Toolbox) -> Iterator[str]:
    """The chat names of the tools in an `allowed_tools`, each once."""
    seen = set[str]()
    for entry in entries if isinstance(entries, list) else ():
        for name in _meant(entry, toolbox):
            if name not in seen:
                seen.add(name)
                yield name


def _meant(entry: Any, toolbox: Toolbox) -> Iterable[str]:
    match entry:
        case {"type": "namespace", "name": str() as namespace}:
            return toolbox.within(namespace)
        case {"type": "function" | "custom" as kind}:
            name = _find(_inside(entry, kind), toolbox)
            return () if name is None else (name,)
        case _:
            return ()


def _find(named: dict[str, Any], toolbox: Toolbox) -> str | None:
    name, namespace = named.get("name"), named.get("namespace")
    return toolbox.find(name, namespace if isinstance(namespace, str) else None) if isinstance(name, str) else None


def _inside(choice: dict[str, Any], kind: str) -> dict[str, Any]:
    """What chat nests under the type, and the Responses API does not."""
    nested = choice.get(kind)
    return nested if isinstance(nested, dict) else choice
