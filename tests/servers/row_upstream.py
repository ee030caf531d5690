"""Every OpenAI-shaped provider on one server, each below its own name and as strict as the facts say.

The model's name is the script: `echo` says what the user said last, `tool` calls the first tool on offer and then says
its outputs, `think` reasons before, and refuses a loop whose reasoning did not come back. `stall`, `cut`, `throttle`,
`overloaded`, `late-error` and `length` do what they say. A name may also end with one of these; any other is `echo`,
and `tool` where a call is required.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.row_rules import Rules, complaints, rules_of

Body = dict[str, Any]

THOUGHT = "First look, then speak."
USAGE = {"prompt_tokens": 12, "completion_tokens": 8, "total_tokens": 20}
SCRIPTS = ("echo", "tool", "think", "stall", "cut", "throttle", "overloaded", "late-error", "length")
_CALL_ID = "aB3dE6gH9"


class Broken(Exception):
    """Ends a stream in the middle, without its last chunk."""


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: Body


@dataclass
class RowUpstream:
    """The server. `requests` is what it was sent."""

    requests: list[Received] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/{provider}/chat/completions", self.complete, methods=["POST"]),
                Route("/{provider}/models", self.models),
            ]
        )

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.requests.clear()

    async def models(self, request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in SCRIPTS]})

    async def complete(self, request: Request) -> Response:
        provider, body = request.path_params["provider"], await request.json()
        self.requests.append(Received(request.url.path, dict(request.headers), body))
        rules = rules_of(provider)
        script = _script(body)
        wrong = list(complaints(provider, body))
        if script == "think":
            wrong += _unreturned(rules, body)
        if wrong:
            return _refusal(provider, "; ".join(wrong))
        match script:
            case "throttle":
                return JSONResponse({"error": {"message": "Slow down", "code": 429}}, 429, {"retry-after": "2"})
            case "overloaded":
                return JSONResponse({"error": {"message": "Busy", "code": 503}}, 503)
            case "stall":
                await asyncio.sleep(60)
        if body.get("stream"):
            return StreamingResponse(_stream(script, provider, rules, body), media_type="text/event-stream")
        choice = {"index": 0, "message": _message(script, rules, body), "finish_reason": _finish(script, body)}
        return JSONResponse(_head("chat.completion", body) | {"choices": [choice], "usage": USAGE})


def _script(body: Body) -> str:
    for script in SCRIPTS:
        if body["model"].endswith(script):
            return script
    return "tool" if body.get("tool_choice") in ("required", "any") else "echo"


def _unreturned(rules: Rules, body: Body) -> list[str]:
    """What a model that reasons in a loop of calls misses."""
    if body["messages"][-1]["role"] != "tool":
        return []
    calling = next(message for message in reversed(body["messages"]) if message.get("tool_calls"))
    told = str(calling.get(rules.reasoning) if rules.reasoning else THOUGHT)
    return [] if THOUGHT in told else [f"The {rules.reasoning} of the calls must be passed back."]


def _refusal(provider: str, why: str) -> Response:
    """The refusal in the provider's own shape."""
    match provider:
        case "mistral":
            detail = [{"type": "extra_forbidden", "loc": ["body"], "msg": why}]
            return JSONResponse({"detail": detail}, 422)
        case "xai":
            return JSONResponse({"code": "invalid-argument", "error": why}, 400)
        case _:
            error = {"message": why, "type": "invalid_request_error", "param": None, "code": None}
            return JSONResponse({"error": error}, 400)


def _head(kind: str, body: Body) -> Body:
    return {"id": "chatcmpl-1", "object": kind, "created": 1_790_000_000, "model": body["model"]}


def _calls(script: str, body: Body) -> list[Body]:
    if script not in ("tool", "think") or not body.get("tools") or body["messages"][-1]["role"] == "tool":
        return []
    function = body["tools"][0]["function"]
    wanted = (function.get("parameters") or {}).get("properties") or {}
    arguments = orjson.dumps({name: _value(schema) for name, schema in wanted.items()}).decode()
    called = {"name": function["name"], "arguments": arguments}
    return [{"id": _CALL_ID, "type": "function", "function": called}]


def _value(schema: Any) -> Any:
    kind = str(schema.get("type")) if isinstance(schema, dict) else ""
    return {"integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}.get(kind, "Paris")


def _words(body: Body) -> str:
    """An answer that follows from what was sent."""
    if (body.get("response_format") or {}).get("type") in ("json_object", "json_schema"):
        return '{"city":"Paris"}'
    outputs: list[str] = []
    for message in reversed(body["messages"]):
        if message["role"] == "tool":
            outputs.append(_text(message["content"]))
        elif message["role"] == "user":
            return f"I was given {' and '.join(reversed(outputs)) or _text(message['content'])}."
    return "I was given nothing."


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(part["text"] for part in content if part["type"] == "text")


def _message(script: str, rules: Rules, body: Body) -> Body:
    calls = _calls(script, body)
    message: Body = {"role": "assistant", "content": None if calls else _words(body)}
    if calls:
        message["tool_calls"] = calls
    if script == "think":
        _think(message, rules.reasoning)
    return message


def _think(message: Body, field: str) -> None:
    if field == "content":
        said = [{"type": "text", "text": message["content"]}] if message["content"] else []
        message["content"] = [{"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]}, *said]
    elif field:
        message[field] = THOUGHT


def _finish(script: str, body: Body) -> str:
    if _calls(script, body):
        return "tool_calls"
    return "length" if script == "length" else "stop"


def _deltas(script: str, rules: Rules, body: Body) -> Iterator[Body]:
    message = _message(script, rules, body)
    yield {"role": "assistant", "content": ""}
    text = message["content"] or ""
    if isinstance(text, list):
        yield from ({"content": [part]} for part in text)
        text = ""
    elif rules.reasoning != "content" and rules.reasoning in message:
        yield {rules.reasoning: message[rules.reasoning]}
    for start in range(0, len(text), 8):
        yield {"content": text[start : start + 8]}
    for index, call in enumerate(message.get("tool_calls", ())):
        yield {"tool_calls": [{"index": index, **call}]}


async def _stream(script: str, provider: str, rules: Rules, body: Body) -> AsyncIterator[bytes]:
    head = _head("chat.completion.chunk", body)
    for number, delta in enumerate(_deltas(script, rules, body)):
        if number == 1 and script == "cut":
            raise Broken
        if number == 1 and script == "late-error":
            yield b'data: {"error": {"message": "The engine died", "code": 502}}\n\n'
            return
        yield _event({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    last = {**head, "choices": [{"index": 0, "delta": {}, "finish_reason": _finish(script, body)}]}
    yield _event({**last, "usage": USAGE} if rules.usage == "finish" else last)
    if rules.usage == "asked" and (body.get("stream_options") or {}).get("include_usage"):
        yield _event({**head, "choices": [], "usage": USAGE})
    if provider != "perplexity":
        yield b"data: [DONE]\n\n"


def _event(chunk: Body) -> bytes:
    return b"data: " + orjson.dumps(chunk) + b"\n\n"
