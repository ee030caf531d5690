"""Reads a plain chat completion."""

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.decoder import NotAnAnswer, answered_by, bad_reply
from gateway.dialects.errors import error_instead
from gateway.dialects.openai_chat.calls import (
    CALLS,
    LEGACY,
    called_function,
    called_tool,
    complete_calls,
    message_bytes,
    tool_calls,
)
from gateway.dialects.openai_chat.errors import error_in_band
from gateway.dialects.openai_chat.fast_path import only_text, usual_bytes, usual_usage
from gateway.dialects.openai_chat.reasoning import ReasoningCollector
from gateway.dialects.openai_chat.repairs import (
    copy_reasoning,
    finish_reason,
    identity,
    read_choices,
    repair_choice,
    repair_labels,
    repair_reason,
)
from gateway.dialects.openai_chat.structured_output import answer_check
from gateway.dialects.openai_chat.think_tags import Thoughts, reads_thoughts
from gateway.dialects.openai_chat.usage import read_usage, usage_document
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.turns.client_calls import ClientCalls, free_text, is_wrapped
from gateway.errors import UpstreamError
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    NativeReply,
    Refusal,
    Text,
    ToolArguments,
)
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import new_id
from gateway.neutral.json import Json, JsonObject, is_too_deep, object_or_empty, objects_in, text_or_empty, text_or_none
from gateway.neutral.prompt import Prompt


def decode_reply(body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
    """The events of one reply, ending in `Done`, or `Failed` alone if it is no chat completion."""
    try:
        document: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [Failed(bad_reply(origin, "answered with something that is not JSON"))]
    try:
        if not isinstance(document, dict) or (not is_native and is_too_deep(body, document)):
            raise NotAnAnswer
        if "choices" not in document or "error" in document or document.get("object") == "error":
            error = error_in_band(document, origin)
            if error is not None:
                return [Failed(error)]
        is_usual = is_native and not origin.profile.rewrites_replies
        if is_usual and (found := usual_usage(document)) is not None:
            return [NativeReply(document, body, usual_bytes(document)), found, Done()]
        choices = read_choices(document, origin)
        if not choices:
            raise NotAnAnswer
        if is_native:
            return _native(document, choices, origin)
        return _neutral(document, choices, generation.prompt, origin)
    except NotAnAnswer:
        return [Failed(error_instead(document, origin) or bad_reply(origin, "answered with no chat completion"))]
    except UpstreamError as failure:
        return [Failed(failure)]


def _native(document: JsonObject, choices: list[JsonObject], origin: Origin) -> list[Event]:
    """The document with everything in it that an OpenAI client reads."""
    usage, size = read_usage(document), 0
    document.update(identity(document, origin.model))
    document["object"] = "chat.completion"
    repair_labels(document)
    for position, choice in enumerate(choices):
        _, message = _repair(choice, position, reads_thoughts(origin.profile, is_native=True))
        choice.setdefault("logprobs", None)
        copy_reasoning(message)
        message["role"] = "assistant"
        message.setdefault("content", None)
        message.setdefault("refusal", None)
        size += message_bytes(message)
    if usage is None:
        document["usage"] = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
        return [NativeReply(document, text_bytes=size), Done()]
    document["usage"] = usage_document(usage)
    return [NativeReply(document, text_bytes=size), usage, Done()]


def _neutral(document: JsonObject, choices: list[JsonObject], prompt: Prompt, origin: Origin) -> list[Event]:
    usage = read_usage(document)
    last: list[Event] = [] if usage is None else [usage]
    try:
        events = _answer(choices, prompt, origin)
    except UpstreamError as error:
        return [*last, Failed(error)]
    events += answered_by(document.get("model"))
    tier = text_or_none(document.get("service_tier"))
    if tier is not None:
        events.append(AnswerMetadata({"service_tier": tier}))
    return [*events, *last, Done()]


def _answer(choices: list[JsonObject], prompt: Prompt, origin: Origin) -> list[Event]:
    """The events of all choices. Raises `UpstreamError` for an answer that the request does not allow."""
    text = only_text(choices)
    events: list[Event] = []
    if text is not None:
        events += [Text(text), Finished("stop")]
    else:
        calls = ClientCalls(prompt, origin)
        has_thoughts = reads_thoughts(origin.profile, is_native=False)
        for position, choice in enumerate(choices):
            events += _choice(choice, position, calls, has_thoughts)
    check = answer_check(prompt, ChatProfile.own(origin.profile), origin.provider)
    return events if check is None else check.take(events)


def _repair(choice: JsonObject, position: int, has_thoughts: bool) -> tuple[int, JsonObject]:
    """Repair a choice with its calls. Returns its index and its message."""
    index, message, _ = repair_choice(choice, "message", index=position)
    if has_thoughts:
        Thoughts().take(choice, message, is_last=True)
    complete_calls(message)
    choice["finish_reason"] = choice.get("finish_reason") or "stop"
    has_calls = bool(message.get(CALLS))
    repair_reason(choice, has_calls=has_calls, has_legacy=message.get(LEGACY) is not None)
    return index, message


def _choice(choice: JsonObject, position: int, client_calls: ClientCalls, has_thoughts: bool) -> list[Event]:
    was_list = has_list(choice.get("message"))
    index, message = _repair(choice, position, has_thoughts)
    reasoning = ReasoningCollector(index)
    events = reasoning.take(message, was_list=was_list, is_whole=True) + reasoning.finish()
    events += message_events(message, index, choice.get("logprobs"))
    calls = [(called_tool(call), text_or_empty(call["id"])) for call in tool_calls(message)]
    if not calls and message.get(LEGACY) is not None:
        calls = [(called_function(message), new_id("call"))]
    for number, (called, call_id) in enumerate(calls):
        begun = client_calls.begin(called.name, number, call_id, index, called.kind)
        text = free_text(called.text) if is_wrapped(begun, called.kind) else called.text
        events.append(begun)
        if text:
            events.append(ToolArguments(number, text, index))
    reason = finish_reason(text_or_none(choice["finish_reason"]), has_tool_calls=bool(calls))
    return [*events, Finished(reason, index)]


def message_events(part: JsonObject, choice: int, logprobs: Json) -> list[Event]:
    """The text, refusal and annotations in a repaired message, or in a chunk's delta."""
    events: list[Event] = []
    if text := text_or_empty(part.get("content")):
        tokens = object_or_empty(logprobs).get("content") if logprobs else None
        events.append(Text(text, choice, None if tokens is None else objects_in(tokens)))
    if refusal := text_or_empty(part.get("refusal")):
        events.append(Refusal(refusal, choice))
    if "annotations" in part:
        events += [Annotation(annotation, choice) for annotation in objects_in(part["annotations"])]
    return events


def has_list(message: Json) -> bool:
    """Whether a message, or a delta, has a list for its content, in which reasoning may stand."""
    return isinstance(message, dict) and isinstance(message.get("content"), list)
