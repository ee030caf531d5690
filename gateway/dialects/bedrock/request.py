"""Writes a prompt as a Converse request."""

from urllib.parse import quote

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.bedrock.messages import MessageWriter
from gateway.dialects.bedrock.settings import SettingsWriter
from gateway.dialects.bedrock.structured_output import instruction, output_config, plan_format
from gateway.dialects.bedrock.tools import ToolConfigWriter
from gateway.dialects.bedrock.types import ContentBlock, ConverseRequest
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.report import Report
from gateway.dialects.structured_output import require_known_format
from gateway.dialects.turns.kept_tools import toolbox_of
from gateway.errors import ModelNotFound
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject, written

_MOST_CACHE_POINTS = 4


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what Bedrock cannot do, `ModelNotFound` for dots."""
    if not origin.model.strip("."):
        # As a segment of a path, dots lead out of it.
        raise ModelNotFound(f"{origin.provider} has no model {origin.model!r}.")
    report = Report(generation.prompt, origin)
    request, settings = _body(generation, origin, report)
    # The id is one segment of the path, though it may be an ARN with slashes.
    path = f"/model/{quote(origin.model, safe='')}/converse{'-stream' if generation.is_stream else ''}"
    text = written({**request, **settings})
    if text.count(b'"cachePoint"') > _MOST_CACHE_POINTS:
        _limit_cache_points(request)
        text = written({**request, **settings})
    return Outbound(path, text, report.dropped)


def _body(generation: Generation, origin: Origin, report: Report) -> tuple[ConverseRequest, JsonObject]:
    """The body, and the settings that belong beside its fields."""
    prompt, profile = generation.prompt, BedrockProfile.own(origin.profile)
    if prompt.output_format is not None:
        require_known_format(prompt, report, is_rewritten=True)
    toolbox = toolbox_of(prompt)
    messages = MessageWriter(profile, report)
    messages.write(prompt, toolbox)
    plan = plan_format(prompt, profile)
    tools = ToolConfigWriter(profile, report)
    if prompt.tools or prompt.tool_choice is not None or messages.called or plan is not None:
        tools.write(prompt, toolbox, messages.called, plan)
    system = messages.system + tools.instructions
    if plan is not None and plan.method == "prompt":
        system.append({"text": instruction(plan)})
    request: ConverseRequest = {"messages": messages.messages}
    if system:
        request["system"] = system
    if tools.config is not None:
        request["toolConfig"] = tools.config
    if plan is not None and plan.method == "native":
        request["outputConfig"] = output_config(plan)
    # Reasoning by a budget requires its own reasoning in a loop of calls, and rules out forced calls.
    has_budget = profile.thinking is not None and profile.thinking.form == "budget"
    can_reason = not (has_budget and (tools.is_forced or messages.lacks_reasoning))
    settings = SettingsWriter(prompt.settings, profile, report).write(generation.metadata or {}, can_reason=can_reason)
    return request, settings


def _limit_cache_points(request: ConverseRequest) -> None:
    """Keep the cache points that save the most: those of tools and system, then the last ones of the messages."""
    tools = request["toolConfig"]["tools"] if "toolConfig" in request else ()
    left = _MOST_CACHE_POINTS - sum("cachePoint" in tool for tool in tools)
    left -= sum("cachePoint" in block for block in request.get("system", ()))
    for message in reversed(request["messages"]):
        kept: list[ContentBlock] = []
        for block in reversed(message["content"]):
            if "cachePoint" in block:
                left -= 1
                if left < 0:
                    continue
            kept.append(block)
        message["content"] = kept[::-1]
