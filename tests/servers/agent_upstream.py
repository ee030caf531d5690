"""An upstream that plays a reasoning model with tools, in the OpenAI chat dialect, and refuses what a strict one does.

A question (a message that ends with a question mark) makes it call two of the tools on offer at once, `single` only
one; their arguments are what the question has in quotation marks. Once it has their outputs it quotes them.
Whatever else it is told it answers with all that it was told and shown so far. As the reasoning models do whose
reasoning comes in `reasoning_content`, it refuses its own calls without the reasoning that led to them.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import dropwhile, takewhile
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.chat_upstream import complaint_about

Message = dict[str, Any]

MODELS = ("planner", "single")
_INSTRUCTING = {"system", "developer"}
CREATED = 1_790_000_000
USAGE = {
    "prompt_tokens": 40,
    "completion_tokens": 20,
    "total_tokens": 60,
    "prompt_tokens_details": {"cached_tokens": 8},
    "completion_tokens_details": {"reasoning_tokens": 12},
}


@dataclass
class AgentUpstream:
    """The server and its memory: the bodies that it was sent."""

    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/v1/chat/completions", self.complete, methods=["POST"]), Route("/v1/models", self.models)]
        )

    @property
    def last(self) -> dict[str, Any]:
        return self.received[-1]

    async def models(self, request: Request) -> Response:
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "agent"} for name in MODELS]
        return JSONResponse({"object": "list", "data": data})

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.received.append(body)
        complaint = complaint_about(request, body) or next(_complaints(body["messages"]), None)
        if complaint:
            refusal = {"message": complaint, "type": "invalid_request_error", "param": None, "code": "strict_upstream"}
            return JSONResponse({"error": refusal}, 400)
        said = _answer(body)
        if body.get("stream"):
            return StreamingResponse(_stream(said, body), media_type="text/event-stream")
        choice = {"index": 0, "message": said, "logprobs": None, "finish_reason": _finish(said)}
        return JSONResponse({**_head(body, "chat.completion"), "choices": [choice], "usage": USAGE})


def thoughts(messages: list[Message]) -> str:
    """What it thinks before the answer to these messages: never the same at two places of a conversation."""
    return f"There are {len(messages)} messages, and the last is the {messages[-1]['role']}'s.\nSo I go on from there."


def _complaints(messages: list[Message]) -> Iterator[str]:
    roles = [message["role"] for message in messages]
    spoken = list(dropwhile(_INSTRUCTING.__contains__, roles))
    if _INSTRUCTING & {*spoken}:
        yield f"instructions that do not stand first: {roles}"
    if roles[-1] not in ("user", "tool"):
        yield f"nothing to answer: {roles}"
    for number, message in enumerate(messages):
        if message.get("tool_calls") and message.get("reasoning_content") != thoughts(messages[:number]):
            yield f"messages[{number}]: calls without the reasoning that led to them"
        outputs = takewhile(lambda later: later["role"] == "tool", messages[number + 1 :])
        called = [call["id"] for call in message.get("tool_calls") or ()]
        if called and [output["tool_call_id"] for output in outputs] != called:
            yield f"messages[{number}]: outputs in another order than their calls"


def _answer(body: dict[str, Any]) -> Message:
    messages = body["messages"]
    said: Message = {"role": "assistant", "content": None, "reasoning_content": thoughts(messages)}
    last = messages[-1]
    if last["role"] == "tool":
        outputs = list(takewhile(lambda message: message["role"] == "tool", reversed(messages)))
        quoted = " and ".join(_text(message) for message in reversed(outputs))
        return {**said, "content": f"I was given {quoted}."}
    if _text(last).endswith("?") and body.get("tools") and body.get("tool_choice") != "none":
        return {**said, "tool_calls": list(_calls(body))}
    told = [_text(message) for message in messages[:-1] if message["role"] in ("user", "tool")]
    return {**said, "content": f"Before that: {'; '.join(told) or 'nothing'}."}


def _calls(body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    messages, tools = body["messages"], body["tools"]
    values = re.findall(r'"([^"]*)"', _text(messages[-1])) or ["nothing"]
    for i in range(1 if body["model"] == "single" else 2):
        function = tools[i % len(tools)]["function"]
        names = (function.get("parameters") or {}).get("properties", {})
        # A model that has nothing to say to a tool says nothing, and not an empty object.
        arguments = orjson.dumps({name: values[i % len(values)] for name in names}).decode() if names else ""
        called = {"name": function["name"], "arguments": arguments}
        yield {"id": f"call_{len(messages)}_{i}", "type": "function", "function": called}


def _stream(said: Message, body: dict[str, Any]) -> Iterator[bytes]:
    for delta, reason in [*((delta, None) for delta in _deltas(said)), ({}, _finish(said))]:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        yield _event({**_head(body, "chat.completion.chunk"), "choices": [choice]})
    if (body.get("stream_options") or {}).get("include_usage"):
        yield _event({**_head(body, "chat.completion.chunk"), "choices": [], "usage": USAGE})
    yield b"data: [DONE]\n\n"


def _deltas(said: Message) -> Iterator[Message]:
    """The message in pieces. Only the first piece of a call has its id and name."""
    yield {"role": "assistant", "content": ""}
    yield from ({"reasoning_content": piece} for piece in _pieces(said["reasoning_content"]))
    yield from ({"content": piece} for piece in _pieces(said["content"] or ""))
    for i, call in enumerate(said.get("tool_calls", ())):
        yield {"tool_calls": [{**call, "index": i, "function": {**call["function"], "arguments": ""}}]}
        for piece in _pieces(call["function"]["arguments"]):
            yield {"tool_calls": [{"index": i, "function": {"arguments": piece}}]}


def _pieces(text: str) -> Iterator[str]:
    return (text[start : start + 9] for start in range(0, len(text), 9))


def _head(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-agent", "object": kind, "created": CREATED, "model": body["model"]}


def _event(document: dict[str, Any]) -> bytes:
    return b"data: " + orjson.dumps(document) + b"\n\n"


def _finish(said: Message) -> str:
    return "tool_calls" if said.get("tool_calls") else "stop"


def _text(message: Message) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content or ())
