"""Writes a chat completions request: a native body with nothing lost, or one translated from the prompt."""

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.openai_chat.messages import chat_messages
from gateway.dialects.openai_chat.provider_parameters import adapt_body, is_adapted
from gateway.dialects.openai_chat.settings import has_two_limits, write_settings
from gateway.dialects.openai_chat.structured_output import is_unenforced
from gateway.dialects.openai_chat.tools import offer_tools
from gateway.dialects.openai_chat.types import Request, ToolOffer
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import Report
from gateway.dialects.structured_output import require_known_format
from gateway.dialects.turns.kept_tools import KeptTools, toolbox_of
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject, object_or_empty, written
from gateway.neutral.prompt import Prompt

PATH = "/chat/completions"
DIALECT = ChatProfile.dialect
_kept: KeptTools[ToolOffer] = KeptTools()


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what it cannot be sent."""
    native, profile = native_body(generation), ChatProfile.own(origin.profile)
    if native is not None:
        body = native.copy()
        _address(body, generation, origin.model, profile)
        if not is_adapted(profile) and not has_two_limits(body):
            return Outbound(PATH, written(body))
        report = Report.of_body(origin)
    else:
        report = Report(generation.prompt, origin)
        body = _translated(generation.prompt, profile, report)
        _address(body, generation, origin.model, profile)
    body = adapt_body(body, profile, origin, report)
    return Outbound(PATH, written(body), report.dropped)


def native_body(generation: Generation) -> JsonObject | None:
    """The client's own body, if it is one of this dialect."""
    return generation.body if generation.dialect == DIALECT else None


def can_pass_on(generation: Generation, origin: Origin) -> bool:
    """Whether the answer to a native body may go to the client as it is.

    Not where the answer has to be validated for what the upstream does not enforce. The body is native, anyway.
    """
    body = native_body(generation)
    if body is None:
        return False
    response_format, choice = body.get("response_format"), body.get("tool_choice")
    if response_format is None and choice is None:
        return True
    return not is_unenforced(response_format, choice, ChatProfile.own(origin.profile))


def _address(body: JsonObject, generation: Generation, model: str, profile: ChatProfile) -> None:
    """Write what the gateway itself decides: the model's name there, the metadata, whether to stream."""
    body["model"] = model
    if generation.metadata:
        body["metadata"] = {**generation.metadata}
    else:
        body.pop("metadata", None)
    if generation.is_stream:
        body["stream"] = True
        options = body.get("stream_options")
        if profile.stream_usage and (options is None or isinstance(options, dict)):
            body["stream_options"] = {**(options or {}), "include_usage": True}


def _translated(prompt: Prompt, profile: ChatProfile, report: Report) -> JsonObject:
    require_known_format(prompt, report)
    toolbox = toolbox_of(prompt)
    request: Request = {"messages": chat_messages(prompt, toolbox, profile, report)}
    if not request["messages"]:
        raise report.empty()
    if prompt.tools or prompt.tool_choice is not None:
        offer = _kept.get(prompt, profile, report, lambda part: offer_tools(prompt, toolbox, profile, part))
        request = {**request, **offer}
    if prompt.output_format is not None:
        request["response_format"] = prompt.output_format.body
    body = object_or_empty(request)
    if prompt.settings.values:
        body = write_settings(prompt.settings, profile, report) | body
    if "tools" not in body:
        # It has no meaning without tools, and OpenAI refuses it then.
        body.pop("parallel_tool_calls", None)
    return body
