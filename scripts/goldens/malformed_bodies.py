"""Bodies that are wrong at one place: each value of two rich bodies replaced by values of other types."""

from collections.abc import Iterator, Sequence
from typing import Any

from scripts.goldens.cases import CHAT, RESPONSES, WAYSTONE_CHAT, WAYSTONE_RESPONSES, Case, Step, single
from scripts.goldens.part_bodies import PNG
from scripts.goldens.places import NOTHING, places, replaced

_WRONG: Sequence[tuple[str, Any]] = (
    *(("null", None), ("number", 7), ("text", "odd"), ("empty text", "")),
    *(("list", []), ("object", {}), ("list of numbers", [1])),
)
_CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
_CUSTOM = {"id": "c2", "type": "custom", "custom": {"name": "patch", "input": "x"}}
_CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": [{"type": "text", "text": "A", "cache_control": {"type": "ephemeral"}}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "Hi"},
                {"type": "image_url", "image_url": {"url": PNG, "detail": "low"}},
                {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}},
                {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "text", "text": "A"}, {"type": "refusal", "refusal": "No."}],
            "tool_calls": [_CALL, _CUSTOM],
            "reasoning_content": "Hm.",
            "reasoning_details": [{"type": "reasoning.text", "text": "Hm.", "id": "r", "data": "x", "format": "y"}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "done"}]},
        {"role": "tool", "tool_call_id": "c2", "content": "done"},
        {"role": "assistant", "content": None, "function_call": {"name": "look", "arguments": "{}"}},
        {"role": "function", "name": "look", "content": "done"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "look", "description": "x", "parameters": {"type": "object"}}},
        {"type": "custom", "custom": {"name": "patch", "format": {"type": "grammar", "grammar": {"syntax": "lark"}}}},
    ],
    "tool_choice": {"type": "function", "function": {"name": "look"}},
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
    "stream_options": {"include_usage": True},
    "max_completion_tokens": 100,
    "temperature": 1,
    "stop": ["END"],
    "metadata": {"end_user": {"id": "u1", "group": {"id": "g1"}}},
    "user": "user-1",
    "stream": False,
    "n": 1,
}
_RESPONSES: dict[str, Any] = {
    "input": [
        {"role": "developer", "content": "A"},
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "Hi"},
                {"type": "input_image", "image_url": PNG, "detail": "low"},
                {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "status": "completed",
            "content": [{"type": "output_text", "text": "A", "annotations": []}],
        },
        {"type": "function_call", "call_id": "c1", "name": "look", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": [{"type": "input_text", "text": "done"}]},
        {"type": "custom_tool_call", "call_id": "c2", "name": "patch", "input": "x"},
        {"type": "custom_tool_call_output", "call_id": "c2", "output": "done"},
    ],
    "tools": [
        {"type": "function", "name": "look", "parameters": {"type": "object"}, "strict": False},
        {"type": "custom", "name": "patch", "format": {"type": "grammar", "syntax": "lark", "definition": "x"}},
    ],
    "tool_choice": {"type": "function", "name": "look"},
    "text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
    "include": ["reasoning.encrypted_content"],
    "max_output_tokens": 100,
    "temperature": 1,
    "metadata": {"a": "b"},
    "store": True,
    "stream": False,
    "instructions": "Be brief.",
}
_TARGETS = ("openai-chat/gpt-4.1", "openai-responses/gpt-4.1", "anthropic/claude-sonnet-4-5", "gemini/gemini-3-pro")
_RAW = {
    "no JSON": "{",
    "not an object": "[]",
    "empty": "",
    "text": '"x"',
    "twice": '{"model": "openai/a", "model": "openai/b"}',
    "not a number": '{"model": "openai/a", "temperature": NaN}',
    "deep": '{"model": "openai/a", "metadata": ' + '{"a":' * 300 + "1" + "}" * 300 + "}",
    "lone surrogate": '{"model": "openai-chat/gpt-4.1", "messages": [{"role": "user", "content": "\\ud800"}]}',
}


def malformed_cases() -> Iterator[Case]:
    """Every case about bodies that are wrong."""
    for surface, body in ((CHAT, _CHAT), (RESPONSES, _RESPONSES)):
        for target in _TARGETS:
            for path, place in places(body):
                for name, value in (*_WRONG, ("nothing", NOTHING)):
                    asked = {**replaced(body, place, value), "model": target}
                    yield single(f"malformed {path} {name} {surface} | {target}", surface, asked)
    yield from _of_waystone()
    yield from _of_requests()


def _of_waystone() -> Iterator[Case]:
    chat = {"messages": [{"role": "user", "content": ["Hi", {"type": "text", "text": "there"}, 7]}]}
    for field in (
        "n",
        "max_completion_tokens",
        "temperature",
        "model",
        "messages",
        "input",
        "tools",
        "metadata",
        "user",
    ):
        for name, value in (*_WRONG, ("whole", 2.0), ("huge", 1e300), ("negative", -1)):
            for path, body in ((WAYSTONE_CHAT, chat), (WAYSTONE_RESPONSES, {"input": "Hi"})):
                asked = {**body, "model": "openai-chat/gpt-4.1", field: value}
                yield single(f"malformed waystone {field} {name} {path}", path, asked)
    parts = {"messages": [{"role": "user", "content": ["Hi", "there"]}], "model": "anthropic/claude-sonnet-4-5"}
    yield single("malformed waystone texts", WAYSTONE_CHAT, parts)


def _of_requests() -> Iterator[Case]:
    for path in (CHAT, RESPONSES, WAYSTONE_CHAT, WAYSTONE_RESPONSES):
        for name, text in _RAW.items():
            yield Case(f"malformed raw {name} {path}", [Step(path, text)])
        least = {"model": "openai/gpt-4.1", "messages": [{"role": "user", "content": "Hi"}], "input": "Hi"}
        yield Case(f"malformed key {path}", [Step(path, least, key="wrong")])
        yield Case(f"malformed type {path}", [Step(path, least, headers={"content-type": "text/plain"})])
        for model in ("", "nobody/m", "openai/", "/m", "unknown", "sure", "alias", "listed-1", "azure/", "down/any"):
            yield single(f"malformed model {model!r} {path}", path, {**least, "model": model})
