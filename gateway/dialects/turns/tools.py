"""The tools of a request as an upstream without namespaces is offered them: flat names, free text as a function."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import replace

from gateway.dialects.profiles.base import ConversationProfile
from gateway.dialects.report import Report
from gateway.dialects.strictness import closed
from gateway.dialects.turns.toolbox import CallableTool, Toolbox
from gateway.errors import InvalidRequest
from gateway.neutral.json import JsonObject, object_or_none
from gateway.neutral.paths import field_path
from gateway.neutral.tools import CustomTool, FunctionTool, Grammar, HostedTool, Tool
from gateway.neutral.values import value

INPUT = "input"
"""The one parameter of a function that stands in for a tool that takes free text."""

_HINT = "With the setting `hosted_tools: drop`, the gateway leaves such tools out."
# What only the Responses API knows of a tool, though the answer is the same without it.
_DISPENSABLE = ("output_schema", "defer_loading", "allowed_callers", "async")

# What a tool has anyway.
_DEFAULTS: dict[str, JsonObject] = {"format": {"type": "text"}}


@value
class FlatTool:
    """One callable tool under its flat `name`; `tool` is what the client offered.

    `parameters` is the schema of a function; where `is_custom` there is none, but perhaps a grammar. A custom tool for
    an upstream that has no such tools is a function here, whose one parameter is the text.
    """

    name: str
    tool: CallableTool
    description: str = ""
    parameters: JsonObject | None = None
    strict: bool | None = None
    """None where the client did not say, and its API assumes nothing."""
    is_custom: bool = False
    grammar: Grammar | None = None
    extra: JsonObject | None = None
    """Fields of the client's that are not known: for an upstream that has the same tool."""


def flat_tools(
    tools: Iterable[Tool],
    toolbox: Toolbox,
    profile: ConversationProfile,
    report: Report,
    own: Set[str] = frozenset(),
    *,
    takes_custom: bool = False,
) -> dict[str, FlatTool]:
    """The callable tools by their flat names. `own` are unknown fields of which the dialect itself takes care.

    With `takes_custom`, tools that take free text stay what they are.

    Raises `InvalidRequest` for tools that only other providers run, for those without a name, and for two of one name.
    """
    flat: dict[str, FlatTool] = {}
    for tool in tools:
        if isinstance(tool, HostedTool):
            drop_hosted(tool, profile, report)
            continue
        if not tool.name:
            raise report.invalid("A tool needs a name", tool.name_path)
        name = toolbox.name_of(tool.namespace, tool.name)
        if tool.namespace_description:
            words = with_words(tool.namespace_description, tool.description or "")
            tool = replace(tool, description=words, namespace_description="")
        if name in flat and _are_two(flat[name].tool, tool):
            raise report.invalid(f"Another tool is called {tool.name!r}", tool.name_path)
        if isinstance(tool, FunctionTool):
            extra = _extra(tool, report, own, travels=profile.passes_unknown)
            flat[name] = _function(tool, name, extra)
            continue
        # None of them is written, not even for an upstream that has such tools.
        _extra(tool, report, own, travels=False)
        if takes_custom:
            flat[name] = FlatTool(name, tool, tool.description or "", is_custom=True, grammar=tool.grammar)
        else:
            flat[name] = _custom(tool, name)
    return flat


def _are_two(tool: CallableTool, later: CallableTool) -> bool:
    """Whether they are different tools. One that the history offers may replace an earlier one."""
    if "[" not in tool.path or "[" not in later.path:
        return False
    same_place = replace(later, path=tool.path, name_path=tool.name_path, cache=tool.cache)
    return type(tool) is not type(later) or same_place != tool


def drop_hosted(tool: HostedTool, profile: ConversationProfile, report: Report) -> None:
    """Leave out a tool that only some other provider runs. Raises `InvalidRequest` where such tools are refused."""
    what = f"tools of type {tool.kind!r}" if tool.kind is not None else "tools without a type"
    leave_out_hosted(tool.path, report.unsupported(what, field_path(tool.path, "type")), profile, report)


def leave_out_hosted(path: str, reason: InvalidRequest, profile: ConversationProfile, report: Report) -> None:
    """Leave out a tool that only providers run, because the upstream lacks it or an option of it.

    Raises the reason, and names the setting, where such tools are refused.
    """
    if not profile.drops_hosted_tools:
        raise reason.replaced(message=f"{reason.message} {_HINT}")
    report.drop(path)


def _extra(tool: CallableTool, report: Report, own: Set[str], *, travels: bool) -> JsonObject:
    """The unknown fields that go to the upstream. Others are reported."""
    sent: JsonObject = {}
    for key, given in tool.extra.items():
        if key not in own and (key in _DISPENSABLE or not travels):
            if given != _DEFAULTS.get(key) and (given or key not in _DISPENSABLE):
                report.drop(field_path(tool.path, key))
        else:
            sent[key] = given
    return sent


def _function(tool: FunctionTool, name: str, extra: JsonObject) -> FlatTool:
    """A function. An omitted `strict` means true in the Responses API, as far as the schema allows it."""
    parameters, strict = tool.parameters, tool.strict
    if tool.is_strict_by_default:
        fitted = object_or_none(closed(parameters if parameters is not None else {}))
        strict, parameters = fitted is not None, fitted or parameters
    return FlatTool(name, tool, tool.description or "", parameters, strict, extra=extra)


def _custom(tool: CustomTool, name: str) -> FlatTool:
    """A function that stands in for a tool that takes free text."""
    description, grammar = tool.description or "", tool.grammar
    if grammar is not None:
        rule = f"The {INPUT} must follow this {grammar.syntax} grammar:\n{grammar.definition}"
        description = with_words(description, rule)
    parameters: JsonObject = {
        "type": "object",
        "properties": {INPUT: {"type": "string", "description": "The whole input of the tool, as plain text."}},
        "required": [INPUT],
        "additionalProperties": False,
    }
    return FlatTool(name, tool, description, parameters)


def with_words(description: str, words: str) -> str:
    """The description of a tool with more words below it, where there are any."""
    return f"{description}\n\n{words}" if description and words else description or words


def callable_tools(tools: Sequence[Tool]) -> list[CallableTool]:
    """The tools that the client runs."""
    return [tool for tool in tools if not isinstance(tool, HostedTool)]
