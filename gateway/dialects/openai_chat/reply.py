"""Reads a plain chat completion."""

from typing import Any

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.errors import error_in_band
from gateway.dialects.openai_chat.repair import (
    broken_off,
    finish_reason,
    identity,
    mend_choice,
    new_id,
    read_usage,
)
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
)


def decode_reply(body: bytes, origin: Origin, *, is_native: bool) -> list[Event]:
    """The events of one reply, ending in `Done`, or `Failed` alone if it is no chat completion."""
    provider = origin.provider
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [
            Failed(
                UpstreamDown(
                    f"{provider} answered with something that is not JSON.", code="upstream_bad_reply"
                )
            )
        ]
    failure = _failure(document, provider)
    if failure is not None:
        return [failure]
    events: list[Event] = [_mended(document, origin.model)] if is_native else _neutral(document["choices"])
    usage = document.get("usage")
    if isinstance(usage, dict):
        events.append(read_usage(usage))
    events.append(Done())
    return events


def _failure(document: Any, provider: str) -> Failed | None:
    error = error_in_band(document, provider) if isinstance(document, dict) else None
    if error is not None:
        return Failed(error)
    choices = document.get("choices") if isinstance(document, dict) else None
    if (
        not isinstance(choices, list)
        or not choices
        or not all(isinstance(choice, dict) for choice in choices)
    ):
        return Failed(
            UpstreamDown(f"{provider} answered with no chat completion.", code="upstream_bad_reply")
        )
    for choice in choices:
        broken = broken_off(choice.get("finish_reason"), provider)
        if broken is not None:
            return Failed(broken)
    return None


def _mended(document: dict[str, Any], model: str) -> NativeReply:
    """The document with everything in it that an OpenAI client reads."""
    document.update(identity(document, model))
    document.setdefault("object", "chat.completion")
    for position, choice in enumerate(document["choices"]):
        choice.setdefault("index", position)
        mend_choice(choice, "message", has_tool_calls=False)
        if choice.get("finish_reason") is None:
            choice["finish_reason"] = "stop"
        choice.setdefault("logprobs", None)
        message = choice["message"]
        message.setdefault("role", "assistant")
        message.setdefault("content", None)
        message.setdefault("refusal", None)
    usage = document.get("usage")
    if not isinstance(usage, dict):
        document["usage"] = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return NativeReply(document)


def _neutral(choices: list[dict[str, Any]]) -> list[Event]:
    events: list[Event] = []
    for position, choice in enumerate(choices):
        choice.setdefault("index", position)
        mend_choice(choice, "message", has_tool_calls=False)
        message, index = choice["message"], choice["index"]
        calls = message.get("tool_calls") or []
        events += message_events(message, index, choice.get("logprobs"))
        for number, call in enumerate(calls):
            function = call.get("function") or {}
            events.append(
                ToolCall(number, call.get("id") or new_id("call_"), function.get("name") or "", index)
            )
            events.append(ToolArguments(number, function.get("arguments") or "", index))
        events.append(
            Finished(finish_reason(choice.get("finish_reason") or "stop", has_tool_calls=bool(calls)), index)
        )
    return events


def message_events(part: dict[str, Any], choice: int, logprobs: Any) -> list[Event]:
    """The reasoning, text, refusal and annotations in a message, or in a chunk's delta."""
    events: list[Event] = []
    reasoning = part.get("reasoning_content") or part.get("reasoning")
    if isinstance(reasoning, str) and reasoning:
        events.append(Reasoning(reasoning, choice))
    text = _text(part.get("content"))
    if text:
        events.append(Text(text, choice, logprobs.get("content") if isinstance(logprobs, dict) else None))
    if part.get("refusal"):
        events.append(Refusal(part["refusal"], choice))
    for annotation in part.get("annotations") or ():
        events.append(Annotation(annotation, choice))
    return events


def _text(content: Any) -> str:
    """The text of a message's content, which some servers send as a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = (
            part.get("text") for part in content if isinstance(part, dict) and part.get("type") == "text"
        )
        return "".join(text for text in parts if isinstance(text, str))
    return ""
