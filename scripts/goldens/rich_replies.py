"""One reply of each API with nearly everything in it, plain and as the events of a stream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.goldens.default_replies import (
    chunk,
    completion,
    converse,
    message,
    message_item,
    response,
)
from scripts.goldens.rich_foreign import (
    BLOCKS,
    COHERE_PLAIN,
    CONVERSE_BLOCKS,
    GEMINI_PLAIN,
    GEMINI_STREAM,
    Event,
    cohere_stream,
    converse_stream,
    message_stream,
)

_CITED = {
    "type": "url_citation",
    "url_citation": {"url": "https://a.example", "title": "A", "start_index": 0, "end_index": 3},
}
_TOKEN = {
    "token": "Hel",
    "logprob": -0.5,
    "bytes": [72],
    "top_logprobs": [{"token": "x", "logprob": -1, "bytes": None}],
}
_LOGPROBS = {"content": [_TOKEN], "refusal": None}
_LOOK = {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": '{"city":"Oslo"}'}}
_PATCH = {"id": "call_b", "type": "function", "function": {"name": "patch", "arguments": '{"input":"a patch"}'}}
_IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}, "index": 0}
_AUDIO = {"id": "audio_1", "data": "AAAA", "transcript": "Hi", "expires_at": 1_600_000_100}
_DETAILS = [
    {"type": "reasoning.text", "text": "Hm.", "signature": "sig", "format": "anthropic-claude-v1", "index": 0},
    {"type": "reasoning.encrypted", "data": "secret", "id": "rs_0", "format": "openai-responses-v1", "index": 1},
    {"type": "reasoning.summary", "summary": "Short.", "index": 2},
]


@dataclass(frozen=True)
class Rich:
    """A reply of one API. `targets` are who answers with it; of AWS's frames, the first of each pair is the type."""

    targets: Sequence[str]
    plain: Event
    stream: Sequence[Any]
    form: str = "events"


_CHAT_PLAIN = completion(
    {
        "content": "Hello there.",
        "reasoning_content": "Hm.",
        "reasoning_details": _DETAILS,
        "refusal": None,
        "annotations": [_CITED],
        "audio": _AUDIO,
        "images": [_IMAGE],
        "tool_calls": [_LOOK, _PATCH],
    },
    "tool_calls",
    system_fingerprint="fp_1",
    service_tier="default",
)
_CHAT_PLAIN["choices"][0]["logprobs"] = _LOGPROBS
_CHAT_STREAM = [
    chunk({"role": "assistant", "content": ""}),
    chunk({"reasoning_content": "Hm."}),
    chunk({"reasoning_details": _DETAILS}),
    chunk({"content": "Hel"}),
    {**chunk({}), "choices": [{"index": 0, "delta": {"content": "lo"}, "logprobs": _LOGPROBS, "finish_reason": None}]},
    chunk({"annotations": [_CITED], "images": [_IMAGE], "audio": {"id": "audio_1", "data": "AA"}}),
    chunk(
        {
            "tool_calls": [
                {"index": 0, "id": "call_a", "type": "function", "function": {"name": "look", "arguments": ""}}
            ]
        }
    ),
    chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"city":"Oslo"}'}}]}),
    chunk({"tool_calls": [{"index": 1, **_PATCH}]}),
    chunk({}, "tool_calls"),
    chunk(None, usage=_CHAT_PLAIN["usage"]),
]
_CHAT_TARGETS = ("plain-openai-chat/m", "mistral/mistral-large-latest")

_ANNOTATIONS = [
    {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 3},
    {"type": "file_citation", "file_id": "file-1", "filename": "a.pdf", "index": 2},
]
_ITEMS: list[Event] = [
    {
        "type": "reasoning",
        "id": "rs_u",
        "summary": [{"type": "summary_text", "text": "Hm."}],
        "encrypted_content": "enc",
    },
    {"type": "web_search_call", "id": "ws_u", "status": "completed", "action": {"type": "search", "query": "x"}},
    message_item("Hello", annotations=_ANNOTATIONS, logprobs=[_TOKEN]),
    {**message_item(""), "id": "msg_u2", "content": [{"type": "refusal", "refusal": "No."}]},
    {
        "type": "function_call",
        "id": "fc_u",
        "call_id": "call_a",
        "name": "look",
        "arguments": '{"city":"Oslo"}',
        "status": "completed",
    },
    {
        "type": "custom_tool_call",
        "id": "ctc_u",
        "call_id": "call_b",
        "name": "patch",
        "input": "a patch",
        "status": "completed",
    },
]


