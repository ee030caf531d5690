"""The reply of each API where a case has none of its own: one text, which is also a valid structured answer."""

from collections.abc import Mapping
from typing import Any

from scripts.goldens.cases import Reply
from scripts.goldens.frames import events, frames, named_events, plain

TEXT = '{"city":"Oslo"}'
_PIECES = ('{"city":', '"Oslo"}')
_CREATED = 1_600_000_000
_CHAT_USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
_RESPONSE_USAGE = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 3},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 18,
}


def completion(message: dict[str, Any], finish_reason: Any = "stop", **more: Any) -> dict[str, Any]:
    """A chat completion with this message."""
    return {
        "id": "chatcmpl-up1",
        "object": "chat.completion",
        "created": _CREATED,
        "model": "upstream-model",
        "choices": [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish_reason}],
        "usage": _CHAT_USAGE,
        **more,
    }


def chunk(delta: dict[str, Any] | None, finish_reason: Any = None, **more: Any) -> dict[str, Any]:
    """A chunk of a chat completion; without choices where there is no delta."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish_reason}]
    head = {"id": "chatcmpl-up1", "object": "chat.completion.chunk", "created": _CREATED, "model": "upstream-model"}
    return {**head, "choices": choices, **more}


def chunks(*deltas: dict[str, Any], finish_reason: Any = "stop") -> Reply:
    """A streamed chat completion of these deltas."""
    return events(*map(chunk, deltas), chunk({}, finish_reason), chunk(None, usage=_CHAT_USAGE))


def response(output: list[dict[str, Any]], status: str = "completed", **more: Any) -> dict[str, Any]:
    """An answer of the Responses API with these items."""
    return {
        "id": "resp_up1",
        "object": "response",
        "created_at": _CREATED,
        "status": status,
        "model": "upstream-model",
        "output": output,
        "error": None,
        "incomplete_details": None,
        "parallel_tool_calls": True,
        "tools": [],
        "usage": _RESPONSE_USAGE,
        **more,
    }


def message_item(text: str, **more: Any) -> dict[str, Any]:
    """The item of a text."""
    part = {"type": "output_text", "text": text, "annotations": [], **more}
    return {"type": "message", "id": "msg_up1", "role": "assistant", "status": "completed", "content": [part]}


def _response_events() -> list[dict[str, Any]]:
    item = message_item(TEXT)
    part, place = item["content"][0], {"item_id": "msg_up1", "output_index": 0, "content_index": 0}
    empty = {**part, "text": ""}
    begun = response([], "in_progress", usage=None)
    found: list[dict[str, Any]] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {**item, "status": "in_progress", "content": []},
        },
        {"type": "response.content_part.added", **place, "part": empty},
        *({"type": "response.output_text.delta", **place, "delta": piece} for piece in _PIECES),
        {"type": "response.output_text.done", **place, "text": TEXT},
        {"type": "response.content_part.done", **place, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": response([item])},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(found)]


def message(content: list[dict[str, Any]], stop_reason: Any = "end_turn", **more: Any) -> dict[str, Any]:
    """An answer of Anthropic's with these blocks."""
    usage = {"input_tokens": 8, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 0, "output_tokens": 7}
    return {
        "id": "msg_up1",
        "type": "message",
        "role": "assistant",
        "model": "upstream-model",
        "content": content,
        "stop_reason": stop_reason,
        "stop_sequence": None,
        "usage": usage,
        **more,
    }


