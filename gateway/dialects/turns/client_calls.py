"""Gives the calls of an answer the names, namespaces and kinds that the client knows."""

import json

from gateway.dialects.base import Origin
from gateway.dialects.turns.tool_choice import permitted
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.tools import INPUT
from gateway.errors import UpstreamDown
from gateway.neutral.events import ToolCallBegan
from gateway.neutral.json import Json
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import CallKind, CustomTool
from gateway.neutral.values import lazy


class ClientCalls:
    """Turns the calls of one answer back into calls of the client's tools, and lets no forbidden one through."""

    def __init__(self, prompt: Prompt, origin: Origin) -> None:
        self._prompt = prompt
        self._provider = origin.provider

    @lazy
    def _toolbox(self) -> Toolbox:
        # Most answers call nothing, and need none.
        return Toolbox(self._prompt.tools)

    @lazy
    def _permitted(self) -> frozenset[str] | None:
        return permitted(self._prompt.tool_choice, self._toolbox)

    def begin(self, name: str, index: int, call_id: str, choice: int, kind: CallKind = "function") -> ToolCallBegan:
        """The beginning of a call of the tool with this flat name, which the upstream called as a tool of `kind`.

        Raises `UpstreamDown` for a tool that the request's tool choice rules out.
        """
        if self._permitted is not None and name not in self._permitted:
            message = f"{self._provider} called a tool that the request's tool_choice does not allow."
            raise UpstreamDown(message, code="upstream_bad_reply")
        tool = self._toolbox.tool(name)
        if tool is None:
            return ToolCallBegan(index, call_id, name, choice, kind)
        own: CallKind = "custom" if isinstance(tool, CustomTool) else "function"
        return ToolCallBegan(index, call_id, tool.name, choice, own, tool.namespace)


def is_wrapped(call: ToolCallBegan, kind: CallKind = "function") -> bool:
    """Whether the free text for a tool comes inside a function's arguments; `kind` is that of the upstream's call."""
    return call.kind == "custom" and kind == "function"


def free_text(arguments: str) -> str:
    """The free text in the arguments of a function that stands in for a tool: the text itself, if it is no JSON."""
    try:
        # Small models write line breaks into JSON as they are.
        document: Json = json.loads(arguments, strict=False)
    except (ValueError, RecursionError):
        return arguments
    if isinstance(document, str):
        return document
    if not isinstance(document, dict):
        return arguments
    text = document.get(INPUT) if len(document) != 1 else next(iter(document.values()))
    if isinstance(text, str):
        return text
    return arguments if document else ""
