"""Writes a Generation as a Converse request."""

from typing import Any
from urllib.parse import quote

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.bedrock.blocks import Block
from gateway.dialects.bedrock.conversation import Conversation
from gateway.dialects.bedrock.form import form_plan
from gateway.dialects.bedrock.settings import SettingsWriter
from gateway.dialects.bedrock.tools import ToolConfig
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import require_known_form, settings_of
from gateway.dialects.conversation.toolbox import Toolbox, offers
from gateway.dialects.depth import written
from gateway.errors import ModelNotFound
from gateway.generation import Generation

_MOST_CACHE_POINTS = 4


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot be asked, `ModelNotFound` for dots."""
    if not origin.model.strip("."):
        # As a segment of a path, dots lead out of it.
        raise ModelNotFound(f"{origin.provider} has no model {origin.model!r}.")
    report = Report(generation, origin.provider)
    body = _encoded(generation, origin, report)
    # The id is one segment of the path, though it may be an ARN with slashes.
    path = f"/model/{quote(origin.model, safe='')}/converse{'-stream' if generation.is_stream else ''}"
    text = written(body)
    if text.count(b'"cachePoint"') > _MOST_CACHE_POINTS:
        _limit_cache_points(body)
        text = written(body)
    return Outbound(path, text, report.dropped)


def _encoded(generation: Generation, origin: Origin, report: Report) -> dict[str, Any]:
    facts = origin.facts
    settings = settings_of(generation)
    require_known_form(settings, report)
    offered = offers(generation, report)
    toolbox = Toolbox(offered)
    conversation = Conversation(generation, toolbox, facts, report)
    conversation.write()
    plan = form_plan(settings, facts)
    tools = ToolConfig(generation, toolbox, facts, report)
    tools.write(offered, conversation.called, plan)
    words = [*tools.words, *([plan.words()] if plan.way == "words" else [])]
    system = [*conversation.system, *({"text": text} for text in words)]
    body: dict[str, Any] = {"messages": conversation.messages}
    if system:
        body["system"] = system
    if tools.config:
        body["toolConfig"] = tools.config
    if plan.way == "native":
        body["outputConfig"] = plan.output_config()
    # Thinking by a budget wants its own reasoning back in a loop of calls, and rules out forced calls.
    thinks_freely = facts.thinking is None or facts.thinking.form != "budget"
    can_think = thinks_freely or not (tools.is_forced or conversation.is_thoughtless_loop)
    SettingsWriter(generation, facts, report).write(settings, body, can_think=can_think)
    return body


def _limit_cache_points(body: dict[str, Any]) -> None:
    """Keep the marks that save the most: those of tools and system, then the last ones of the messages."""
    left = _MOST_CACHE_POINTS
    fixed: list[list[Block]] = [body.get("toolConfig", {}).get("tools", []), body.get("system", [])]
    spoken: list[list[Block]] = [message["content"] for message in reversed(body["messages"])]
    for blocks in fixed:
        left -= sum("cachePoint" in block for block in blocks)
    for blocks in spoken:
        for place in reversed(range(len(blocks))):
            if "cachePoint" in blocks[place]:
                left -= 1
                if left < 0:
                    del blocks[place]
