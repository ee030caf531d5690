"""An upstream that speaks Anthropic's Messages, as strictly as Anthropic, and misbehaves on request.

The model's name is the script: `echo` answers with the last user message; `tool` and `think` call the first tool on
offer and answer with its output, the second only if its thinking came back unharmed; `parallel` calls every tool;
`search` cites the web; `form` answers in the form that is asked for; the others break. A script may stand behind a
model's name, whose rules then hold: `claude-opus-4-8:echo`.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from hashlib import sha256
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.anthropic_rules import complaints
from tests.servers.chat_upstream import KEY, Broken
from tests.servers.memory import Memory

_Object = dict[str, Any]
THOUGHT = "I had to think. ✓"
USAGE = {
    "input_tokens": 7,
    "cache_read_input_tokens": 3,
    "cache_creation_input_tokens": 1,
    "output_tokens": 7,
    "output_tokens_details": {"thinking_tokens": 2},
    "service_tier": "standard",
}
MODELS = ("echo", "tool", "parallel", "think", "search", "form", "length", "refusal")
FOUND = {"type": "web_search_result", "url": "https://example.org/", "title": "A page", "encrypted_content": "c2VhbGVk"}
CITED = "It is so."
_NEWEST = ("claude-opus-4-8", "claude-opus-5", "claude-fable")


class AnthropicUpstream(Memory):
    """The server's script."""

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/messages", self.create, methods=["POST"]),
                Route("/v1/models", self.models, methods=["GET"]),
            ]
        )

    async def models(self, request: Request) -> Response:
        if refused := _unknown(request):
            return refused
        if not 1 <= int(request.query_params.get("limit", 20)) <= 1000:
            return _refusal(400, "invalid_request_error", "limit: must be from 1 to 1000")
        data = [{"type": "model", "id": name, "display_name": name, "max_input_tokens": 200_000} for name in MODELS]
        return JSONResponse({"data": data, "has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]})

    async def create(self, request: Request) -> Response:
        body = await request.json()
        self.requests.append({"path": request.url.path, "headers": dict(request.headers), "body": body})
        if refused := _unknown(request):
            return refused
        family, _, script = str(body.get("model")).rpartition(":")
        if script in _REFUSALS:
            return _REFUSALS[script]()
        found = [*complaints(body, is_newest=family.startswith(_NEWEST)), *_about_thoughts(script, body)]
        if found:
            return _refusal(400, "invalid_request_error", "; ".join(found))
        if script == "stall":
            await self.stall(request)
        answer = _answer(script, body)
        if body.get("stream"):
            return StreamingResponse(_stream(script, answer), media_type="text/event-stream")
        # A 200 may say when to come again; it is an answer all the same.
        return JSONResponse(answer, headers={"retry-after": "36", "request-id": "req_1"})


def _unknown(request: Request) -> Response | None:
    """The refusal of a request that does not say who it is from, or in which version it speaks."""
    if request.headers.get("x-api-key") != KEY:
        return _refusal(401, "authentication_error", "invalid x-api-key")
    if request.headers.get("anthropic-version") != "2023-06-01":
        return _refusal(400, "invalid_request_error", "anthropic-version: header is required")
    return None


def _refusal(status: int, kind: str, message: str, headers: dict[str, str] | None = None) -> Response:
    error = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"}
    return JSONResponse(error, status, {"request-id": "req_1", **(headers or {})})


_REFUSALS: dict[str, Callable[[], Response]] = {
    "throttle": lambda: _refusal(429, "rate_limit_error", "This would exceed your rate limit.", {"retry-after": "2"}),
    "overloaded": lambda: _refusal(529, "overloaded_error", "Overloaded", {"x-should-retry": "true"}),
    "refuse-400": lambda: _refusal(400, "invalid_request_error", "messages.0: no.", {"x-should-retry": "false"}),
    "refuse-403": lambda: _refusal(403, "permission_error", "Your key may not use this."),
    "refuse-404": lambda: _refusal(404, "not_found_error", "model: refuse-404"),
    "refuse-413": lambda: _refusal(413, "request_too_large", "Request exceeds the maximum size"),
    "refuse-500": lambda: _refusal(500, "api_error", "Internal server error"),
    "no-credit": lambda: _refusal(400, "invalid_request_error", "Your credit balance is too low to access the API."),
    "billing": lambda: _refusal(402, "billing_error", "There is a problem with your billing."),
    "too-long": lambda: _refusal(400, "invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"),
}


def _about_thoughts(script: str, body: _Object) -> list[str]:
    """Within a tool loop, the thinking before the call must be there as it was told."""
    outputs = _of_type(body["messages"][-1], "tool_result")
    if script != "think" or not outputs:
        return []
    answer = next(message for message in reversed(body["messages"]) if message["role"] == "assistant")
    is_there = _of_type(answer, "thinking") == [_thought()] and answer["content"][1] == _redacted()
    return [] if is_there else ["Invalid `signature` in `thinking` block"]


def _thought() -> _Object:
    return {"type": "thinking", "thinking": THOUGHT, "signature": sha256(THOUGHT.encode()).hexdigest()}


def _redacted() -> _Object:
    return {"type": "redacted_thinking", "data": "b3BhcXVl"}


def _answer(script: str, body: _Object) -> _Object:
    """The whole answer; a stream tells the same."""
    tools = [tool for tool in body.get("tools") or () if "input_schema" in tool]
    choice = (body.get("tool_choice") or {"type": "auto"}) if tools else {"type": "none"}
    is_answered = bool(_of_type(body["messages"][-1], "tool_result"))
    content: list[_Object] = []
    if script == "think":
        content += [_thought(), _redacted()]
    if choice["type"] in ("any", "tool") or (script in _CALLING and choice["type"] == "auto" and not is_answered):
        named = [tool for tool in tools if tool["name"] == choice.get("name")]
        wanted = named or (tools if script == "parallel" else [tools[-1]] if script == "form" else tools[:1])
        content += [_call(tool, number) for number, tool in enumerate(wanted)]
        return _whole(body, content, "tool_use")
    form = (body.get("output_config") or {}).get("format")
    if script == "search":
        content += _search()
    elif form:
        content.append({"type": "text", "text": orjson.dumps(_example(form["schema"])).decode()})
    else:
        content.append({"type": "text", "text": _said(body)})
    if script == "refusal":
        return _whole(body, content, "refusal")
    return _whole(body, content, "max_tokens" if script == "length" else "end_turn")


_CALLING = ("tool", "parallel", "think")


def _call(tool: _Object, number: int) -> _Object:
    given = _example(tool["input_schema"])
    return {"type": "tool_use", "id": f"toolu_{number}", "name": tool["name"], "input": given}


def _example(schema: Any) -> Any:
    """Some value of this schema."""
    known = schema if isinstance(schema, dict) else {}
    kind = known.get("type", "object" if "properties" in known else "string")
    match kind:
        case "object":
            return {name: _example(inner) for name, inner in known.get("properties", {}).items()}
        case "array":
            return [_example(known.get("items"))]
        case "integer" | "number":
            return known.get("default", 1)
        case "boolean":
            return True
        case "null":
            return None
        case _:
            return known.get("enum", ["Paris"])[0]


def _said(body: _Object) -> str:
    """The outputs of the calls that were just answered, or what the user said last."""
    last = next(message for message in reversed(body["messages"]) if message["role"] == "user")
    outputs = [_words(block.get("content", "")) for block in _of_type(last, "tool_result")]
    return "; ".join(outputs) if outputs else f"I was given {_words(last['content'])}."


def _words(content: Any) -> str:
    if isinstance(content, str):
        return content
    return " ".join(block.get("text") or f"[{block['type']}]" for block in content)


def _search() -> list[_Object]:
    citation = {"type": "web_search_result_location", "url": FOUND["url"], "title": FOUND["title"], "cited_text": CITED}
    return [
        {"type": "text", "text": "I will look. "},
        {"type": "server_tool_use", "id": "srvtoolu_0", "name": "web_search", "input": {"query": "so"}},
        {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_0", "content": [FOUND]},
        {"type": "text", "text": "I found this: "},
        {"type": "text", "text": CITED, "citations": [{**citation, "encrypted_index": "aW5kZXg="}]},
    ]


def _whole(body: _Object, content: list[_Object], reason: str) -> _Object:
    details = {"type": "refusal", "category": "cyber", "explanation": "I will not."} if reason == "refusal" else None
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "content": content}
    return {**head, "stop_reason": reason, "stop_sequence": None, "stop_details": details, "usage": USAGE}


async def _stream(script: str, answer: _Object) -> AsyncIterator[bytes]:
    events = list(_events(answer))
    if script in ("cut", "late-error", "late-throttle"):
        for event in events[:4]:
            yield _event(event)
        if script == "cut":
            raise Broken
        kind = "overloaded_error" if script == "late-error" else "rate_limit_error"
        yield _event({"type": "error", "error": {"type": kind, "message": "Overloaded"}})
        return
    for event in events:
        yield _event(event)


def _event(event: _Object) -> bytes:
    # Anthropic pads the JSON with blanks.
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + orjson.dumps(event) + b"   \n\n"


def _events(answer: _Object) -> Iterator[_Object]:
    before = {**USAGE, "output_tokens": 1}
    yield {"type": "message_start", "message": {**answer, "content": [], "stop_reason": None, "usage": before}}
    yield {"type": "ping"}
    for index, block in enumerate(answer["content"]):
        empty, deltas = _pieces(block)
        yield {"type": "content_block_start", "index": index, "content_block": empty}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {"type": "something_new", "data": {}}
    delta = {name: answer[name] for name in ("stop_reason", "stop_sequence", "stop_details")}
    yield {"type": "message_delta", "delta": delta, "usage": {"output_tokens": USAGE["output_tokens"]}}
    yield {"type": "message_stop"}


def _pieces(block: _Object) -> tuple[_Object, list[_Object]]:
    """A block as it begins, and the deltas that complete it."""
    match block["type"]:
        case "text":
            cites = [{"type": "citations_delta", "citation": citation} for citation in block.get("citations", ())]
            deltas = [{"type": "text_delta", "text": piece} for piece in _split(block["text"])]
            return {"type": "text", "text": ""}, [*deltas, *cites]
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _split(block["thinking"])]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*deltas, signed]
        case "tool_use" | "server_tool_use":
            written = orjson.dumps(block["input"]).decode() if block["input"] else ""
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *_split(written))]
            return {**block, "input": {}}, deltas
        case _:
            return block, []


def _split(text: str) -> list[str]:
    return [text[start : start + 8] for start in range(0, len(text), 8)]


def _of_type(message: _Object, kind: str) -> list[_Object]:
    content = message["content"]
    return [block for block in content if block["type"] == kind] if isinstance(content, list) else []