def _open(item: Event) -> Event:
    empty: Event = {name: [] for name in ("content", "summary") if name in item}
    texts: Event = {name: "" for name in ("arguments", "input") if name in item}
    return {**item, **empty, **texts, "status": "in_progress"}


_MIDDLE: Mapping[int, list[Event]] = {
    0: [
        {
            "type": "response.reasoning_summary_part.added",
            "summary_index": 0,
            "part": {"type": "summary_text", "text": ""},
        },
        {"type": "response.reasoning_summary_text.delta", "summary_index": 0, "delta": "Hm."},
        {"type": "response.reasoning_summary_text.done", "summary_index": 0, "text": "Hm."},
        {
            "type": "response.reasoning_summary_part.done",
            "summary_index": 0,
            "part": {"type": "summary_text", "text": "Hm."},
        },
    ],
    1: [{"type": f"response.web_search_call.{state}"} for state in ("in_progress", "searching", "completed")],
    2: [
        {
            "type": "response.content_part.added",
            "content_index": 0,
            "part": {"type": "output_text", "text": "", "annotations": []},
        },
        {"type": "response.output_text.delta", "content_index": 0, "delta": "Hel", "logprobs": [_TOKEN]},
        {"type": "response.output_text.delta", "content_index": 0, "delta": "lo"},
        {
            "type": "response.output_text.annotation.added",
            "content_index": 0,
            "annotation_index": 0,
            "annotation": _ANNOTATIONS[0],
        },
        {"type": "response.output_text.done", "content_index": 0, "text": "Hello", "logprobs": []},
        {"type": "response.content_part.done", "content_index": 0, "part": _ITEMS[2]["content"][0]},
    ],
    3: [
        {"type": "response.content_part.added", "content_index": 0, "part": {"type": "refusal", "refusal": ""}},
        {"type": "response.refusal.delta", "content_index": 0, "delta": "No."},
        {"type": "response.refusal.done", "content_index": 0, "refusal": "No."},
    ],
    4: [
        {"type": "response.function_call_arguments.delta", "delta": '{"city":'},
        {"type": "response.function_call_arguments.done", "arguments": '{"city":"Oslo"}', "name": "look"},
    ],
    5: [
        {"type": "response.custom_tool_call_input.delta", "delta": "a patch"},
        {"type": "response.custom_tool_call_input.done", "input": "a patch"},
    ],
}


def _response_stream() -> list[Event]:
    found: list[Event] = [{"type": "response.created", "response": response([], "in_progress", usage=None)}]
    for number, item in enumerate(_ITEMS):
        place = {"output_index": number, "item_id": item["id"]}
        found.append({"type": "response.output_item.added", "output_index": number, "item": _open(item)})
        found += [{**event, **place} for event in _MIDDLE[number]]
        found.append({"type": "response.output_item.done", "output_index": number, "item": item})
    return [*found, {"type": "response.completed", "response": response(_ITEMS)}]


RICH: Mapping[str, Rich] = {
    "chat": Rich(_CHAT_TARGETS, _CHAT_PLAIN, _CHAT_STREAM),
    "responses": Rich(("plain-openai-responses/m",), response(_ITEMS), _response_stream(), "named"),
    "anthropic": Rich(("anthropic/claude-sonnet-4-5",), message(BLOCKS, "tool_use"), message_stream(), "named"),
    "bedrock": Rich(
        ("bedrock/amazon.nova-2-lite-v1:0",), converse(CONVERSE_BLOCKS, "tool_use"), converse_stream(), "frames"
    ),
    "gemini": Rich(("gemini/gemini-3-pro-preview",), GEMINI_PLAIN, GEMINI_STREAM),
    "cohere": Rich(("cohere/command-a-reasoning-08-2025",), COHERE_PLAIN, cohere_stream(), "named"),
}
