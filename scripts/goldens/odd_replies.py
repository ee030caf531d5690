"""Replies that are rich, wrong at one place, cut off, or out of order, in every API."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.goldens.cases import CHAT, RESPONSES, WAYSTONE_CHAT, Case, Reply, single
from scripts.goldens.frames import events, frames, named_events, plain
from scripts.goldens.places import NOTHING, places, replaced
from scripts.goldens.rich_replies import RICH, Rich

_WRONG: Sequence[tuple[str, Any]] = (*(("nothing", NOTHING), ("number", 7), ("text", "odd"), ("list", [])),)
_PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_HOSTED = [{"type": "web_search"}, {"type": "code_interpreter", "container": {"type": "auto"}}]
_FLAT = [
    {"type": "function", "name": "look", "parameters": _PLACE},
    {"type": "custom", "name": "patch"},
    {"type": "namespace", "name": "ns", "description": "x", "tools": [{"type": "function", "name": "inner"}]},
]
_NESTED = [
    {"type": "function", "function": {"name": "look", "parameters": _PLACE}},
    {"type": "custom", "custom": {"name": "patch"}},
]
_SCHEMA = {"name": "place", "schema": {**_PLACE, "additionalProperties": False}, "strict": True}


@dataclass(frozen=True)
class _Question:
    """A client's request, without model and stream."""

    surface: str
    body: dict[str, Any]


_QUESTIONS = {
    "chat": _Question(CHAT, {"messages": [{"role": "user", "content": "Hi"}], "tools": _NESTED}),
    "responses": _Question(RESPONSES, {"input": "Hi", "tools": _FLAT, "store": False}),
}
_MORE = {
    "bare chat": _Question(CHAT, {"messages": [{"role": "user", "content": "Hi"}]}),
    "waystone chat": _Question(WAYSTONE_CHAT, {"messages": [{"role": "user", "content": "Hi"}], "tools": _NESTED}),
    "form chat": _Question(
        CHAT,
        {
            "messages": [{"role": "user", "content": "Hi"}],
            "response_format": {"type": "json_schema", "json_schema": _SCHEMA},
        },
    ),
    "form and tools": _Question(
        CHAT,
        {
            "messages": [{"role": "user", "content": "Hi"}],
            "tools": _NESTED,
            "response_format": {"type": "json_schema", "json_schema": _SCHEMA},
        },
    ),
    "none allowed": _Question(
        CHAT, {"messages": [{"role": "user", "content": "Hi"}], "tools": _NESTED, "tool_choice": "none"}
    ),
    "one allowed": _Question(
        CHAT,
        {
            "messages": [{"role": "user", "content": "Hi"}],
            "tools": _NESTED,
            "tool_choice": {"type": "function", "function": {"name": "look"}},
        },
    ),
    "hosted": _Question(
        RESPONSES,
        {"input": "Hi", "tools": _HOSTED, "include": ["code_interpreter_call.outputs", "reasoning.encrypted_content"]},
    ),
    "form": _Question(RESPONSES, {"input": "Hi", "text": {"format": {"type": "json_schema", **_SCHEMA}}}),
    "stored": _Question(RESPONSES, {"input": "Hi", "tools": _FLAT}),
}
_NOISE = {
    "no JSON": b"data: {\n\n",
    "text": b"data: hello\n\n",
    "list": b"data: []\n\n",
    "number": b"data: 7\n\n",
    "empty object": b"data: {}\n\n",
    "comment": b": hello\n\n",
    "empty": b"",
    "done": b"data: [DONE]\n\n",
    "error": b'data: {"error": {"message": "overloaded", "code": 503, "type": "server_error"}}\n\n',
    "error text": b'data: {"error": "broken"}\n\n',
    "named error": b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}\n\n',
    "message": b'data: {"message": "broken"}\n\n',
    "bytes": b"\x00\xff\xfe",
}
_LAST_WORDS: Mapping[str, Sequence[Any]] = {
    "bedrock": [
        *(["!throttlingException", {"message": "slow"}], ["!internalServerException", {"message": "x"}]),
        *(["!validationException", {"message": "x"}], ["!modelStreamErrorException", {"message": "x"}], ["odd", {}]),
        ["!serviceUnavailableException", {"message": "x"}],
    ],
    "anthropic": [{"type": "error", "error": {"type": kind, "message": "x"}} for kind in ("overloaded_error", "odd")],
    "responses": [
        {"type": "error", "code": "server_error", "message": "x", "param": None},
        {
            "type": "response.failed",
            "response": {"status": "failed", "error": {"code": "rate_limit_exceeded", "message": "x"}},
        },
        {
            "type": "response.incomplete",
            "response": {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}, "output": []},
        },
        {"type": "response.completed", "response": {"status": "cancelled", "output": []}},
    ],
    "gemini": [
        {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}},
        {"error": {"code": 429, "message": "slow", "status": "RESOURCE_EXHAUSTED"}},
        {"error": {"message": "x", "status": "UNAVAILABLE"}},
    ],
    "cohere": [
        {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "x"}},
        {"type": "message-end", "delta": {"finish_reason": "TIMEOUT"}},
        {"type": "debug", "prompt": "x"},
    ],
    "chat": [
        {"error": {"message": "x", "code": "rate_limit_exceeded"}},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "error"}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "odd"}]},
        {"choices": [{"index": 1, "delta": {"content": "second"}, "finish_reason": "stop"}]},
        {"object": "error", "message": "x", "code": 400},
    ],
}


