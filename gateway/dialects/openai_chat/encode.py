"""Writes a Generation as a chat completions request."""

from typing import Any

import orjson

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.openai_chat.conversation import Conversation
from gateway.dialects.openai_chat.fit import fit
from gateway.dialects.openai_chat.report import Report
from gateway.dialects.openai_chat.tool_choice import choose
from gateway.dialects.openai_chat.toolbox import Toolbox, offers
from gateway.dialects.openai_chat.tools import chat_tools
from gateway.errors import InvalidRequest
from gateway.generation import Generation
from gateway.providers.row import Facts

PATH = "/chat/completions"
DIALECT = "openai-chat"


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot be asked."""
    try:
        body, dropped = _encoded(generation, origin)
        return Outbound(PATH, orjson.dumps(body), dropped)
    except orjson.JSONEncodeError:
        # Read it can be, written it cannot.
        raise InvalidRequest("The body is nested too deeply.", code="invalid_value") from None


def _encoded(generation: Generation, origin: Origin) -> tuple[dict[str, Any], list[str]]:
    """The body, and what it had to leave out: a native one with nothing lost, a neutral one translated."""
    native = generation.native
    left_out: list[str] = []
    if native is not None and native.dialect == DIALECT:
        return fit(_addressed(dict(native.body), generation, origin), origin, left_out), left_out
    report = Report(generation, origin.provider)
    translated = _translated(generation, origin.facts, report)
    body = fit(_addressed(translated, generation, origin), origin, left_out)
    for name in left_out:
        report.leave_out(_asked_as(name, generation.asked))
    return body, report.dropped


def _addressed(body: dict[str, Any], generation: Generation, origin: Origin) -> dict[str, Any]:
    """The body with what the gateway itself decides: the model's name there, the metadata, the kind of answer."""
    body["model"] = origin.model
    if generation.metadata:
        body["metadata"] = generation.metadata
    else:
        body.pop("metadata", None)
    if generation.is_stream:
        body["stream"] = True
        options = body.get("stream_options")
        if origin.facts.stream_usage and (options is None or isinstance(options, dict)):
            body["stream_options"] = {**(options or {}), "include_usage": True}
    return body


def _translated(generation: Generation, facts: Facts, report: Report) -> dict[str, Any]:
    body = dict(generation.fields)
    _configure(body, generation)
    offered = offers(generation, report)
    toolbox = Toolbox(offered)
    body["messages"] = Conversation(generation, toolbox, facts, report).write()
    if offered or generation.tool_choice is not None:
        tools = chat_tools(offered, toolbox, facts, report)
        shown, choice = choose(generation.tool_choice, tools, toolbox, facts, report)
        if shown:
            body["tools"] = list(shown.values())
        if choice is not None:
            body["tool_choice"] = choice
    if "tools" not in body:
        # It has no meaning without tools, and OpenAI refuses it then.
        body.pop("parallel_tool_calls", None)
    return body


def _configure(body: dict[str, Any], generation: Generation) -> None:
    """Put in the settings that items change: those of the history give way to the request's own."""
    for number, item in enumerate(generation.items):
        if item.get("type") != "configuration_update":
            continue
        settings = _settings(item)
        if number < generation.history:
            settings = {name: value for name, value in settings.items() if name not in generation.fields}
        body |= settings


def _settings(update: dict[str, Any]) -> dict[str, Any]:
    """What a `configuration_update` sets, under its chat names."""
    settings: dict[str, Any] = {}
    match update.get("reasoning"):
        case {"effort": str() as effort}:
            settings["reasoning_effort"] = effort
    match update.get("text"):
        case {"format": {"type": "json_schema", **schema}}:
            settings["response_format"] = {"type": "json_schema", "json_schema": schema}
        case {"format": {"type": str()} as form}:
            settings["response_format"] = form
    return settings


# Settings whose chat names the client has not used.
_ASKED_AS = {
    "max_completion_tokens": "max_output_tokens",
    "max_tokens": "max_output_tokens",
    "reasoning_effort": "reasoning.effort",
    "response_format": "text.format",
    "verbosity": "text.verbosity",
}


def _asked_as(name: str, asked: dict[str, Any]) -> str:
    """The name by which the client asked for a field."""
    return name if name in asked else _ASKED_AS.get(name, name)
