"""Reads a plain chat completion."""

from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.conversation.callers import Translator, free_text, is_wrapped
from gateway.dialects.depth import is_too_deep
from gateway.dialects.openai_chat.calls import called, mend_whole_call, tool_calls
from gateway.dialects.openai_chat.errors import error_in_band
from gateway.dialects.openai_chat.identifiers import identity, mend_labels
from gateway.dialects.openai_chat.parts import NotChat, name_reasoning
from gateway.dialects.openai_chat.promises import promise_of
from gateway.dialects.openai_chat.repair import broken_off, choices_of, finish_reason, mend_choice
from gateway.dialects.openai_chat.thoughts import Thoughts
from gateway.dialects.openai_chat.tokens import read_usage, told_usage
from gateway.dialects.openai_chat.usual import usual_text
from gateway.errors import UpstreamDown
from gateway.events import (
    Annotation,
    Done,
    Event,
    Failed,
    Finished,
    NativeReply,
    Refusal,
    Text,
    Told,
    ToolArguments,
    Usage,
)
from gateway.generation import Generation


def decode_reply(body: bytes, generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
    """The events of one reply, ending in `Done`, or `Failed` alone if it is no chat completion."""
    provider = origin.provider
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [_failure(f"{provider} answered with something that is not JSON.")]
    if not isinstance(document, dict) or (not is_native and is_too_deep(body, document)):
        return [_failure(f"{provider} answered with no chat completion.")]
    error = error_in_band(document, origin)
    if error is not None:
        return [Failed(error)]
    try:
        return _read(document, generation, origin, is_native=is_native)
    except NotChat:
        return [_failure(f"{provider} answered with no chat completion.")]


def _read(document: dict[str, Any], generation: Generation, origin: Origin, *, is_native: bool) -> list[Event]:
    choices = choices_of(document)
    if not choices:
        raise NotChat
    broken = broken_off(choices, origin.provider)
    if broken is not None:
        return [Failed(broken)]
    usage = read_usage(document["usage"]) if isinstance(document.get("usage"), dict) else None
    last: list[Event] = [] if usage is None else [usage]
    if is_native:
        for position, choice in enumerate(choices):
            _mend(choice, position)
        return [_native(document, origin.model, usage), *last, Done()]
    text = usual_text(choices)
    try:
        events = _usual(text) if text is not None else _said(choices, Translator(generation, origin))
        promise = promise_of(generation, origin.facts, origin.provider)
        if promise is not None:
            events = promise.hold(events)
    except UpstreamDown as error:
        return [*last, Failed(error)]
    tier = document.get("service_tier")
    if isinstance(tier, str):
        events.append(Told({"service_tier": tier}))
    return [*events, *last, Done()]


def _usual(text: str) -> list[Event]:
    return [Text(text), Finished("stop")]


def _said(choices: list[dict[str, Any]], translator: Translator) -> list[Event]:
    events: list[Event] = []
    for position, choice in enumerate(choices):
        was_list = has_list(choice.get("message"))
        _mend(choice, position)
        events += _neutral(choice, translator, was_list=was_list)
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
        name_reasoning(message)
        message["role"] = "assistant"
        message.setdefault("content", None)
        message.setdefault("refusal", None)
    empty = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    document["usage"] = empty if usage is None else told_usage(usage)
    return NativeReply(document)


def _neutral(choice: dict[str, Any], translator: Translator, *, was_list: bool) -> list[Event]:
    message, index = choice["message"], choice["index"]
    thoughts = Thoughts(index)
    events = thoughts.take(message, was_list=was_list, is_whole=True) + thoughts.end()
    events += message_events(message, index, choice.get("logprobs"))
    calls = tool_calls(message) or _legacy_calls(message)
    for number, call in enumerate(calls):
        said = called(call)
        if not said.name:
            raise NotChat
        begun = translator.begin(said, number, call["id"], index)
        text = free_text(said.text) if is_wrapped(begun, said) else said.text
        events.append(begun)
        if text:
            events.append(ToolArguments(number, text, index))
    events.append(Finished(finish_reason(choice["finish_reason"], has_tool_calls=bool(calls)), index))
    return events


def _legacy_calls(message: dict[str, Any]) -> list[dict[str, Any]]:
    """The one call of a server from before there were several."""
    function = message.get("function_call")
    if not function:
        return []
    call = {"function": function}
    mend_whole_call(call)
    return [call]


def message_events(part: dict[str, Any], choice: int, logprobs: Any) -> list[Event]:
    """The text, refusal and annotations in a mended message, or in a chunk's delta."""
    events: list[Event] = []
    if text := part.get("content"):
        events.append(Text(text, choice, logprobs.get("content") if logprobs else None))
    if refusal := part.get("refusal"):
        events.append(Refusal(refusal, choice))
    events += [Annotation(annotation, choice) for annotation in part.get("annotations") or ()]
    return events


def has_list(message: Any) -> bool:
    """Whether a message, or a delta, has a list for its content, in which reasoning may stand."""
    return isinstance(message, dict) and isinstance(message.get("content"), list)


def _failure(message: str) -> Failed:
    return Failed(UpstreamDown(message, code="upstream_bad_reply"))
