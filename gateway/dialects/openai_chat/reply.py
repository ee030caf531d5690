"""Reads a plain chat completion."""

from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.calls import mend_whole_call, tool_calls
from gateway.dialects.openai_chat.errors import error_in_band
from gateway.dialects.openai_chat.identifiers import identity, mend_labels
from gateway.dialects.openai_chat.parts import NotChat
from gateway.dialects.openai_chat.repair import broken_off, choices_of, finish_reason, mend_choice
from gateway.dialects.openai_chat.tokens import read_usage
from gateway.errors import UpstreamDown
from gateway.events import (
    Annotation,
    Done,
    Event,
    Failed,
    Finished,
    NativeReply,
    Reasoning,
    Refusal,
    Text,
    ToolArguments,
    ToolCall,
    Usage,
)


def decode_reply(body: bytes, origin: Origin, *, is_native: bool) -> list[Event]:
    """The events of one reply, ending in `Done`, or `Failed` alone if it is no chat completion."""
    provider = origin.provider
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [_failure(f"{provider} answered with something that is not JSON.")]
    if not isinstance(document, dict):
        return [_failure(f"{provider} answered with no chat completion.")]
    error = error_in_band(document, origin)
    if error is not None:
        return [Failed(error)]
    try:
        return _read(document, origin, is_native=is_native)
    except NotChat:
        return [_failure(f"{provider} answered with no chat completion.")]


def _read(document: dict[str, Any], origin: Origin, *, is_native: bool) -> list[Event]:
    choices = choices_of(document)
    if not choices:
        raise NotChat
    broken = broken_off(choices, origin.provider)
    if broken is not None:
        return [Failed(broken)]
    for position, choice in enumerate(choices):
        _mend(choice, position)
    usage = read_usage(document["usage"]) if isinstance(document.get("usage"), dict) else None
    events: list[Event] = []
    if is_native:
        events.append(_native(document, origin.model, usage))
    else:
        for choice in choices:
            events += _neutral(choice)
    if usage is not None:
        events.append(usage)
    events.append(Done())
    return events


def _mend(choice: dict[str, Any], position: int) -> None:
    mend_choice(choice, "message", with_calls=(), index=position)
    for call in tool_calls(choice["message"]):
        mend_whole_call(call)
    if choice.get("finish_reason") is None:
        has_calls = bool(tool_calls(choice["message"]))
        choice["finish_reason"] = finish_reason(None, has_tool_calls=has_calls)


def _native(document: dict[str, Any], model: str, usage: Usage | None) -> NativeReply:
    """The document with everything in it that an OpenAI client reads."""
    document.update(identity(document, model))
    document["object"] = "chat.completion"
    mend_labels(document)
    for choice in document["choices"]:
        choice.setdefault("logprobs", None)
        message = choice["message"]
        message["role"] = "assistant"
        message.setdefault("content", None)
        message.setdefault("refusal", None)
    empty = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    document["usage"] = empty if usage is None else usage.raw
    return NativeReply(document)


def _neutral(choice: dict[str, Any]) -> list[Event]:
    message, index = choice["message"], choice["index"]
    events = message_events(message, index, choice.get("logprobs"))
    calls = tool_calls(message)
    for number, call in enumerate(calls):
        function = call.get("function")
        if not function:
            raise NotChat
        events.append(ToolCall(number, call["id"], function["name"], index))
        events.append(ToolArguments(number, function["arguments"], index))
    events.append(Finished(finish_reason(choice["finish_reason"], has_tool_calls=bool(calls)), index))
    return events


def message_events(part: dict[str, Any], choice: int, logprobs: Any) -> list[Event]:
    """The reasoning, text, refusal and annotations in a mended message, or in a chunk's delta."""
    events: list[Event] = []
    reasoning = part.get("reasoning_content") or part.get("reasoning")
    if reasoning and isinstance(reasoning, str):
        events.append(Reasoning(reasoning, choice))
    if text := part.get("content"):
        events.append(Text(text, choice, logprobs.get("content") if logprobs else None))
    if refusal := part.get("refusal"):
        events.append(Refusal(refusal, choice))
    events += [Annotation(annotation, choice) for annotation in part.get("annotations") or ()]
    return events


def _failure(message: str) -> Failed:
    return Failed(UpstreamDown(message, code="upstream_bad_reply"))
