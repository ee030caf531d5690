"""Writes a prompt as a request for a message."""

from collections.abc import Sequence

from gateway.dialects.anthropic.content import MOST_CACHE_CONTROLS, is_cached, keep_longer, limit_cache_controls
from gateway.dialects.anthropic.hosted_tools import betas
from gateway.dialects.anthropic.messages import MessageWriter
from gateway.dialects.anthropic.settings import Thinking, begin_body, write_settings
from gateway.dialects.anthropic.structured_output import plan_format, request_format
from gateway.dialects.anthropic.tools import NO_TOOLS, ToolOffer, offer_tools
from gateway.dialects.anthropic.types import RequestBody, Tool, ToolChoice
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.cache_control import CacheOptions
from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings
from gateway.dialects.structured_output import require_known_format
from gateway.dialects.turns.kept_tools import KeptTools, toolbox_of
from gateway.neutral.generation import Generation
from gateway.neutral.json import Json, written
from gateway.neutral.prompt import Prompt
from gateway.neutral.settings import CACHE_OPTIONS

VERSION = "2023-06-01"
_PATH = "/v1/messages"
# The lifetimes of its cache are 5 minutes, without a word, and an hour, which costs more (shared facts on providers,
# section 4).
_SHORTEST, _LONGEST = "5m", "1h"
_NO_LONGER = ("30m", _LONGEST)
# OpenAI's words for more than the shortest. Nothing is paid for a word that nobody knows.
_LONGER = (*_NO_LONGER, "12h")
_BY_FORCE = frozenset({"required", "named"})
_kept: KeptTools[ToolOffer] = KeptTools()


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot do."""
    prompt = generation.prompt
    report = Report(prompt, origin)
    body = _body(prompt, origin, report)
    if generation.is_stream:
        body["stream"] = True
    text = written(body)
    # Only a request with many has to be looked at.
    if text.count(b'"cache_control"') > MOST_CACHE_CONTROLS and limit_cache_controls(body):
        report.drop("cache_control")
        text = written(body)
    headers = {"anthropic-version": VERSION}
    if "tools" in body and (names := betas(body["tools"])):
        headers["anthropic-beta"] = ",".join(names)
    return Outbound(_PATH, text, report.dropped, headers)


def _body(prompt: Prompt, origin: Origin, report: Report) -> RequestBody:
    """The body. What it has to leave out is in the report, in the order in which it is left out."""
    profile = AnthropicProfile.own(origin.profile)
    pending = PendingSettings(prompt.settings, profile, report)
    if prompt.output_format is not None:
        require_known_format(prompt, report, is_rewritten=True)
    toolbox = toolbox_of(prompt)
    offer, search = NO_TOOLS, pending.take("web_search_options")
    if prompt.tools or prompt.tool_choice is not None or search is not None:
        offer = _kept.get(
            prompt,
            profile,
            report,
            lambda part: offer_tools(prompt, search, toolbox, profile, part),
            is_all=search is None,
        )
    conversation = MessageWriter(prompt, toolbox, profile, report)
    thinking = Thinking(pending, profile, report)
    if thinking.has_budget and (offer.is_forced or not conversation.allows_budget):
        thinking.drop()
    system = conversation.system
    body = begin_body(origin.model, system, conversation.messages, pending, profile)
    if prompt.output_format is not None and (plan := plan_format(prompt, profile)) is not None:
        can_force = profile.tool_choices >= _BY_FORCE and not thinking.has_budget
        offer = request_format(plan, offer, body, can_force=can_force)
    _write_tools(offer, conversation, pending.take("parallel_tool_calls"), body)
    thinking.write(body)
    cache = CacheOptions(pending, report) if CACHE_OPTIONS in prompt.settings.values else None
    write_settings(pending, body, profile)
    system += [{"type": "text", "text": text} for text in offer.instructions]
    if not system:
        del body["system"]
    elif len(system) == 1 and len(system[0]) == 2:
        body["system"] = system[0]["text"]
    if cache is not None and cache.ttl is not None:
        _keep(body, cache)
    return body


def _keep(body: RequestBody, cache: CacheOptions) -> None:
    """Have the cache kept as long as requested, or as long as it can be, which is reported."""
    if cache.ttl in _LONGER:
        is_met = keep_longer(body, _LONGEST) and cache.ttl in _NO_LONGER
    else:
        is_met = cache.ttl == _SHORTEST and is_cached(body)
    if not is_met:
        cache.drop_ttl()


def _write_tools(offer: ToolOffer, conversation: MessageWriter, parallel: Json, body: RequestBody) -> None:
    """Add tools and choice. A conversation that calls tools needs them, though none is on offer any more."""
    tools: Sequence[Tool] = offer.tools
    choice = offer.choice
    if not tools:
        tools = [{"name": name, "input_schema": {"type": "object"}} for name in conversation.called_tools]
        choice = {"type": "none"}
    if not tools:
        return
    if parallel is False and (choice is None or choice["type"] != "none"):
        single: ToolChoice = {"type": "auto"} if choice is None else choice
        choice = {**single, "disable_parallel_tool_use": True}
    # Those on offer are kept, and what is written here is changed when there are too many cache controls.
    body["tools"] = [tool.copy() for tool in tools]
    if choice is not None:
        body["tool_choice"] = choice
