"""An upstream that speaks Cohere's chat, as strictly as Cohere, and misbehaves on request.

The model's name is the script: `echo` answers with the last user message; `tool`, `plan` and `think` call the first
tool on offer and answer with its output, the last only if its reasoning came back; `cite` cites that output; `form`
answers with an object of the form that is asked for; the others break.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.chat_upstream import KEY, Broken
from tests.servers.cohere_rules import complaints
from tests.servers.memory import Memory

_Object = dict[str, Any]
THOUGHT = "I had to think. ✓"
PLAN = "I will call the tool."
USAGE = {
    "billed_units": {"input_tokens": 5, "output_tokens": 7},
    "tokens": {"input_tokens": 11, "output_tokens": 7, "reasoning_tokens": 2},
    "cached_tokens": 3,
}
MODELS = ("echo", "tool", "plan", "think", "cite", "form", "length", "bad-form", "nothing")


class CohereUpstream(Memory):
    """The server's script."""

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[Route("/v2/chat", self.chat, methods=["POST"]), Route("/v1/models", self.models, methods=["GET"])]
        )

    async def models(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _refusal(401, "invalid api token")
        chat = [{"name": name, "endpoints": ["chat"], "context_length": 288_000} for name in MODELS]
        others = [] if request.query_params.get("endpoint") == "chat" else [{"name": "embed", "endpoints": ["embed"]}]
        return JSONResponse({"models": [*chat, *others], "next_page_token": None})

    async def chat(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append({"path": request.url.path, "headers": dict(request.headers), "body": body})
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _refusal(401, "Incorrect API key provided: ***. You can find your API key at https://example.com.")
        name = str(body.get("model")).partition(":")[0]
        if name in _REFUSALS:
            return _REFUSALS[name]()
        found = list(complaints(body)) + _about_reasoning(name, body)
        if found:
            return _refusal(400, "; ".join(found))
        if name == "stall":
            await self.stall(request)
        answer = _answer(name, body)
        if body.get("stream"):
            return StreamingResponse(_stream(name, answer), media_type="text/event-stream")
        return JSONResponse(answer)


def _refusal(status: int, message: str, headers: dict[str, str] | None = None, **more: str) -> Response:
    return JSONResponse({"id": "00000000-0000-0000-0000-000000000000", "message": message, **more}, status, headers)


_REFUSALS: dict[str, Callable[[], Response]] = {
    "throttle": lambda: _refusal(429, "You are using a Trial key, which is limited.", {"retry-after": "2"}),
    "overloaded": lambda: _refusal(503, "service unavailable"),
    "refuse-400": lambda: _refusal(400, "invalid request: it is not right."),
    "refuse-402": lambda: _refusal(402, "please add a payment method"),
    "refuse-404": lambda: _refusal(404, "model 'refuse-404' not found"),
    "refuse-498": lambda: _refusal(498, "invalid token"),
    "too-long": lambda: _refusal(400, "too many tokens: size limit exceeded", error_type="TOO_MANY_TOKENS"),
}


def _about_reasoning(name: str, body: _Object) -> list[str]:
    """Within a tool loop, the reasoning before the call must be there as it was told."""
    if name != "think" or body["messages"][-1]["role"] != "tool":
        return []
    answer = next(message for message in reversed(body["messages"]) if message["role"] == "assistant")
    is_there = {"type": "thinking", "thinking": THOUGHT} in (answer.get("content") or [])
    return [] if is_there else ["invalid request: the reasoning before the tool call is missing"]


def _answer(name: str, body: _Object) -> _Object:
    """The whole answer; a stream tells the same."""
    message: _Object = {"role": "assistant"}
    tools = body.get("tools") or []
    calls = name in ("tool", "plan", "think", "cite", "form", "bad-form", "nothing") and tools
    is_answered = body["messages"][-1]["role"] == "tool"
    must = body.get("tool_choice") == "REQUIRED"
    if name == "think" and (body.get("thinking") or {}).get("type") != "disabled":
        message["content"] = [{"type": "thinking", "thinking": THOUGHT}]
    if calls and body.get("tool_choice") != "NONE" and (must or not is_answered):
        message |= {"tool_plan": PLAN} if name == "plan" else {}
        called = tools[-1 if is_answered else 0]["function"]
        given = {"nothing": "null", "bad-form": '{"wrong":'}.get(name) or _arguments(called["parameters"])
        function = {"name": called["name"], "arguments": given}
        message["tool_calls"] = [{"id": f"{called['name']}_1", "type": "function", "function": function}]
        return _whole(message, "TOOL_CALL")
    text = _said(body)
    form = body.get("response_format")
    if form:
        text = _arguments(form.get("json_schema") or {})
    message["content"] = [*message.get("content", []), {"type": "text", "text": text}]
    if name == "cite":
        message["citations"] = [_citation(text, len(message["content"]) - 1)]
    return _whole(message, "MAX_TOKENS" if name == "length" else "COMPLETE")


def _whole(message: _Object, reason: str) -> _Object:
    return {"id": "answer-1", "message": message, "finish_reason": reason, "usage": USAGE}


def _citation(text: str, place: int) -> _Object:
    output = {"title": "A page", "url": "https://example.org/"}
    source = {"type": "tool", "id": "tool_1:0", "tool_output": output}
    cited = {"start": 0, "end": 5, "text": text[:5], "sources": [source]}
    return {**cited, "type": "TEXT_CONTENT", "content_index": place}


def _arguments(schema: _Object) -> str:
    """Arguments of the right form: the names of texts for texts, ones for numbers."""
    kinds: dict[Any, Any] = {"integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
    given = {}
    for name, inner in (schema.get("properties") or {}).items():
        given[name] = inner["enum"][0] if inner.get("enum") else kinds.get(inner.get("type"), name)
    return orjson.dumps(given).decode()


def _said(body: _Object) -> str:
    """The outputs of tools at the end, or what the user said last."""
    outputs: list[str] = []
    for message in reversed(body["messages"]):
        if message["role"] != "tool":
            break
        outputs.insert(0, _text(message["content"]))
    if outputs:
        return " ".join(outputs)
    last = next((message for message in reversed(body["messages"]) if message["role"] == "user"), {"content": ""})
    return f"I was given {_text(last['content'])}."


def _text(content: Any) -> str:
    return content if isinstance(content, str) else " ".join(part["text"] for part in content if "text" in part)


async def _stream(name: str, answer: _Object) -> AsyncIterator[bytes]:
    for number, event in enumerate(stream_of(answer)):
        if number == 3 and name == "cut":
            raise Broken
        if number == 3 and name == "end-early":
            return
        if number == 3 and name == "late-error":
            error = "your request resulted in an invalid tool generation"
            delta = {"finish_reason": "ERROR", "usage": {}, "error": error, "error_type": "INVALID_TOOL_GENERATION"}
            event = {"type": "message-end", "delta": delta}
        yield b"event: " + event["type"].encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"
        if number == 3 and name == "late-error":
            break
    yield b"data: [DONE]\n\n"


def stream_of(answer: _Object) -> Iterator[_Object]:
    """The events that tell a whole answer."""
    message = answer["message"]
    begun = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield {"id": answer["id"], "type": "message-start", "delta": {"message": begun}}
    cited = message.get("citations", [])
    for index, part in enumerate(message.get("content", [])):
        kind = part["type"]
        yield _event("content-start", index, {"content": {"type": kind, kind: ""}})
        for piece in _pieces(part[kind]):
            yield _event("content-delta", index, {"content": {kind: piece}})
        for number, citation in enumerate(cited):
            if citation["content_index"] == index:
                yield _event("citation-start", number, {"citations": citation})
                yield {"type": "citation-end", "index": number}
        yield {"type": "content-end", "index": index}
    for piece in _pieces(message.get("tool_plan", "")):
        yield _event("tool-plan-delta", None, {"tool_plan": piece})
    for index, call in enumerate(message.get("tool_calls", [])):
        function = {"name": call["function"]["name"], "arguments": ""}
        yield _event("tool-call-start", index, {"tool_calls": {**call, "function": function}})
        for piece in _pieces(call["function"]["arguments"] or "", 4):
            yield _event("tool-call-delta", index, {"tool_calls": {"function": {"arguments": piece}}})
        yield {"type": "tool-call-end", "index": index}
    yield {"type": "message-end", "delta": {"finish_reason": answer["finish_reason"], "usage": answer["usage"]}}


def _event(kind: str, index: int | None, message: _Object) -> _Object:
    place = {} if index is None else {"index": index}
    return {"type": kind, **place, "delta": {"message": message}}


def _pieces(text: str, size: int = 5) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]
