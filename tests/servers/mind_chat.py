"""The one mind on the chat wire: that of OpenAI, which does not tell its reasoning there, and of those who follow it.

They have reasoning in `reasoning_content`, as DeepSeek and others do. A server that nobody knows takes images from
tools, as Ollama does; those that have a row of their own refuse what the shared facts say.
"""

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request

from tests.servers.chat_upstream import CREATED, complaint_about
from tests.servers.one_mind import Call, Said, Scribe, Tool, Transcript, image_at, misgivings, spelled
from tests.servers.pieces import pieces
from tests.servers.row_rules import complaints as of_row

_Object = dict[str, Any]
# They take reasoning back only with the calls since the user spoke last (shared facts on providers).
_FORGETFUL = ("deepseek",)
# They tell usage in a stream unasked.
_TALKATIVE = ("mistral",)


class ChatWire:
    """`POST /chat/completions`."""

    media_type = "text/event-stream"

    def __init__(self, author: str, *, is_known: bool = True) -> None:
        self.author = author
        self._is_known = is_known
        self._is_silent = author == "openai"

    def read(self, body: _Object) -> Transcript:
        scribe = Scribe()
        for message in body["messages"]:
            parts = _parts(message.get("content"))
            match message["role"]:
                case "assistant":
                    calls = [_call(call) for call in message.get("tool_calls") or ()]
                    scribe.answered(parts, calls, _proof(message))
                case "tool":
                    scribe.output(message["tool_call_id"], parts)
                case role:
                    scribe.say("user" if role == "user" else "system", parts)
        functions = [tool["function"] for tool in body.get("tools") or ()]
        tools = [Tool(one["name"], one.get("description", ""), one.get("parameters") or {}) for one in functions]
        return Transcript(scribe.turns, tools, body.get("tool_choice") != "none", not self._is_silent)

    def complaints(self, request: Request, body: _Object, transcript: Transcript) -> Iterator[str]:
        if not self._is_known:
            body = {**body, "messages": [_without_images(message) for message in body["messages"]]}
        if found := complaint_about(request, body):
            yield found
        if self._is_known:
            yield from of_row(self.author, body)
        loops_only = self.author in _FORGETFUL
        yield from misgivings(transcript, self.author, is_signed=False, is_loop_only=loops_only)

    def is_stream(self, request: Request, body: _Object) -> bool:
        return bool(body.get("stream"))

    def whole(self, said: Said, body: _Object) -> _Object:
        thought = {"reasoning_content": said.thought} if said.thought else {}
        message: _Object = {"role": "assistant", "content": said.text, **thought}
        if said.calls:
            message["tool_calls"] = [_written(call) for call in said.calls]
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": said.finish}
        return {**_head(body, "chat.completion"), "choices": [choice], "usage": _usage(said)}

    def stream(self, said: Said, body: _Object) -> Iterator[bytes]:
        for delta, reason in [*((delta, None) for delta in _deltas(said)), ({}, said.finish)]:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
            yield _event({**_head(body, "chat.completion.chunk"), "choices": [choice]})
        if (body.get("stream_options") or {}).get("include_usage") or self.author in _TALKATIVE:
            yield _event({**_head(body, "chat.completion.chunk"), "choices": [], "usage": _usage(said)})
        yield b"data: [DONE]\n\n"


def _without_images(message: _Object) -> _Object:
    if message["role"] != "tool" or isinstance(message["content"], str):
        return message
    texts = [part for part in message["content"] if part["type"] != "image_url"]
    return {**message, "content": texts or ""}


def _parts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [
        part["text"] if part["type"] == "text" else image_at(part["image_url"]["url"])
        for part in content or ()
        if part["type"] != "thinking"
    ]


def _proof(message: _Object) -> str | None:
    """The reasoning in an answer; Mistral has it among the parts of the content."""
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if part["type"] == "thinking":
            return "".join(inner["text"] for inner in part["thinking"])
    return message.get("reasoning_content") or message.get("reasoning")


def _call(call: _Object) -> Call:
    return Call(call["id"], call["function"]["name"], spelled(orjson.loads(call["function"]["arguments"])))


def _written(call: Call) -> _Object:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.given}}


def _usage(said: Said) -> _Object:
    return {
        "prompt_tokens": said.prompt,
        "completion_tokens": said.completion,
        "total_tokens": said.prompt + said.completion,
        "prompt_tokens_details": {"cached_tokens": said.cached},
        "completion_tokens_details": {"reasoning_tokens": said.reasoning},
    }


def _head(body: _Object, kind: str) -> _Object:
    return {"id": "chatcmpl-mind", "object": kind, "created": CREATED, "model": body["model"]}


def _deltas(said: Said) -> Iterator[_Object]:
    yield {"role": "assistant", "content": ""}
    yield from ({"reasoning_content": piece} for piece in pieces(said.thought))
    yield from ({"content": piece} for piece in pieces(said.text))
    for i, call in enumerate(said.calls):
        written = _written(call)
        yield {"tool_calls": [{**written, "index": i, "function": {"name": call.name, "arguments": ""}}]}
        for piece in pieces(call.given):
            yield {"tool_calls": [{"index": i, "function": {"arguments": piece}}]}


def _event(document: _Object) -> bytes:
    return b"data: " + orjson.dumps(document) + b"\n\n"
