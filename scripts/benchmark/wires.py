"""Long answers as each kind of upstream streams them: constant bytes, a piece of text to an event."""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson


def _word(number: int) -> str:
    return f" word{number % 100:02}"


def _data(document: dict[str, Any], end: bytes = b"\n\n") -> bytes:
    return b"data: " + orjson.dumps(document) + end


def _named(kind: str, **fields: Any) -> bytes:
    return b"event: " + kind.encode() + b"\n" + _data({"type": kind, **fields})


def _chat_event(usage: dict[str, int] | None = None, **choice: Any) -> bytes:
    """One event of some 230 bytes, as OpenAI's are; with usage, it has no choice."""
    head = {"id": "chatcmpl-benchmark0123456789", "object": "chat.completion.chunk", "created": 1_760_000_000}
    choices = [] if usage else [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": None, **choice}]
    facts = {"model": "static", "service_tier": "default", "system_fingerprint": "fp_0123456789"}
    return _data({**head, **facts, "choices": choices, "usage": usage})


def _chat(events: int) -> Iterator[bytes]:
    yield _chat_event(delta={"role": "assistant", "content": ""})
    for number in range(events):
        yield _chat_event(delta={"content": _word(number)})
    yield _chat_event(finish_reason="stop")
    yield _chat_event({"prompt_tokens": 24, "completion_tokens": events, "total_tokens": 24 + events})
    yield b"data: [DONE]\n\n"


def _responses(events: int) -> Iterator[bytes]:
    response = {"id": "resp_benchmark", "object": "response", "created_at": 1_760_000_000, "model": "static"}
    place = {"item_id": "msg_benchmark", "output_index": 0}
    item: dict[str, Any] = {"id": "msg_benchmark", "type": "message", "role": "assistant"}
    part: dict[str, Any] = {"type": "output_text", "text": "", "annotations": []}
    begun = {**item, "status": "in_progress", "content": []}
    text = "".join(map(_word, range(events)))
    yield _named("response.created", response={**response, "status": "in_progress", "output": []})
    yield _named("response.output_item.added", output_index=0, item=begun)
    yield _named("response.content_part.added", **place, content_index=0, part=part)
    for number in range(events):
        delta = {"delta": _word(number), "logprobs": [], "obfuscation": "aYc3kQ1x"}
        yield _named("response.output_text.delta", sequence_number=number + 3, **place, content_index=0, **delta)
    part = {**part, "text": text}
    item = {**item, "status": "completed", "content": [part]}
    yield _named("response.output_text.done", **place, content_index=0, text=text)
    yield _named("response.content_part.done", **place, content_index=0, part=part)
    yield _named("response.output_item.done", output_index=0, item=item)
    usage = {"input_tokens": 24, "output_tokens": events, "total_tokens": 24 + events}
    yield _named("response.completed", response={**response, "status": "completed", "output": [item], "usage": usage})


def _anthropic(events: int) -> Iterator[bytes]:
    usage = {"input_tokens": 24, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 1}
    message = {"id": "msg_benchmark", "type": "message", "role": "assistant", "model": "static", "content": []}
    yield _named("message_start", message={**message, "stop_reason": None, "stop_sequence": None, "usage": usage})
    yield _named("content_block_start", index=0, content_block={"type": "text", "text": ""})
    yield _named("ping")
    for number in range(events):
        yield _named("content_block_delta", index=0, delta={"type": "text_delta", "text": _word(number)})
    yield _named("content_block_stop", index=0)
    ended = {"stop_reason": "end_turn", "stop_sequence": None}
    yield _named("message_delta", delta=ended, usage={"output_tokens": events})
    yield _named("message_stop")


def _gemini(events: int) -> Iterator[bytes]:
    for number in range(events + 1):
        is_last = number == events
        content = {"parts": [{"text": "" if is_last else _word(number)}], "role": "model"}
        usage = {"promptTokenCount": 24, "candidatesTokenCount": number, "totalTokenCount": 24 + number}
        candidate = {"content": content, **({"finishReason": "STOP"} if is_last else {}), "index": 0}
        head = {"modelVersion": "static", "responseId": "benchmark"}
        yield _data({"candidates": [candidate], "usageMetadata": usage, **head}, b"\r\n\r\n")


def _cohere(events: int) -> Iterator[bytes]:
    message = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield _named("message-start", id="benchmark", delta={"message": message})
    yield _named("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}})
    for number in range(events):
        yield _named("content-delta", index=0, delta={"message": {"content": {"text": _word(number)}}})
    yield _named("content-end", index=0)
    tokens = {"input_tokens": 24, "output_tokens": events}
    usage = {"billed_units": tokens, "tokens": tokens}
    yield _named("message-end", delta={"finish_reason": "COMPLETE", "usage": usage})
    yield b"data: [DONE]\n\n"


def _bedrock(events: int) -> Iterator[bytes]:
    yield _frame("messageStart", {"role": "assistant"})
    for number in range(events):
        delta = {"contentBlockIndex": 0, "delta": {"text": _word(number)}, "p": "abcdefghijklm"}
        yield _frame("contentBlockDelta", delta)
    yield _frame("contentBlockStop", {"contentBlockIndex": 0})
    yield _frame("messageStop", {"stopReason": "end_turn"})
    usage = {"inputTokens": 24, "outputTokens": events, "totalTokens": 24 + events}
    yield _frame("metadata", {"usage": usage, "metrics": {"latencyMs": 10}})


def _frame(kind: str, document: dict[str, Any]) -> bytes:
    """One frame of AWS's binary event stream (shared facts on providers, section 7)."""
    named = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    headers = b"".join(
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in named.items()
    )
    payload = orjson.dumps(document)
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    whole = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    return whole + struct.pack(">I", zlib.crc32(whole))


WIRES: Mapping[str, Callable[[int], Iterator[bytes]]] = {
    "openai-chat": _chat,
    "openai-responses": _responses,
    "anthropic-messages": _anthropic,
    "gemini": _gemini,
    "cohere": _cohere,
    "bedrock-converse": _bedrock,
}
"""The events of an answer of so many pieces, by dialect."""

_ANSWER = "A gateway stands between those who ask and those who answer. " * 3
_TOKENS = {"input_tokens": 24, "output_tokens": 40}
_MESSAGE = {"role": "assistant", "content": [{"type": "text", "text": _ANSWER}]}
_REPLIES: Mapping[str, dict[str, Any]] = {
    "openai-chat": {
        **{"id": "chatcmpl-benchmark0123456789", "object": "chat.completion", "created": 1_760_000_000},
        **{"model": "static", "service_tier": "default", "system_fingerprint": "fp_0123456789"},
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": _ANSWER, "refusal": None, "annotations": []},
                **{"logprobs": None, "finish_reason": "stop"},
            }
        ],
        "usage": {"prompt_tokens": 24, "completion_tokens": 40, "total_tokens": 64},
    },
    "openai-responses": {
        **{"id": "resp_benchmark", "object": "response", "created_at": 1_760_000_000, "model": "static"},
        **{"status": "completed", "error": None, "incomplete_details": None},
        "output": [
            {
                **{"id": "msg_benchmark", "type": "message", "role": "assistant", "status": "completed"},
                "content": [{"type": "output_text", "text": _ANSWER, "annotations": []}],
            }
        ],
        "usage": {**_TOKENS, "total_tokens": 64},
    },
    "anthropic-messages": {
        **{"id": "msg_benchmark", "type": "message", "model": "static", **_MESSAGE},
        **{"stop_reason": "end_turn", "stop_sequence": None, "usage": _TOKENS},
    },
    "gemini": {
        "candidates": [
            {"content": {"parts": [{"text": _ANSWER}], "role": "model"}, "finishReason": "STOP", "index": 0}
        ],
        "usageMetadata": {"promptTokenCount": 24, "candidatesTokenCount": 40, "totalTokenCount": 64},
    },
    "cohere": {"id": "benchmark", "finish_reason": "COMPLETE", "usage": {"tokens": _TOKENS}, "message": _MESSAGE},
    "bedrock-converse": {
        "output": {"message": {"role": "assistant", "content": [{"text": _ANSWER}]}},
        **{"stopReason": "end_turn", "metrics": {"latencyMs": 10}},
        "usage": {"inputTokens": 24, "outputTokens": 40, "totalTokens": 64},
    },
}
REPLIES: Mapping[str, bytes] = {name: orjson.dumps(reply) for name, reply in _REPLIES.items()}
"""A plain reply of one text, by dialect."""
