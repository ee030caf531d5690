"""Replies to requests whose answer has to keep a form, replies in odd framing, and other odds and ends."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from scripts.goldens.cases import CHAT, RESPONSES, Case, Reply, Step, single
from scripts.goldens.default_replies import (
    candidate,
    chunk,
    chunks,
    cohere_message,
    completion,
    converse,
    converse_frames,
    message,
    message_events,
    message_item,
    response,
)
from scripts.goldens.frames import events, plain
from scripts.goldens.odd_replies import framed
from scripts.goldens.rich_replies import RICH

_SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
_FORMS: Mapping[str, Any] = {
    "schema": {"type": "json_schema", "json_schema": {"name": "place", "schema": _SCHEMA, "strict": True}},
    "list": {"type": "json_schema", "json_schema": {"name": "all", "schema": {"type": "array"}}},
    "object": {"type": "json_object"},
}
_TEXTS = {
    "right": '{"city":"Oslo"}',
    "wrong": '{"city":1}',
    "fenced": '```json\n{"city":"Oslo"}\n```',
    "no JSON": "Oslo",
    "empty": "",
    "list": "[]",
}
_TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}]
_FORM_CALL = {"name": "answer_in_form", "arguments": '{"city":"Oslo"}'}
_SAID = {"role": "user", "content": "Hi"}
_LEGACY = {"name": "look", "arguments": '{"a":1}'}
_TARGETS: Mapping[str, tuple[str, ...]] = {
    "chat": ("plain-openai-chat/m", "deepseek/deepseek-chat", "perplexity/sonar", "zai/glm-4.6", "lmstudio-chat/any"),
    "responses": ("plain-openai-responses/m",),
    "anthropic": ("anthropic/claude-sonnet-4-5", "anthropic/claude-3-5-haiku-20241022", "anthropic/claude-mythos-1"),
    "bedrock": (
        "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "bedrock/us.amazon.nova-pro-v1:0",
        "bedrock/meta.llama3-3-70b-instruct-v1:0",
        "bedrock/deepseek.r1-v1:0",
    ),
    "gemini": ("gemini/gemini-2.5-flash", "gemini/gemini-2.0-flash"),
    "cohere": ("cohere/command-a-03-2025", "cohere/command-r-plus"),
}


def form_reply_cases() -> Iterator[Case]:
    """Every case about the form of answers."""
    for api, targets in _TARGETS.items():
        for target in targets:
            for form, asked in _FORMS.items():
                for more, tools in (("", {}), (" with tools", {"tools": _TOOLS})):
                    for name, reply, is_stream in _replies(api):
                        body = {**_question(target), "response_format": asked, **tools, "stream": is_stream}
                        end = f"{form}{more} {name}{' stream' if is_stream else ''}"
                        yield single(f"form {end} | {target}", CHAT, body, reply)
    yield from _framing()
    yield from _legacy()
    yield from _deep()
    yield from _shares()


def _question(target: str) -> dict[str, Any]:
    return {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "model": target,
    }


def _replies(api: str) -> Iterator[tuple[str, Reply, bool]]:
    for name, text in _TEXTS.items():
        yield name, plain(_said(api, text)), False
    yield "call", plain(_called(api)), False
    match api:
        case "chat":
            for name, text in _TEXTS.items():
                yield name, chunks({"role": "assistant", "content": text[:3]}, {"content": text[3:]}), True
            call = {"index": 0, "id": "c", "type": "function", "function": _FORM_CALL}
            yield "call", chunks({"role": "assistant"}, {"tool_calls": [call]}, finish_reason="tool_calls"), True
        case "anthropic":
            for name, text in _TEXTS.items():
                yield name, message_events(({"type": "text", "text": ""}, [{"type": "text_delta", "text": text}])), True
            start = {"type": "tool_use", "id": "c", "name": "answer_in_form", "input": {}}
            yield "call", message_events((start, [_json('{"city":'), _json('"Oslo"}')]), stop_reason="tool_use"), True
        case "bedrock":
            for name, text in _TEXTS.items():
                yield name, converse_frames((None, [{"text": text}])), True
            begun = {"toolUse": {"toolUseId": "c", "name": "answer_in_form"}}
            yield (
                "call",
                converse_frames((begun, [{"toolUse": {"input": '{"city":"Oslo"}'}}]), stop_reason="tool_use"),
                True,
            )
        case "gemini":
            for name, text in _TEXTS.items():
                yield name, events(candidate([{"text": text}]), ends=False), True
            yield "call", events(_called(api), ends=False), True
        case _:
            pass


def _json(piece: str) -> dict[str, Any]:
    return {"type": "input_json_delta", "partial_json": piece}


def _said(api: str, text: str) -> dict[str, Any]:
    match api:
        case "chat":
            return completion({"content": text})
        case "responses":
            return response([message_item(text)])
        case "anthropic":
            return message([{"type": "text", "text": text}])
        case "bedrock":
            return converse([{"text": text}])
        case "gemini":
            return candidate([{"text": text}])
        case _:
            return cohere_message({"content": [{"type": "text", "text": text}]})


def _called(api: str) -> dict[str, Any]:
    call = {"id": "c", "type": "function", "function": _FORM_CALL}
    name, given = "answer_in_form", {"city": "Oslo"}
    match api:
        case "chat":
            return completion({"content": None, "tool_calls": [call]}, "tool_calls")
        case "responses":
            return response([{"type": "function_call", "id": "fc", "call_id": "c", **_FORM_CALL}])
        case "anthropic":
            return message([{"type": "tool_use", "id": "c", "name": name, "input": given}], "tool_use")
        case "bedrock":
            return converse([{"toolUse": {"toolUseId": "c", "name": name, "input": given}}], "tool_use")
        case "gemini":
            return candidate([{"functionCall": {"name": name, "args": given, "id": "c"}}])
        case _:
            return cohere_message({"tool_calls": [call]}, "TOOL_CALL")


def _framing() -> Iterator[Case]:
    """Streams in pieces, with other ends of lines, and as arrays."""
    for api, rich in RICH.items():
        whole = framed(rich, rich.stream)
        framings = {"in pieces": replace(whole, pieces=40), "in many": replace(whole, pieces=120)}
        if rich.form != "frames":
            framings["with CRLF"] = replace(whole, body=whole.body.replace(b"\n", b"\r\n"))
            framings["with CRLF in pieces"] = replace(framings["with CRLF"], pieces=40)
            framings["with a type of its own"] = replace(whole, content_type="text/event-stream; charset=utf-8")
        array = Reply(json.dumps(list(rich.stream), indent=1).encode(), "text/event-stream")
        framings |= {"an array": array, "an array in pieces": replace(array, pieces=40)}
        for name, reply in framings.items():
            for path, question in (
                (CHAT, {"messages": [{"role": "user", "content": "Hi"}]}),
                (RESPONSES, {"input": "Hi"}),
            ):
                body = {**question, "model": rich.targets[0], "stream": True}
                yield single(f"framing {api} {name} {path}", path, body, reply)


def _legacy() -> Iterator[Case]:
    """Function calls as chat had them at first, in replies."""
    functions = {"functions": [{"name": "look", "parameters": {"type": "object", "properties": {}}}]}
    for given in (_LEGACY, {"name": "look"}, {"name": "look", "arguments": {"a": 1}}, "odd", {}):
        whole = plain(completion({"content": None, "function_call": given}, "function_call"))
        streamed = events(chunk({"role": "assistant", "function_call": given}), chunk({}, "function_call"))
        for path, question in ((CHAT, _question("plain-openai-chat/m")), (RESPONSES, {"input": "Hi"})):
            body: dict[str, Any] = {**question, "model": "plain-openai-chat/m"}
            if path == CHAT:
                body |= functions
            yield single(f"legacy {given} {path}", path, body, whole)
            yield single(f"legacy {given} {path} stream", path, {**body, "stream": True}, streamed)


def _deep() -> Iterator[Case]:
    """What is nested very deeply, in requests and in replies."""
    for levels in (100, 220, 260, 600):
        text = '{"a":' * levels + "1" + "}" * levels
        for api, targets in _TARGETS.items():
            asked = json.dumps({**_question(targets[0]), "tools": [{"type": "function", "function": {"name": "look"}}]})
            deep = asked.replace('{"name": "look"}', f'{{"name": "look", "parameters": {text}}}')
            yield Case(f"deep tool {levels} {api}", [Step(CHAT, deep)])
            output = json.dumps(_said(api, "Hi")).encode()
            reply = Reply(output[:-1] + b', "more": ' + text.encode() + b"}")
            yield single(f"deep reply {levels} {api}", CHAT, _question(targets[0]), reply)
            given = json.dumps({"model": targets[0], "input": [{"role": "user", "content": "Hi"}], "metadata": {}})
            deep = given.replace('"Hi"', f'[{{"type": "yet_to_come", "a": {text}}}]')
            yield Case(f"deep input {levels} {api}", [Step(RESPONSES, deep)])


def _shares() -> Iterator[Case]:
    """Requests that several providers or keys share, in the order of their shares."""
    for name in ("shared", "keys/m"):
        body: dict[str, Any] = {"messages": [{"role": "user", "content": "Hi"}], "model": name}
        yield Case(f"shares {name}", [Step(CHAT, body)] * 6)
        marked = {**body, "prompt_cache_key": "one"}
        yield Case(f"shares {name} with a cache key", [Step(CHAT, marked)] * 3)
        text = {"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}
        marked = {**body, "messages": [{"role": "user", "content": [text]}]}
        yield Case(f"shares {name} with a mark", [Step(CHAT, marked)] * 3)
        went_on = {**body, "messages": [*body["messages"], {"role": "assistant", "content": "Hello."}]}
        yield Case(f"shares {name} going on", [Step(CHAT, went_on)] * 3)
    first = {"model": "anthropic/claude-sonnet-4-5", "input": [_SAID], "store": False}
    thought = plain(
        message([{"type": "thinking", "thinking": "Hm.", "signature": "s"}, {"type": "text", "text": "Hi"}])
    )
    later = {"model": "author", "input": [_SAID, "{{*0:output}}", _SAID]}
    again = Step(RESPONSES, later)
    yield Case("shares by author", [Step(RESPONSES, first, [thought]), again, again, again])
