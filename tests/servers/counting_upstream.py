"""An upstream that counts tokens on the wires of all providers that do, as strictly as they.

Every count is 1000 and the length of what it was sent, so that a count that was made elsewhere is another one. The end
of the model's name is the script: `throttle`, `broken`, `absent`, `refuse`, `page`, `stall`; others are counted.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.servers import anthropic_rules, bedrock_rules, gemini_rules, responses_strictness
from tests.servers.bedrock_upstream import is_let_in
from tests.servers.chat_upstream import KEY
from tests.servers.gemini_upstream import KEY as GEMINI_KEY
from tests.servers.gemini_upstream import TOKEN
from tests.servers.memory import Memory

_Object = dict[str, Any]
_INPUT_TOKENS = frozenset(
    (
        *("model", "input", "previous_response_id", "tools", "text", "reasoning", "truncation", "instructions"),
        *("personality", "conversation", "tool_choice", "parallel_tool_calls"),
    )
)
_MESSAGES = frozenset(
    ("messages", "model", "system", "tools", "tool_choice", "thinking", "cache_control", "output_config")
)
_SERVER_TOOL = re.compile(r"(web_search|web_fetch|code_execution|tool_search_tool_\w+)_\d{8}")
_CONVERSE = frozenset({"messages", "system", "toolConfig", "additionalModelRequestFields"})
_COUNTED = ("claude-3-5", "claude-3-7", "claude-sonnet-4", "claude-opus-4", "claude-haiku-4", "claude-opus-5")
_VERTEX = "/vertex/projects/{project}/locations/{location}/publishers/google/models/{model}:{method}"
_STATUSES = {"throttle": 429, "broken": 500, "absent": 404, "refuse": 400}
_Complaints = Callable[[Request, _Object], Iterator[str]]


def length(text: bytes | str) -> int:
    """What this server counts for a text or a body."""
    return 1000 + len(text)


class CountingUpstream(Memory):
    """The server."""

    @property
    def app(self) -> Starlette:
        routes: list[tuple[str, _Complaints, Callable[[int], _Object]]] = [
            ("/openai/responses/input_tokens", _openai, lambda n: {"object": _OBJECT, "input_tokens": n}),
            ("/anthropic/v1/messages/count_tokens", _anthropic, lambda n: {"input_tokens": n}),
            ("/gemini/models/{model}:{method}", _gemini, lambda n: {"totalTokens": n}),
            (_VERTEX, _vertex, lambda n: {"totalTokens": n}),
            ("/bedrock/model/{rest:path}", _bedrock, lambda n: {"inputTokens": n}),
            ("/cohere/v1/tokenize", _cohere, lambda n: {"tokens": [0] * n, "token_strings": []}),
        ]
        return Starlette(routes=[Route(path, self._counts(*how), methods=["POST"]) for path, *how in routes])

    def _counts(self, complaints: Any, answer: Any) -> Any:
        async def count(request: Request) -> Response:
            raw = await request.body()
            body = orjson.loads(raw)
            self.requests.append({"path": request.url.path, "headers": dict(request.headers), "body": body, "raw": raw})
            model = str(body.get("model") or unquote(request.scope["raw_path"].decode()))
            for script, status in _STATUSES.items():
                if script in model:
                    return _refusal(f"So the script has it: {script}.", status)
            if "page" in model:
                return Response("<html>Welcome</html>", media_type="text/html")
            if "stall" in model:
                await self.stall(request)
            if found := [*complaints(request, body)]:
                return _refusal("; ".join(found), 400)
            return JSONResponse(answer(length(body["text"] if "text" in body and "input" not in body else raw)))

        return count


_OBJECT = "response.input_tokens"


def _refusal(message: str, status: int) -> Response:
    """A refusal in which every dialect finds its own words."""
    error = {"type": "invalid_request_error", "message": message, "code": status, "status": "INVALID_ARGUMENT"}
    return JSONResponse({"type": "error", "message": message, "error": error}, status)


def _unknown(body: _Object, known: frozenset[str]) -> Iterator[str]:
    yield from (f"{name}: unknown" for name in sorted(body.keys() - known))


def _openai(request: Request, body: _Object) -> Iterator[str]:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        yield "no such key"
    yield from _unknown(body, _INPUT_TOKENS)
    yield from responses_strictness.complaints({**body, "store": False}, {})


def _anthropic(request: Request, body: _Object) -> Iterator[str]:
    if request.headers.get("x-api-key") != KEY or request.headers.get("anthropic-version") != "2023-06-01":
        yield "no such key, or no version"
    yield from _unknown(body, _MESSAGES)
    if any(_SERVER_TOOL.fullmatch(str(tool.get("type"))) for tool in body.get("tools", ())):
        yield "Server tools are not supported by the token counting endpoint."
    budget = body.get("thinking", {}).get("budget_tokens", 0)
    yield from anthropic_rules.complaints({**body, "max_tokens": budget + 1})


def _gemini(request: Request, body: _Object) -> Iterator[str]:
    if request.headers.get("x-goog-api-key") != GEMINI_KEY:
        yield "API key not valid"
    if request.path_params["method"] != "countTokens" or body.keys() != {"generateContentRequest"}:
        yield "contents and generateContentRequest exclude each other"
        return
    whole = dict(body["generateContentRequest"])
    model = request.path_params["model"]
    if whole.pop("model", None) != f"models/{model}":
        yield "generateContentRequest.model: must be the model of the address"
    yield from gemini_rules.complaints(whole, model, is_vertex=False)


def _vertex(request: Request, body: _Object) -> Iterator[str]:
    if request.headers.get("authorization") != f"Bearer {TOKEN}":
        yield "no such token"
    if request.path_params["method"] != "countTokens":
        yield "no such method"
    yield from _unknown(body, frozenset({"contents", "systemInstruction", "tools"}))
    yield from gemini_rules.complaints(body, request.path_params["model"], is_vertex=True)


def _bedrock(request: Request, body: _Object) -> Iterator[str]:
    path = request.scope["raw_path"].decode()
    found = re.fullmatch(r"/bedrock/model/([^/]+)/count-tokens", path)
    if found is None or ":" in path:
        yield "there is no such operation"
        return
    model = unquote(found[1])
    if not model.startswith("anthropic.") or not any(name in model for name in _COUNTED):
        yield "The provided model doesn't support counting tokens."
    if not is_let_in(request, orjson.dumps(body)):
        yield "the signature does not match"
    if body.keys() != {"input"} or body["input"].keys() != {"converse"}:
        yield "input: exactly one of converse and invokeModel"
        return
    converse = body["input"]["converse"]
    yield from _unknown(converse, _CONVERSE)
    yield from bedrock_rules.complaints(model, converse)


def _cohere(request: Request, body: _Object) -> Iterator[str]:
    if request.headers.get("authorization") != f"Bearer {KEY}":
        yield "no such key"
    yield from _unknown(body, frozenset({"text", "model"}))
    if not 1 <= len(body["text"]) <= 65_536:
        yield "text: must be from 1 to 65536 characters"