def odd_reply_cases() -> Iterator[Case]:
    """Every case about replies."""
    for api, rich in RICH.items():
        for target in rich.targets:
            for name, reply, is_stream in _replies(api, rich):
                for kind, question in _QUESTIONS.items():
                    yield _case(f"reply {api} {name} {kind}", question, target, reply, is_stream=is_stream)
        for kind, question in {**_QUESTIONS, **_MORE}.items():
            for name, reply, is_stream in (
                ("whole", plain(rich.plain), False),
                ("whole", framed(rich, rich.stream), True),
            ):
                case = f"reply-rich {api} {name} {kind}"
                yield _case(case, question, rich.targets[0], reply, is_stream=is_stream)


def _case(name: str, question: _Question, target: str, reply: Reply, *, is_stream: bool) -> Case:
    body = {**question.body, "model": target, "stream": is_stream}
    return single(f"{name}{' stream' if is_stream else ''} | {target}", question.surface, body, reply)


def _replies(api: str, rich: Rich) -> Iterator[tuple[str, Reply, bool]]:
    for path, place in places(rich.plain):
        for name, value in _WRONG:
            yield f"{path} {name}", plain(replaced(rich.plain, place, value)), False
    for number, event in enumerate(rich.stream):
        yield f"without {number}", framed(rich, [*rich.stream[:number], *rich.stream[number + 1 :]]), True
        yield f"twice {number}", framed(rich, [*rich.stream[: number + 1], *rich.stream[number:]]), True
        yield f"cut at {number}", framed(rich, rich.stream[:number], is_cut=True), True
        yield f"ends at {number}", framed(rich, rich.stream[:number], ends=False), True
        for path, place in places(event):
            if len(place) <= _DEEPEST:
                for name, value in _WRONG[:2]:
                    changed = [*rich.stream]
                    changed[number] = replaced(event, place, value)
                    yield f"{number} {path} {name}", framed(rich, changed), True
    yield from _noises(api, rich)


_DEEPEST = 5


def _noises(api: str, rich: Rich) -> Iterator[tuple[str, Reply, bool]]:
    half = len(rich.stream) // 2
    whole = framed(rich, rich.stream[:half], ends=False)
    for name, noise in _NOISE.items():
        yield f"noise {name}", Reply(whole.body + noise, whole.content_type), True
        yield f"only {name}", Reply(noise, whole.content_type), True
        yield f"noise {name} and more", Reply(noise + framed(rich, rich.stream).body, whole.content_type), True
        yield f"body {name}", Reply(noise.removeprefix(b"data: ").strip()), False
        yield f"plain {name}", Reply(noise.removeprefix(b"data: ").strip()), True
    for number, last in enumerate(_LAST_WORDS[api]):
        yield f"last word {number}", framed(rich, [*rich.stream[:half], last], ends=False), True
        yield f"first word {number}", framed(rich, [last], ends=False), True
        if not isinstance(last, list):
            yield f"as body {number}", plain(last), False
    yield "not a stream", plain(rich.plain), True
    yield "html", Reply(b"<html>busy</html>", "text/html"), True
    yield "html", Reply(b"<html>busy</html>", "text/html"), False
    yield "all in one list", Reply(json.dumps(list(rich.stream)).encode()), True


def framed(rich: Rich, data: Sequence[Any], *, ends: bool = True, is_cut: bool = False) -> Reply:
    """A streamed reply of these events, in the framing of the API."""
    match rich.form:
        case "frames":
            pairs = [tuple(one) for one in data if isinstance(one, list) and len(one) == 2 and isinstance(one[0], str)]
            return frames(*pairs, is_cut=is_cut)
        case "named":
            named = [
                one if isinstance(one, dict) and isinstance(one.get("type"), str) else {"type": "odd"} for one in data
            ]
            return named_events(*named, is_cut=is_cut)
        case _:
            return events(*data, ends=ends and rich.targets[0].startswith("plain"), is_cut=is_cut)
