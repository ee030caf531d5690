"""An upstream that speaks the OpenAI chat dialect, as strictly as OpenAI, and misbehaves on request.

The model's name is the script: `echo` answers with the last user message; the others stall, break, refuse, reason or
call tools; `call` calls every tool on offer, and answers once it has their outputs.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.chat_rules import complaints
from tests.servers.chat_scripts import deltas, finish, last_words, message

KEY = "sk-upstream-0123456789abcdef"
CREATED = 1_790_000_000
USAGE = {
    "prompt_tokens": 11,
    "completion_tokens": 7,
    "total_tokens": 18,
    "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 2, "audio_tokens": 0},
}
MODELS = ("echo", "tools", "parallel-tools", "reasoning", "refusal", "length", "sparse", "late-usage")


class Broken(Exception):
    """Ends a stream in the middle, without its last chunk: the client sees a connection that breaks off."""


@dataclass
class ChatUpstream:
    """The server's script and its memory. Tests read `received`, `left` and `headers`."""

    received: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    began: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    go_on: threading.Event = field(default_factory=threading.Event)
    list_is_down: bool = False
    lists: int = 0
    followed: int = 0

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.complete, methods=["POST"]),
                Route("/v1/models", self.models),
                Route("/elsewhere", self.elsewhere, methods=["GET", "POST"]),
            ]
        )

    @property
    def last(self) -> dict[str, Any]:
        return self.received[-1]

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.received.clear()
        self.headers.clear()
        for event in (self.began, self.left, self.go_on):
            event.clear()

    async def elsewhere(self, request: Request) -> Response:
        self.followed += 1
        return JSONResponse({})

    async def models(self, request: Request) -> Response:
        self.lists += 1
        if self.list_is_down:
            return JSONResponse({"error": "down"}, 500)
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "test"} for name in MODELS]
        return JSONResponse({"object": "list", "data": data})

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.headers.append(dict(request.headers))
        self.received.append(body)
        complaint = complaint_about(request, body)
        if complaint:
            return _error(400, complaint, "invalid_request_error", "strict_upstream")
        name = body["model"].partition(":")[0]
        refusal = _REFUSALS.get(name)
        if refusal:
            return refusal()
        if name == "stall":
            await self._stall(request)
        if body.get("stream"):
            return StreamingResponse(self._stream(name, body, request), media_type="text/event-stream")
        return JSONResponse(_sparse(body) if name == "sparse" else _reply(name, body))

    async def _stall(self, request: Request) -> None:
        self.began.set()
        # A thread and a connection have a say in when this ends: polling is the plain way to hear both.
        while not await request.is_disconnected() and not self.go_on.is_set():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        if not self.go_on.is_set():
            self.left.set()

    async def _stream(self, name: str, body: dict[str, Any], request: Request) -> AsyncIterator[bytes]:
        chunks = list(_chunks(name, body))
        if not (body.get("stream_options") or {}).get("include_usage"):
            chunks = [chunk for chunk in chunks if chunk["choices"]]
        try:
            for number, chunk in enumerate(chunks):
                if number == 2 and name in _MISHAPS:
                    yield _MISHAPS[name]()
                    return
                if number == 2 and name == "pause":
                    await self._stall(request)
                yield b"data: " + orjson.dumps(chunk) + b"\n\n"
            yield b"data: [DONE]\n\n"
        except asyncio.CancelledError:
            self.left.set()
            raise


def complaint_about(request: Request, body: dict[str, Any]) -> str | None:
    """What a strict OpenAI server would refuse in this request, if anything."""
    if request.headers.get("authorization") != f"Bearer {KEY}":
        return "wrong key"
    if request.headers.get("content-type") != "application/json":
        return "wrong content type"
    if "waystone" in (body.get("metadata") or {}):
        return "metadata.waystone was forwarded"
    for name in ("n", "max_completion_tokens", "max_tokens", "seed", "top_logprobs"):
        if body.get(name) is not None and not isinstance(body[name], int):
            return f"{name} is not an integer"
    if body.get("stream_options") is not None and not body.get("stream"):
        return "stream_options without stream"
    for given in body["messages"]:
        content = given.get("content")
        if isinstance(content, list) and not all(isinstance(part, dict) for part in content):
            return "a content part is not an object"
    return next(complaints(body), None)


