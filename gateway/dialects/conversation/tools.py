"""Writes tools in their chat form."""

from collections.abc import Sequence
from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.strictness import closed
from gateway.dialects.conversation.toolbox import Offer, Toolbox
from gateway.dialects.profiles import Facts

Tool = dict[str, Any]

INPUT = "input"
"""The one parameter of a function that stands in for a tool that takes free text."""

# What chat has no word for, though the answer is the same without it.
_UNKNOWN_TO_CHAT = ("output_schema", "defer_loading", "allowed_callers", "async")


def chat_tools(offered: Sequence[Offer], toolbox: Toolbox, facts: Facts, report: Report) -> dict[str, Tool]:
    """The tools on offer by their chat names. Raises `InvalidRequest` for those that only other providers run."""
    written: dict[str, Tool] = {}
    for offer in offered:
        if offer.kind is None:
            _pass_over(offer, facts, report)
            continue
        if not offer.name:
            raise report.invalid("A tool needs a name", f"{offer.path}.name")
        name = toolbox.name_of(*offer.identity)
        written[name] = _function(offer, name, report) if offer.kind == "function" else _custom(offer, name, facts)
    return written


def _pass_over(offer: Offer, facts: Facts, report: Report) -> None:
    kind = offer.tool.get("type") if isinstance(offer.tool, dict) else None
    if not facts.drops_hosted_tools:
        what = f"tools of type {kind!r}" if isinstance(kind, str) else "tools without a type"
        raise report.unsupported(what, f"{offer.path}.type" if "[" in offer.path else offer.path)
    report.leave_out(offer.path)


def _function(offer: Offer, name: str, report: Report) -> Tool:
    """A function in chat's nested form.

    An omitted `strict` means true in the Responses API, as far as the schema allows it, and false in chat. Where the
    definition is nested already it is chat's, and stays as it is.
    """
    if offer.is_nested:
        return {**offer.tool, "function": {**offer.definition, "name": name}}
    function = {key: value for key, value in offer.tool.items() if key != "type" and value is not None}
    for key in _UNKNOWN_TO_CHAT:
        if function.pop(key, None):
            report.leave_out(f"{offer.path}.{key}")
    if "strict" not in offer.tool:
        parameters = closed(function.get("parameters", {}))
        function["strict"] = parameters is not None
        if parameters:
            function["parameters"] = parameters
    elif "strict" not in function:
        function["strict"] = False
    return {"type": "function", "function": {**function, "name": name}}


def _custom(offer: Offer, name: str, facts: Facts) -> Tool:
    """A tool that takes free text; a function with one text, for an upstream that has no such tools."""
    definition = {"name": name}
    if offer.definition.get("description"):
        definition["description"] = offer.definition["description"]
    grammar = _grammar(offer.definition.get("format"))
    if not facts.takes_custom_tools:
        return _as_function(definition, grammar)
    custom: dict[str, Any] = dict(definition)
    if grammar is not None:
        custom["format"] = {"type": "grammar", "grammar": grammar}
    return {"type": "custom", "custom": custom}


def _grammar(given: Any) -> dict[str, Any] | None:
    """The grammar that the text must follow, flat as in the Responses API or nested as in chat."""
    if not isinstance(given, dict) or given.get("type") != "grammar":
        return None
    nested = given.get("grammar")
    source = nested if isinstance(nested, dict) else given
    return {key: source.get(key) for key in ("syntax", "definition")}


def _as_function(definition: dict[str, Any], grammar: dict[str, Any] | None) -> Tool:
    description = definition.get("description", "")
    if grammar is not None:
        rule = f"The {INPUT} must follow this {grammar['syntax']} grammar:\n{grammar['definition']}"
        description = f"{description}\n\n{rule}" if description else rule
    parameters = {
        "type": "object",
        "properties": {INPUT: {"type": "string", "description": "The whole input of the tool, as plain text."}},
        "required": [INPUT],
        "additionalProperties": False,
    }
    function = {"name": definition["name"], "description": description, "parameters": parameters}
    return {"type": "function", "function": {key: value for key, value in function.items() if value}}
