"""What recorded messages of Anthropic's say, read without the gateway's code, and what the gateway makes of them."""

import base64
import json
from dataclasses import dataclass, field
from typing import Any

from gateway.dialects.anthropic import ANTHROPIC_MESSAGES
from gateway.dialects.base import Origin
from gateway.neutral.events import Event
from gateway.providers.anthropic import ROW
from tests.replay.decoded import fed
from tests.replay.folding import chunks
from tests.replay.recordings import Recording, recordings_of
from tests.unit.generations import generation_of

DIALECT = ANTHROPIC_MESSAGES
RECORDINGS = recordings_of("messages")
# The same protocol in another envelope.
ELSEWHERE = [
    recording
    for endpoint in ("invoke", "invoke_stream")
    for recording in recordings_of(endpoint)
    if "anthropic_version" in (recording.content()["request_body"] or {})
]
PLAIN = [recording for recording in (*RECORDINGS, *ELSEWHERE) if recording.status == 200 and not recording.is_stream]
STREAMS = [recording for recording in (*RECORDINGS, *ELSEWHERE) if recording.status == 200 and recording.is_stream]
REFUSED = [recording for recording in RECORDINGS if recording.status != 200]
FINISH = {"tool_use": "tool_calls", "max_tokens": "length", "end_turn": "stop", "stop_sequence": "stop"}
_Object = dict[str, Any]


@dataclass
class Said:
    """What a message says, in OpenAI's terms."""

    text: str = ""
    reasoning: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    states: list[_Object] = field(default_factory=list)
    """The blocks that have to go back as they came."""
    cited: list[str] = field(default_factory=list)
    """The texts that are cited."""
    finish: str = ""
    usage: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Prompt, completion, cached and reasoning tokens."""


def origin_of(model: str) -> Origin:
    """Anthropic, asked for this model."""
    return Origin("anthropic", model, ROW.own.of(model))


def body_of(recording: Recording) -> bytes:
    """The body as Anthropic itself would have sent it: Bedrock wraps each event of a stream."""
    frames = recording.content().get("decoded_eventstream")
    if not frames:
        return recording.body()
    events = [base64.b64decode(json.loads(frame["payload"])["bytes"]) for frame in frames]
    return b"".join(b"data: " + event + b"\n\n" for event in events)


def events_of(recording: Recording, size: int = 1 << 20) -> list[Event]:
    """The neutral events of an answer; a stream's body arrives in chunks of `size` bytes."""
    model = recording.content()["model"]
    if not recording.is_stream:
        return DIALECT.decode_reply(body_of(recording), generation_of(model), origin_of(model), is_native=False)
    decoder = DIALECT.decoder(generation_of(model, is_stream=True), origin_of(model), is_native=False)
    return fed(decoder, body_of(recording), size)


def whole(recording: Recording) -> _Object:
    """The message: a plain reply's body, or what a stream comes to."""
    if not recording.is_stream:
        document: _Object = json.loads(recording.body())
        return document
    return fold(chunks(body_of(recording)))


def fold(events: list[_Object]) -> _Object:
    """The message that a stream tells piece by piece."""
    message: _Object = {}
    for event in events:
        match event["type"]:
            case "message_start":
                message = {**event["message"], "content": []}
            case "content_block_start":
                message["content"].append({**event["content_block"], "json": ""})
            case "content_block_delta":
                _add(message["content"][event["index"]], event["delta"])
            case "content_block_stop":
                block = message["content"][event["index"]]
                written = block.pop("json")
                if "input" in block:
                    block["input"] = json.loads(written or "{}")
            case "message_delta":
                message |= event["delta"]
                message["usage"] |= event["usage"]
    return message


def _add(block: _Object, delta: _Object) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["json"] += delta["partial_json"]
        case "citations_delta":
            block.setdefault("citations", []).append(delta["citation"])


def said(message: _Object) -> Said:
    """What a message says."""
    told = Said(finish=FINISH[message["stop_reason"]], usage=count(message["usage"]))
    for block in message["content"]:
        match block["type"]:
            case "text":
                told.text += block["text"]
                told.cited += [citation["cited_text"] for citation in block.get("citations") or ()]
            case "tool_use":
                told.calls.append((block["name"], block["id"], block["input"]))
            case "thinking":
                told.reasoning += block["thinking"]
                told.states.append(block)
            case _:
                told.states.append(block)
    return told


def count(usage: _Object) -> tuple[int, int, int, int]:
    """Tokens in OpenAI's meaning (facts on providers, section 0.3)."""
    cached, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    return usage["input_tokens"] + cached + written, usage["output_tokens"], cached, thinking