def _reply(name: str, body: dict[str, Any]) -> dict[str, Any]:
    choices = [
        {"index": i, "message": message(name, body), "logprobs": None, "finish_reason": finish(name, body)}
        for i in range(max(1, min(body.get("n") or 1, 8)))
    ]
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": CREATED,
        "model": body["model"],
        "choices": choices,
        "usage": USAGE,
        "x_unknown": {"kept": True},
    }


def _sparse(body: dict[str, Any]) -> dict[str, Any]:
    """What small compatible servers answer: the least that can be understood."""
    return {"choices": [{"message": {"content": last_words(body)}}]}


def _chunk(delta: dict[str, Any], index: int, reason: str | None = None, **more: Any) -> dict[str, Any]:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": reason}
    head = {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": CREATED, "model": "test"}
    return {**head, "choices": [choice], "x_unknown": 1, **more}


def _chunks(name: str, body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pieces = list(deltas(name, body))
    usage = {} if name == "late-usage" else {"usage": None}
    for index in range(max(1, min(body.get("n") or 1, 8))):
        for delta in pieces:
            yield _chunk(delta, index, **usage)
        last = {"usage": USAGE} if name == "late-usage" else usage
        yield _chunk({}, index, finish(name, body), **last)
    if name != "late-usage":
        yield {**_chunk({}, 0), "choices": [], "usage": USAGE}


def _error(status: int, message: str, kind: str, code: str | None, headers: dict[str, str] | None = None) -> Response:
    error = {"message": message, "type": kind, "param": None, "code": code}
    return JSONResponse({"error": error}, status, headers)


def _cut() -> bytes:
    raise Broken


_REFUSALS: dict[str, Callable[[], Response]] = {
    "refuse-400": lambda: _error(400, "Invalid value for 'seed'.", "invalid_request_error", "invalid_value"),
    "refuse-401": lambda: _error(
        401,
        f"Incorrect API key provided: {KEY}",
        "invalid_request_error",
        "invalid_api_key",
        {"x-echoed-key": KEY},
    ),
    "refuse-403": lambda: _error(403, "Country not supported", "request_forbidden", None),
    "refuse-404": lambda: _error(404, "The model does not exist", "invalid_request_error", "model_not_found"),
    "refuse-429": lambda: _error(
        429, "Slow down", "requests", "rate_limit_exceeded", {"retry-after": "7", "x-account": KEY}
    ),
    "refuse-500": lambda: Response("Traceback (most recent call last): secret", 500),
    "refuse-503": lambda: Response("", 503, {"retry-after": "3"}),
    "refuse-302": lambda: Response("", 302, {"location": "/elsewhere"}),
    "quotes-key": lambda: _error(400, f"Cannot use {KEY} here", "invalid_request_error", None),
    "quotes-key-in-200": lambda: JSONResponse({"error": {"message": f"Cannot use {KEY}", "code": 400}}),
    "too-long": lambda: _error(400, "This model's maximum context length is 10 tokens.", "invalid_request_error", None),
    "too-long-code": lambda: _error(400, "Too long", "invalid_request_error", "context_length_exceeded"),
    "html": lambda: Response("<html>", 200, media_type="text/html"),
    "no-choices": lambda: JSONResponse({"id": "x", "choices": []}),
    "error-in-200": lambda: JSONResponse({"error": {"message": "overloaded", "code": 503}}),
}
_MISHAPS: dict[str, Callable[[], bytes]] = {
    "cut": _cut,
    "end-early": lambda: b"",
    "error-in-stream": lambda: (
        b'data: {"error": {"message": "The engine died", "type": "server_error", "code": 500}}\n\n'
    ),
    "quotes-key-in-stream": lambda: f'data: {{"error": {{"message": "Cannot use {KEY}"}}}}\n\n'.encode(),
    "garbage-in-stream": lambda: b"data: {{{\n\n",
}