def message_events(*blocks: tuple[dict[str, Any], list[dict[str, Any]]], stop_reason: Any = "end_turn") -> Reply:
    """A streamed answer of Anthropic's: of each block how it starts, and its deltas."""
    found: list[dict[str, Any]] = [{"type": "message_start", "message": message([], None)}]
    for index, (start, deltas) in enumerate(blocks):
        found.append({"type": "content_block_start", "index": index, "content_block": start})
        found += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas]
        found.append({"type": "content_block_stop", "index": index})
    delta = {"stop_reason": stop_reason, "stop_sequence": None}
    found += [{"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}}, {"type": "message_stop"}]
    return named_events(*found)


def converse(content: list[dict[str, Any]], stop_reason: Any = "end_turn", **more: Any) -> dict[str, Any]:
    """An answer of Bedrock's with these blocks."""
    usage = {"inputTokens": 8, "outputTokens": 7, "totalTokens": 18, "cacheReadInputTokens": 3}
    output = {"message": {"role": "assistant", "content": content}}
    return {"output": output, "stopReason": stop_reason, "usage": usage, "metrics": {"latencyMs": 5}, **more}


def converse_frames(*blocks: tuple[Any, list[Any]], stop_reason: Any = "end_turn") -> Reply:
    """A streamed answer of Bedrock's: of each block how it starts (None: without), and its deltas."""
    found: list[tuple[str, Any]] = [("messageStart", {"role": "assistant"})]
    for index, (start, deltas) in enumerate(blocks):
        if start is not None:
            found.append(("contentBlockStart", {"contentBlockIndex": index, "start": start}))
        found += [("contentBlockDelta", {"contentBlockIndex": index, "delta": delta}) for delta in deltas]
        found.append(("contentBlockStop", {"contentBlockIndex": index}))
    usage = {"inputTokens": 8, "outputTokens": 7, "totalTokens": 15}
    found += [("messageStop", {"stopReason": stop_reason}), ("metadata", {"usage": usage, "metrics": {"latencyMs": 5}})]
    return frames(*found)


def candidate(parts: list[dict[str, Any]], finish_reason: Any = "STOP", **more: Any) -> dict[str, Any]:
    """An answer of Gemini's with these parts."""
    one = {"content": {"role": "model", "parts": parts}, "index": 0, **more}
    usage = {"promptTokenCount": 11, "candidatesTokenCount": 5, "thoughtsTokenCount": 2, "totalTokenCount": 18}
    return {
        "candidates": [one if finish_reason is None else {**one, "finishReason": finish_reason}],
        "usageMetadata": usage,
        "modelVersion": "upstream-model",
        "responseId": "up1",
    }


def cohere_message(fields: dict[str, Any], finish_reason: Any = "COMPLETE") -> dict[str, Any]:
    """An answer of Cohere's with this message."""
    usage = {
        "billed_units": {"input_tokens": 9, "output_tokens": 7},
        "tokens": {"input_tokens": 11, "output_tokens": 7},
    }
    return {"id": "up1", "message": {"role": "assistant", **fields}, "finish_reason": finish_reason, "usage": usage}


def _cohere_events() -> list[dict[str, Any]]:
    end = {"finish_reason": "COMPLETE", "usage": {"tokens": {"input_tokens": 11, "output_tokens": 7}}}
    start = {"message": {"content": {"type": "text", "text": ""}}}
    return [
        {"type": "message-start", "id": "up1", "delta": {"message": {"role": "assistant", "content": []}}},
        {"type": "content-start", "index": 0, "delta": start},
        *(
            {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"text": piece}}}}
            for piece in _PIECES
        ),
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": end},
    ]


_GEMINI_STREAM = [candidate([{"text": _PIECES[0]}], None), candidate([{"text": _PIECES[1]}])]
# One list that every API can read as its own.
_MODELS = {
    "object": "list",
    "data": [
        {"id": "listed-1", "object": "model", "created": _CREATED, "owned_by": "golden", "type": "model"},
        {"id": "listed-2", "display_name": "Second", "created_at": "2025-02-19T00:00:00Z", "type": "model"},
    ],
    "models": [
        {"name": "models/listed-3", "supportedGenerationMethods": ["generateContent"], "inputTokenLimit": 1000},
        {"name": "listed-4", "endpoints": ["chat"], "context_length": 2000},
        {"name": "models/listed-5", "supportedGenerationMethods": ["embedContent"], "endpoints": ["embed"]},
    ],
    "modelSummaries": [
        {"modelId": "vendor.listed-6", "inferenceTypesSupported": ["ON_DEMAND"], "outputModalities": ["TEXT"]},
        {"modelId": "vendor.listed-7", "inferenceTypesSupported": [], "outputModalities": ["IMAGE"]},
    ],
}

DEFAULTS: Mapping[str, Reply] = {
    "chat plain": plain(completion({"content": TEXT})),
    "chat stream": chunks({"role": "assistant", "content": ""}, *({"content": piece} for piece in _PIECES)),
    "responses plain": plain(response([message_item(TEXT)])),
    "responses stream": named_events(*_response_events()),
    "anthropic plain": plain(message([{"type": "text", "text": TEXT}])),
    "anthropic stream": message_events(
        ({"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in _PIECES])
    ),
    "bedrock plain": plain(converse([{"text": TEXT}])),
    "bedrock stream": converse_frames((None, [{"text": piece} for piece in _PIECES])),
    "gemini plain": plain(candidate([{"text": TEXT}])),
    "gemini stream": events(*_GEMINI_STREAM, ends=False),
    "cohere plain": plain(cohere_message({"content": [{"type": "text", "text": TEXT}]})),
    "cohere stream": named_events(*_cohere_events()),
    "models": plain(_MODELS),
}
"""By the API and whether a stream is asked for, as `Received.default` names them; and the list of models."""
