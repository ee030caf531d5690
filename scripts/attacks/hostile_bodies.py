"""Bodies that are made to hold up everybody else: the largest that were ever a fault, and some at each bound."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.settings.bounds import Bounds

_Json = dict[str, Any]
_BOUNDS = Bounds().request
_MOST = _BOUNDS.values - 50
"""Values of a body just below the bound, but for what stands around them."""
_PARTS = min(_BOUNDS.parts, _MOST // 3)
_MESSAGES = min(_BOUNDS.messages, _MOST // 3)
_ITEMS = min(_BOUNDS.items, _MOST // 3)
_PROPERTIES = min(_BOUNDS.properties, _MOST // 2)
_TEXT = 15_000_000

CHAT, RESPONSES = "/v1/chat/completions", "/v1/responses"
TRANSLATED = ("anthropic/any", "gemini/any", "bedrock/any")
_HELLO = [{"role": "user", "content": "Hello."}]


@dataclass(frozen=True)
class Attack:
    """A request. `make` writes its body; `models` are those that it is sent to, one after the other."""

    name: str
    make: Callable[[str], bytes]
    path: str = CHAT
    models: tuple[str, ...] = ("chat/any",)
    query: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def _chat(**fields: Any) -> Callable[[str], bytes]:
    return lambda model: orjson.dumps({"model": model, "messages": _HELLO, **fields})


def _response(**fields: Any) -> Callable[[str], bytes]:
    return lambda model: orjson.dumps({"model": model, "input": "Hello.", **fields})


def _raw(before: bytes, piece: bytes, times: int, after: bytes) -> Callable[[str], bytes]:
    """A chat request that ends with an unknown field which is written here."""
    start = orjson.dumps({"messages": _HELLO})[:-1]
    return lambda model: b'%b,"model":"%b","x":%b%b%b}' % (start, model.encode(), before, piece * times, after)


def _tools(number: int, values: int = 0, filler: int = 0) -> list[_Json]:
    """So many tools of chat, each with a schema of some `values` values and a description of some bytes."""
    properties = {f"p{index}": {"type": "string"} for index in range(values // 2)}
    return [
        {
            "type": "function",
            "function": {
                "name": f"tool_{index}",
                "description": "d" * filler,
                "parameters": {"type": "object", "properties": properties},
            },
        }
        for index in range(number)
    ]


def _flat(tools: list[_Json]) -> list[_Json]:
    """The same tools as the Responses API has them."""
    return [{"type": "function", **tool["function"]} for tool in tools]


def _texts(number: int, kind: str = "text") -> list[_Json]:
    return [{"type": kind, "text": "a"} for _ in range(number)]


def _messages(number: int) -> list[_Json]:
    return [{"role": "assistant" if index % 2 else "user", "content": "a"} for index in range(number)]


def _called(number: int) -> list[_Json]:
    """A conversation of so many messages in which each answer calls a tool."""
    found: list[_Json] = [{"role": "user", "content": "Hello."}]
    for index in range(number // 2):
        call = {"id": f"call_{index}", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
        found.append({"role": "assistant", "content": None, "tool_calls": [call]})
        found.append({"role": "tool", "tool_call_id": f"call_{index}", "content": "done"})
    return found


def _items(number: int) -> list[_Json]:
    """So many items of the Responses API in which each call is followed by its output."""
    found: list[_Json] = [{"role": "user", "content": "Hello."}]
    for index in range(number // 2):
        found.append({"type": "function_call", "call_id": f"c{index}", "name": "f", "arguments": "{}"})
        found.append({"type": "function_call_output", "call_id": f"c{index}", "output": "done"})
    return found[:number]


def _form(properties: int) -> _Json:
    named = {f"p{index}": {"type": "string"} for index in range(properties)}
    schema = {"type": "object", "properties": named, "required": list(named), "additionalProperties": False}
    return {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}


def _nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def _shells(number: int) -> list[_Json]:
    outcome = {"type": "exit", "exit_code": 1}
    output = [{"stdout": "a", "stderr": "", "outcome": outcome}]
    return [{"type": "shell_call_output", "call_id": f"c{index}", "output": output} for index in range(number)]


NAMED = (
    Attack("100,000 tools, 15 MB", _chat(tools=_tools(100_000, filler=20))),
    Attack("100,000 tools, 15 MB, translated", _chat(tools=_tools(100_000, filler=20)), models=TRANSLATED[:1]),
    Attack("a message of 100,000 parts", _chat(messages=[{"role": "user", "content": _texts(100_000)}])),
    Attack(
        "a message of 100,000 parts, translated",
        _chat(messages=[{"role": "user", "content": _texts(100_000)}]),
        models=TRANSLATED[:1],
    ),
    Attack("a form of 100,000 properties", _chat(response_format=_form(100_000)), models=("deepseek/any",)),
    Attack("6 million empty arrays", _raw(b"[[]", b",[]", 6_000_000, b"]")),
)

_WIDE = min(_BOUNDS.tools, 1024)
BOUNDED = (
    Attack("empty arrays", _raw(b"[[]", b",[]", _MOST, b"]")),
    Attack("empty arrays, translated", _raw(b"[[]", b",[]", _MOST, b"]"), models=TRANSLATED),
    Attack("objects of one key", _raw(b"[1", b',{"a":1}', _MOST // 2, b"]")),
    Attack("keys of an object", _chat(x={f"k{index}": 1 for index in range(_MOST)})),
    Attack("long keys, 9 MB", _chat(x={f"k{index}" + "x" * 80: 1 for index in range(_MOST)})),
    Attack("short texts", _chat(x=["a"] * _MOST)),
    Attack("long numbers", _chat(x=[1.2345678901234567e-300] * _MOST)),
    Attack("a number of 15 million digits", _raw(b"", b"1", _TEXT, b"")),
    Attack("digits behind a point, 15 million", _raw(b"0.", b"1", _TEXT, b"")),
    Attack("nested as deeply as is taken", _raw(b"", _nested(_BOUNDS.nesting - 3), 1, b"")),
    Attack("nested a million times", _raw(b"", _nested(1_000_000), 1, b"")),
    Attack("nested to the bound, again and again", _raw(b"[0", b"," + _nested(100), _MOST // 100, b"]")),
    Attack("opened and never closed, 15 MB", _raw(b"", b"[", _TEXT, b"")),
    Attack("closed and never opened, 15 MB", _raw(b"", b"]", _TEXT, b"")),
    Attack("commas alone, 15 MB", _raw(b"[", b",", _TEXT, b"]")),
    Attack("blanks, 15 MB", _raw(b"[", b" ", _TEXT, b"]")),
    Attack("a text of commas and brackets, 15 MB", _chat(x="[,{" * (_TEXT // 3))),
    Attack("a text of escaped quotes, 15 MB", _raw(b'"', rb"\"", _TEXT // 2, b'"')),
    Attack("a text of backslashes, 15 MB", _raw(b'"', rb"\\", _TEXT // 2, b'"')),
    Attack("a text of escapes and commas, 15 MB", _raw(b'"', rb",\n[\"", _TEXT // 6, b'"')),
    Attack("a text of unicode escapes, 15 MB", _raw(b'"', rb"\u00e9", _TEXT // 6, b'"')),
    Attack("a text of unicode, 15 MB", _chat(x="é" * (_TEXT // 2))),
    Attack("a text of 15 MB with one emoji", _chat(x="ab, " * (_TEXT // 4) + "\U0001f600")),
    Attack("quotes that never end, 15 MB", _raw(b"", b'"', _TEXT + 1, b"")),
    Attack("a message of 15 MB", _chat(messages=[{"role": "user", "content": "ab, " * (_TEXT // 4)}])),
    Attack(
        "a message of 15 MB, translated",
        _chat(messages=[{"role": "user", "content": "ab, " * (_TEXT // 4)}]),
        models=TRANSLATED,
    ),
    Attack(
        "an image of 15 MB",
        _chat(
            messages=[
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64," + "iVBO" * (_TEXT // 4)}}
                    ],
                }
            ]
        ),
        models=("chat/any", *TRANSLATED),
    ),
    Attack(
        "tools",
        _chat(tools=_tools(_WIDE, min(_MOST // _WIDE - 9, 2 * (_PROPERTIES // _WIDE)))),
        models=("chat/any", *TRANSLATED),
    ),
    Attack("tools, native", _response(tools=_flat(_tools(_WIDE, 8))), RESPONSES, ("responses/any",)),
    Attack("tools, stored", _response(tools=_flat(_tools(_WIDE, 8))), RESPONSES, ("chat/any", *TRANSLATED)),
    Attack("parts of a message", _chat(messages=[{"role": "user", "content": _texts(_PARTS)}])),
    Attack(
        "parts of a message, translated",
        _chat(messages=[{"role": "user", "content": _texts(_PARTS)}]),
        models=TRANSLATED,
    ),
    Attack("messages", _chat(messages=_messages(_MESSAGES)), models=("chat/any", *TRANSLATED)),
    Attack(
        "calls and their outputs",
        _chat(messages=_called(min(_MESSAGES - 1, _MOST // 6)), tools=_tools(1)),
        models=("chat/any", *TRANSLATED),
    ),
    Attack("messages, the last one wrong", _chat(messages=[*_messages(_MESSAGES - 1), {"role": "user", "content": 1}])),
    Attack("items", _response(input=_items(_ITEMS)), RESPONSES, ("responses/any", "chat/any", *TRANSLATED)),
    Attack(
        "items, not stored", _response(input=_items(_ITEMS), store=False), RESPONSES, ("responses/any", *TRANSLATED)
    ),
    Attack(
        "parts of an item",
        _response(input=[{"role": "user", "content": _texts(_PARTS, "input_text")}]),
        RESPONSES,
        ("responses/any", "chat/any", *TRANSLATED),
    ),
    Attack(
        "items, the last one wrong", _response(input=[*_items(_ITEMS - 1), {"role": "user", "content": 1}]), RESPONSES
    ),
    Attack("outputs of shells", _response(input=_shells(min(_ITEMS, _MOST // 11))), RESPONSES, ("responses/any",)),
    Attack(
        "instructions of 15 MB", _response(instructions="ab, " * (_TEXT // 4)), RESPONSES, ("responses/any", "chat/any")
    ),
    Attack("properties of a form", _chat(response_format=_form(_PROPERTIES)), models=("chat/any", *TRANSLATED)),
    Attack("a form that is held here", _chat(response_format=_form(5_000)), models=("deepseek/any",)),
    Attack("metadata", _chat(metadata={f"k{index}": "a" for index in range(_MOST)})),
    Attack("stop sequences", _chat(stop=[f"{index}" for index in range(_MOST)])),
    Attack(
        "biases of tokens",
        _chat(logit_bias={f"{index}": 1 for index in range(_MOST)}),
        models=("chat/any", *TRANSLATED),
    ),
    Attack("an unknown type", _response(input=[{"type": "acme:x", "x": [1] * _MOST}]), RESPONSES, ("responses/any",)),
    Attack("modalities", _chat(modalities=["text"] * _MOST), models=("chat/any", *TRANSLATED)),
    Attack(
        "items of a conversation",
        lambda _: orjson.dumps({"items": _items(20)}),
        "/v1/conversations",
        ("",),
    ),
    Attack(
        "fields that nobody knows",
        _response(**{f"k{index}": 1 for index in range(_MOST)}),
        RESPONSES,
        ("responses/any", *TRANSLATED),
    ),
    Attack("a query of 60 KB", _chat(), query="?" + "a=b&" * 15_000),
    Attack("1,000 headers", _chat(), headers=tuple((f"x-{index}", "a" * 100) for index in range(1000))),
    Attack("Waystone's chat", _chat(messages=_messages(_MESSAGES)), "/api/gateway/v1/chat/completions", TRANSLATED),
    Attack(
        "Waystone's responses",
        _response(input="ab, " * (_TEXT // 4)),
        "/api/gateway/v1/responses",
        ("chat/any", *TRANSLATED),
    ),
)
