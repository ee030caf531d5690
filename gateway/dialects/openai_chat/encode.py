"""Writes a Generation as a chat completions request."""

from typing import Any

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import require_known_form, settings_of
from gateway.dialects.conversation.tool_choice import choose
from gateway.dialects.conversation.toolbox import Toolbox, offers
from gateway.dialects.conversation.tools import chat_tools
from gateway.dialects.depth import written
from gateway.dialects.openai_chat.conversation import Conversation
from gateway.dialects.openai_chat.fit import fit
from gateway.dialects.openai_chat.promises import is_left_to_chance
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

PATH = "/chat/completions"
DIALECT = "openai-chat"


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot be asked."""
    body, dropped = _encoded(generation, origin)
    return Outbound(PATH, written(body), dropped)


def passes_on(generation: Generation, facts: Facts) -> bool:
    """Whether the answer to a body of chat's own may come back as it is.

    Not where the upstream lacks what has to be made up for by looking at the answer. The body goes as it came, anyway.
    """
    native = generation.native
    if native is None or native.dialect != DIALECT:
        return False
    return not is_left_to_chance(native.body.get("response_format"), native.body.get("tool_choice"), facts)


def _encoded(generation: Generation, origin: Origin) -> tuple[dict[str, Any], list[str]]:
    """The body, and what it had to leave out: a native one with nothing lost, a neutral one translated."""
    left_out: list[str] = []
    native = generation.native
    if native is not None and native.dialect == DIALECT:
        return fit(_addressed(dict(native.body), generation, origin), origin, left_out), left_out
    report = Report(generation, origin.provider)
    translated = _translated(generation, origin.facts, report)
    body = fit(_addressed(translated, generation, origin), origin, left_out, report.field)
    for name in left_out:
        # What its messages lack, a client of another dialect has never had.
        if not name.startswith("messages["):
            report.leave_out_field(name)
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
    body = settings_of(generation)
    require_known_form(body, report)
    offered = offers(generation, report)
    toolbox = Toolbox(offered)
    body["messages"] = Conversation(generation, toolbox, facts, report).write()
    if not body["messages"]:
        raise report.nothing_said()
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
