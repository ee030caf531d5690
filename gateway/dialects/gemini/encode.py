"""Writes a Generation as a generateContent request."""

from typing import Any
from urllib.parse import quote

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.conversation.content import ContentReader
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import require_known_form, settings_of
from gateway.dialects.conversation.toolbox import Toolbox, offers
from gateway.dialects.conversation.turns import Turns
from gateway.dialects.depth import written
from gateway.dialects.gemini.config import ConfigWriter, form_wanted
from gateway.dialects.gemini.contents import STATES, Contents
from gateway.dialects.gemini.forms import with_tools
from gateway.dialects.gemini.tools import Tooling, ToolWriter
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

_SUMMARY = "reasoning.summary"
_TUNED = "tunedModels/"


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot be asked."""
    report = Report(generation, origin.provider)
    body, headers = _encoded(generation, origin.facts, report)
    path = _path(origin.model, is_stream=generation.is_stream)
    return Outbound(path, written(body), report.dropped, headers)


def _path(model: str, *, is_stream: bool) -> str:
    name = model.removeprefix("models/")
    place = f"/tunedModels/{quote(name.removeprefix(_TUNED), safe='')}" if name.startswith(_TUNED) else ""
    place = place or f"/models/{quote(name, safe='')}"
    return f"{place}:streamGenerateContent?alt=sse" if is_stream else f"{place}:generateContent"


def _encoded(generation: Generation, facts: Facts, report: Report) -> tuple[dict[str, Any], dict[str, str]]:
    """The body, and the headers that it needs."""
    settings = settings_of(generation)
    require_known_form(settings, report)
    offered = offers(generation, report)
    toolbox = Toolbox(offered)
    turns = Turns(generation, toolbox, ContentReader(facts, report), report, STATES)
    said = Contents(turns, facts, report).read()
    tooling = Tooling()
    if offered or generation.tool_choice is not None or "web_search_options" in settings:
        tooling = ToolWriter(toolbox, facts, report).write(offered, generation.tool_choice, settings)
    form = form_wanted(settings)
    if form.kind != "text" and tooling.tools and not facts.takes_forms_with_tools:
        form = with_tools(tooling, form, facts, report)
    writer = ConfigWriter(settings, facts, report)
    writer.write(shows_reasoning=_asks_summary(generation, facts, report), form=form)
    body: dict[str, Any] = {"contents": said.contents}
    if said.system:
        body["systemInstruction"] = {"parts": said.system}
    if tooling.tools:
        body["tools"] = tooling.tools
    if tooling.config:
        body["toolConfig"] = tooling.config
    if writer.config:
        body["generationConfig"] = writer.config
    return body | writer.body, writer.headers


def _asks_summary(generation: Generation, facts: Facts, report: Report) -> bool:
    """Whether the client wants to read the reasoning. Other dialects cannot be told so; this one can."""
    match generation.asked.get("reasoning"):
        case {"summary": str()} if facts.thinking is not None:
            report.take_back(_SUMMARY)
            return True
        case _:
            return False
