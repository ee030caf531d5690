"""Writes a Generation as a request for Cohere's chat."""

from collections.abc import Sequence
from typing import Any

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.cohere.fields import cohere_fields, form_field
from gateway.dialects.cohere.messages import Messages
from gateway.dialects.cohere.tools import shown_tools
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import form_of, require_known_form, settings_of
from gateway.dialects.conversation.toolbox import Offer, Toolbox, offers
from gateway.dialects.conversation.tools import Tool
from gateway.dialects.depth import written
from gateway.generation import Generation

PATH = "/v2/chat"
DIALECT = "cohere"
_KNOWN = ("name", "description", "parameters")
_NO_PARAMETERS = {"type": "object", "properties": {}}


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot be asked."""
    report = Report(generation, origin.provider)
    return Outbound(PATH, written(_body(generation, origin, report)), report.dropped)


def _body(generation: Generation, origin: Origin, report: Report) -> dict[str, Any]:
    facts = origin.facts
    settings = settings_of(generation)
    require_known_form(settings, report)
    offered = offers(generation, report)
    toolbox = Toolbox(offered)
    form = form_of(settings.get("response_format"))
    body: dict[str, Any] = {"model": origin.model, "stream": generation.is_stream}
    body |= cohere_fields(settings, facts, report)
    body["messages"] = Messages(generation, toolbox, facts, report).write()
    shown = shown_tools(generation, offered, toolbox, form, facts, report)
    if shown.tools:
        body["tools"] = [_tool(tool) for tool in shown.tools]
        if _is_strict(shown.tools, offered, report):
            body["strict_tools"] = True
        if shown.choice is not None:
            body["tool_choice"] = shown.choice
    # Cohere takes no safety mode where there is something else to rely on.
    if (shown.tools or body.get("documents")) and body.pop("safety_mode", None) is not None:
        report.leave_out_field("safety_mode")
    if shown.way == "native":
        body["response_format"] = form_field(form)
    return body


def _tool(tool: Tool) -> Tool:
    function = {name: tool["function"][name] for name in _KNOWN if tool["function"].get(name) is not None}
    return {"type": "function", "function": {"parameters": _NO_PARAMETERS, **function}}


def _is_strict(tools: Sequence[Tool], offered: Sequence[Offer], report: Report) -> bool:
    """Whether all tools can be held to their schemas: it is all or none of them, and each must require something."""
    functions = [tool["function"] for tool in tools]
    if all(function.get("strict") and _requires(function.get("parameters")) for function in functions):
        return True
    for offer in offered:
        if offer.kind == "function" and offer.definition.get("strict") is True:
            report.leave_out(f"{offer.path}.strict")
    return False


def _requires(parameters: Any) -> bool:
    return isinstance(parameters, dict) and bool(parameters.get("required"))
