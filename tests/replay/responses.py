"""What recorded Responses say, read without any of the gateway's code, and what the gateway makes of them."""

import json
from collections.abc import Sequence
from typing import Any

from gateway.dialects.openai_responses import OpenAIResponses
from gateway.neutral.events import (
    Annotation,
    Event,
    ItemBegan,
    ItemEnded,
    PartBegan,
    Reasoning,
    ReasoningState,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
)
from tests.replay.decoded import ORIGIN, fed
from tests.replay.folding import chunks
from tests.replay.recordings import Recording, recordings_of
from tests.unit.generations import generation_of

DIALECT = OpenAIResponses()
RECORDINGS = recordings_of("responses")
PLAIN = [recording for recording in RECORDINGS if recording.status == 200 and not recording.is_stream]
STREAMS = [recording for recording in RECORDINGS if recording.status == 200 and recording.is_stream]
REFUSED = [recording for recording in RECORDINGS if recording.status != 200]
# Items that are texts or calls, and are told piece by piece; all others are told whole.
_TOLD = ("message", "reasoning", "function_call", "custom_tool_call")
_Object = dict[str, Any]


def plain_events(body: bytes) -> list[Event]:
    """The events of a plain reply."""
    return DIALECT.decode_reply(body, generation_of("asked/model"), ORIGIN, is_native=True)


def stream_events(body: bytes, size: int = 1 << 20) -> list[Event]:
    """The events of a streamed answer that arrives in chunks of `size` bytes."""
    return fed(DIALECT.decoder(generation_of("asked/model", is_stream=True), ORIGIN, is_native=True), body, size)


def whole(recording: Recording) -> _Object:
    """The Response: a plain reply's body, or what a stream ends with."""
    if not recording.is_stream:
        document: _Object = json.loads(recording.body())
        return document
    response: _Object = chunks(recording.body())[-1]["response"]
    return response


def says(response: _Object) -> list[Any]:
    """Everything that the items of a Response say, in order."""
    return [told for item in response["output"] for told in _item(item)]


def _item(item: _Object) -> list[Any]:
    match item["type"]:
        case "message":
            return [("message", item.get("phase")), *(told for part in item["content"] for told in _part(part))]
        case "reasoning":
            parts = [*item["summary"], *(item.get("content") or [])]
            return [("reasoning", None), *((part["type"], part["text"]) for part in parts)]
        case "function_call":
            head = ("call", item["name"], item["call_id"], item.get("namespace"))
            return [head, ("arguments", json.loads(item["arguments"] or "{}"))]
        case kind:
            return [(kind, _without_id(item))]


def _without_id(item: _Object) -> _Object:
    """The item without the one thing that the gateway has otherwise."""
    return {name: value for name, value in item.items() if name != "id"}


def _part(part: _Object) -> list[Any]:
    if part["type"] == "refusal":
        return [("refusal", part["refusal"])]
    return [("output_text", part["text"]), *(("citation", citation) for citation in part["annotations"])]


def told(events: Sequence[Event]) -> list[Any]:
    """Everything that the events say, in the same words."""
    says: list[Any] = []
    for event in events:
        match event:
            case ItemBegan(item) if item["type"] in _TOLD:
                says.append((item["type"], item.get("phase")))
            case PartBegan(kind):
                says.append((kind, ""))
            case Text(text) | Reasoning(text) | Summary(text) | Refusal(text) | ToolArguments(_, text):
                says[-1] = (says[-1][0], says[-1][1] + text)
            case Annotation(annotation):
                says.append(("citation", annotation))
            case ToolCallBegan(_, call_id, name, namespace=namespace):
                says += [("call", name, call_id, namespace), ("arguments", "")]
            case ItemEnded(item) if item["type"] not in _TOLD:
                says.append((item["type"], _without_id(item)))
    return [(entry[0], json.loads(entry[1])) if entry[0] == "arguments" else entry for entry in says]


def states(response: _Object) -> list[_Object]:
    """What the authors of the reasoning in a Response want back."""
    reasoning = [item for item in response["output"] if item["type"] == "reasoning"]
    return [{name: item[name] for name in ("id", "encrypted_content") if item.get(name)} for item in reasoning]


def told_states(events: Sequence[Event]) -> list[_Object]:
    """What the gateway keeps for the authors of the reasoning."""
    return [event.state for event in events if isinstance(event, ReasoningState)]


def count(usage: _Object) -> tuple[int, int, int, int, int]:
    """Prompt, completion, cached, written and reasoning tokens (facts on providers, section 0.3)."""
    before, after = usage["input_tokens_details"], usage["output_tokens_details"]
    written = before.get("cache_write_tokens", 0)
    details = (before["cached_tokens"], written, after["reasoning_tokens"])
    return (usage["input_tokens"], usage["output_tokens"], *details)


def finish(response: _Object) -> str:
    """The finish reason, in chat's words."""
    if response["status"] == "incomplete":
        return {"max_output_tokens": "length"}.get(response["incomplete_details"]["reason"], "content_filter")
    return "tool_calls" if any(item["type"] == "function_call" for item in response["output"]) else "stop"
