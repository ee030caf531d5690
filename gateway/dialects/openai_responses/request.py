"""Writes a request for a Response."""

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.openai_responses.configuration import apply_updates
from gateway.dialects.openai_responses.messages import sendable_items, write_items
from gateway.dialects.openai_responses.provider_parameters import adapt_body
from gateway.dialects.openai_responses.settings import write_settings
from gateway.dialects.openai_responses.tools import write_tool_choice, write_tools
from gateway.dialects.openai_responses.types import Request
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings
from gateway.neutral.generation import Generation
from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty, object_or_none, objects_in, written
from gateway.neutral.prompt import Prompt
from gateway.neutral.settings import BACKGROUND_OPTIONS, CACHE_OPTIONS, PLACES, RESPONSES_RULES

DIALECT = "openai-responses"
PATH = "/responses"
COMPACTION_PATH = "/responses/compact"
_COMPACTED = (
    *("model", "input", "instructions", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
    "service_tier",
)
"""What a request for a compaction consists of (shared facts on the Responses API, 1.1)."""
_TRIGGER = "compaction_trigger"
# The gateway's own state and work: an upstream would look for ids that only the gateway has.
_COMPARED = "comparison_response_id"
_OURS = ("previous_response_id", "conversation", "background")


def encode_request(generation: Generation, origin: Origin) -> Outbound:
    """The request for the upstream. Raises `InvalidRequest` for what the upstream cannot be sent."""
    if generation.dialect == DIALECT:
        report = Report.of_body(origin, PLACES)
        body = _native(generation, ResponsesProfile.own(origin.profile), report)
    else:
        report = Report(generation.prompt, origin)
        body = _translated(generation.prompt, ResponsesProfile.own(origin.profile), report)
    _address(body, generation, origin)
    adapt_body(body, origin, report)
    if ResponsesProfile.own(origin.profile).compacts and _is_triggered(body):
        return Outbound(COMPACTION_PATH, written(_compaction(body)), report.dropped)
    return Outbound(PATH, written(body), report.dropped)


def _is_triggered(body: JsonObject) -> bool:
    """Whether the conversation is to be compacted, and nothing else."""
    items = body.get("input")
    return isinstance(items, list) and bool(items) and object_or_empty(items[-1]).get("type") == _TRIGGER


def _compaction(body: JsonObject) -> JsonObject:
    """The same request for the operation that is there for it, which is never a stream."""
    asked = {name: body[name] for name in _COMPACTED if name in body}
    return {**asked, "input": list_or_empty(body.get("input"))[:-1]}


def _address(body: JsonObject, generation: Generation, origin: Origin) -> None:
    """Write what the gateway itself decides: the model's name there, the metadata, whether to store and to stream."""
    body |= {"model": origin.model, "store": False}
    metadata: JsonObject = dict(generation.metadata or {})
    _set(body, "metadata", metadata or None)
    if generation.is_stream:
        body["stream"] = True


def _native(generation: Generation, profile: ResponsesProfile, report: Report) -> JsonObject:
    """The body as it came, with the gateway's state in place of the upstream's."""
    body = {name: value for name, value in generation.body.items() if name not in _OURS}
    if not RESPONSES_RULES[BACKGROUND_OPTIONS].requests_nothing(body.pop(BACKGROUND_OPTIONS, None)):
        report.drop(BACKGROUND_OPTIONS)
    if (cache := object_or_none(body.get(CACHE_OPTIONS))) is not None and _COMPARED in cache:
        # It has kept none of the responses that clients know.
        del body[CACHE_OPTIONS]
        _set(body, CACHE_OPTIONS, {name: value for name, value in cache.items() if name != _COMPARED} or None)
        if cache[_COMPARED] is not None:
            report.drop(f"{CACHE_OPTIONS}.{_COMPARED}")
    apply_updates(body, generation.history, takes_items=profile.takes_configuration_updates)
    if not isinstance(body.get("provider"), dict):
        # By its name it is the gateway's; an object is for a router behind it, such as OpenRouter.
        body.pop("provider", None)
    if isinstance(items := body.get("input"), list):
        body["input"] = [*sendable_items(objects_in(items))]
    options = object_or_none(body.get("stream_options"))
    if options is not None and "include_usage" in options:
        # Chat has it; here usage comes with every answer.
        left = {name: value for name, value in options.items() if name != "include_usage"}
        _set(body, "stream_options", left or None)
    return body


def _translated(prompt: Prompt, profile: ResponsesProfile, report: Report) -> JsonObject:
    """The body of a prompt, all but its model."""
    items = write_items(prompt.items, report, has_breakpoints=profile.has_cache_breakpoints)
    if not (items or prompt.instructions):
        raise report.empty()
    request: Request = {"instructions": prompt.instructions} if prompt.instructions else {}
    request["input"] = items
    if prompt.tools:
        request["tools"] = write_tools(prompt, report)
    if prompt.tool_choice is not None:
        request["tool_choice"] = write_tool_choice(prompt.tool_choice)
    return object_or_empty(request) | write_settings(prompt, PendingSettings(prompt.settings, profile, report))


def _set(body: JsonObject, name: str, value: Json) -> None:
    """Put a field in, or take it out where there is nothing to send."""
    if value is None:
        body.pop(name, None)
    else:
        body[name] = value
