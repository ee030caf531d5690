"""Which tools the model may call: written for an upstream, and checked when it has answered."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from gateway.dialects.profiles.base import ConversationProfile
from gateway.dialects.report import Report
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.tools import FlatTool
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import (
    AllowedTools,
    HostedChoice,
    HostedTool,
    NamedTool,
    Namespace,
    ToolChoice,
    ToolReference,
)
from gateway.neutral.values import value

_PATH = "tool_choice"
_VERSION = re.compile(r"(_preview)?(_20\d\d_?\d\d_?\d\d)?$")


@value
class ToolSelection:
    """The tools that an upstream is shown, by their flat names, and the choice among them.

    `mode` is `none`, `auto`, `required` or a word of the upstream's own; None where there is nothing to choose, and
    where one tool is `named`, which has to be called. `allowed` are the tools that `mode` is about, for an upstream
    that knows such a choice; elsewhere the others are not shown at all.
    """

    tools: Mapping[str, FlatTool]
    mode: str | None = None
    named: FlatTool | None = None
    allowed: Sequence[FlatTool] = ()


def permitted(choice: ToolChoice | None, toolbox: Toolbox) -> frozenset[str] | None:
    """The flat names that the model may call; None where the choice forbids none."""
    match choice:
        case "none":
            return frozenset()
        case AllowedTools(tools=tools):
            return frozenset(_allowed(tools, toolbox))
        case NamedTool():
            name = toolbox.find(choice)
            return frozenset() if name is None else frozenset({name})
        case _:
            return None


def select_tools(
    prompt: Prompt,
    tools: Mapping[str, FlatTool],
    toolbox: Toolbox,
    profile: ConversationProfile,
    report: Report,
    *,
    takes_allowed: bool = False,
) -> ToolSelection:
    """The tools to be shown, and the choice among the prompt's. With `takes_allowed`, the upstream knows some of them.

    A choice that is about tools which were left out is reported as dropped.

    Raises `InvalidRequest` for a choice that cannot be met.
    """
    choice = prompt.tool_choice
    match choice:
        case None | "auto" | "none":
            return ToolSelection(tools, choice if tools else None)
        case str():
            if not tools and _left_out(prompt, report):
                report.drop(_PATH)
                return ToolSelection(tools)
            if not tools:
                raise report.invalid(f"There are no tools, so the tool choice cannot be {choice!r}", _PATH)
            return ToolSelection(tools, choice)
        case AllowedTools():
            selection = _restrict(choice, tools, toolbox, profile, report, _left_out(prompt, report))
            return selection if takes_allowed or not selection.allowed else _shown_alone(selection)
        case NamedTool():
            name = toolbox.find(choice)
            if name is None or name not in tools:
                raise report.invalid("The tool choice names a tool that is not on offer", _PATH)
            return ToolSelection(tools, named=tools[name])
        case HostedChoice(kind=kind):
            if _names_any(choice, _left_out(prompt, report)):
                report.drop(_PATH)
                return ToolSelection(tools, "auto" if tools else None)
            raise report.unsupported(f"a tool choice of type {kind!r}", _PATH)


def may_answer_in_text(choice: ToolChoice | None) -> bool:
    """Whether the choice lets the model answer without a call."""
    return choice in (None, "auto", "none") or (isinstance(choice, AllowedTools) and choice.mode == "auto")


def _left_out(prompt: Prompt, report: Report) -> list[HostedTool]:
    """The tools that only providers run, and that were left out."""
    dropped = set(report.dropped)
    return [tool for tool in prompt.tools if isinstance(tool, HostedTool) and tool.path in dropped]


def _names_any(reference: ToolReference, tools: Iterable[HostedTool]) -> bool:
    """Whether one of these tools is referred to, be it by the name of another version."""
    if not isinstance(reference, HostedChoice) or reference.kind is None:
        return False
    family = _VERSION.sub("", reference.kind)
    return any(tool.kind is not None and _VERSION.sub("", tool.kind) == family for tool in tools)


def _restrict(
    choice: AllowedTools,
    tools: Mapping[str, FlatTool],
    toolbox: Toolbox,
    profile: ConversationProfile,
    report: Report,
    left_out: Sequence[HostedTool],
) -> ToolSelection:
    for reference in choice.tools:
        if not profile.drops_hosted_tools and not any(name in tools for name in _names(reference, toolbox)):
            raise report.invalid("The tool choice allows a tool that is not on offer", _PATH)
    allowed = {name: tools[name] for name in _allowed(choice.tools, toolbox) if name in tools}
    if not allowed and any(_names_any(reference, left_out) for reference in choice.tools):
        report.drop(_PATH)
    elif not allowed and choice.mode == "required":
        raise report.invalid("The tool choice requires a call and allows none", _PATH)
    if not allowed:
        return ToolSelection(tools, "none" if tools else None)
    return ToolSelection(tools, choice.mode, allowed=[*allowed.values()])


def _shown_alone(selection: ToolSelection) -> ToolSelection:
    """The same choice for an upstream that is shown the allowed tools only."""
    return ToolSelection({tool.name: tool for tool in selection.allowed}, selection.mode)


def _allowed(references: Iterable[ToolReference], toolbox: Toolbox) -> Iterator[str]:
    """The flat names of the tools that are referred to, each once."""
    seen, namespaces = set[str](), set[str]()
    for reference in references:
        if isinstance(reference, Namespace):
            if reference.name in namespaces:
                continue
            namespaces.add(reference.name)
        for name in _names(reference, toolbox):
            if name not in seen:
                seen.add(name)
                yield name


def _names(reference: ToolReference, toolbox: Toolbox) -> Iterable[str]:
    match reference:
        case Namespace(name):
            return toolbox.within(name)
        case NamedTool():
            found = toolbox.find(reference)
            return () if found is None else (found,)
        case HostedChoice():
            return ()
