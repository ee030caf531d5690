"""An upstream with a window: it speaks chat, counts the tokens of each request, and refuses what is too long.

It answers a summary where it is sent the gateway's instructions for one, calls a tool where the user's last message has
`call` in it and an output is not there yet, and else answers with a number of words.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

BYTES_A_TOKEN = 4
"""By which this upstream counts: the JSON of messages and tools."""
LARGE = "large"
"""A model without a window."""
MARK = "what stands so far"
"""What each summary begins with."""


@dataclass
class WindowedUpstream:
    """`window` is in tokens, `words` the length of an answer. Tests read `received` and `sizes`."""

    window: int = 8_000
    words: int = 60
    fails_summaries: bool = False
    received: list[dict[str, Any]] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    refused: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/v1/chat/completions", self.complete, methods=["POST"])])

    @property
    def summaries(self) -> list[dict[str, Any]]:
        """The requests for summaries."""
        return [body for body in self.received if is_summary(body)]

    @property
    def others(self) -> list[dict[str, Any]]:
        """All the others."""
        return [body for body in self.received if not is_summary(body)]

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.received.clear()
        self.sizes.clear()
        self.refused, self.fails_summaries = 0, False

    async def complete(self, request: Request) -> Response:
        body = orjson.loads(await request.body())
        size = tokens(body)
        with self._lock:
            self.received.append(body)
            self.sizes.append(size)
            number = len(self.received)
        if size > self.window and body["model"] != LARGE:
            self.refused += 1
            words = f"This model's maximum context length is {self.window} tokens. Your messages took {size}."
            error = {"message": words, "type": "invalid_request_error", "code": "context_length_exceeded"}
            return JSONResponse({"error": error}, 400)
        if self.fails_summaries and is_summary(body):
            return JSONResponse({"error": {"message": "broken", "type": "server_error"}}, 500)
        message = self._message(body, number)
        usage = {"prompt_tokens": size, "completion_tokens": self.words, "total_tokens": size + self.words}
        finish = "tool_calls" if "tool_calls" in message else "stop"
        return _stream(message, finish, usage) if body.get("stream") else _reply(message, finish, usage)

    def _message(self, body: dict[str, Any], number: int) -> dict[str, Any]:
        if is_summary(body):
            return {"role": "assistant", "content": f"{MARK}: {number} requests"}
        last = body["messages"][-1]
        if last["role"] == "user" and "call" in text_of(last) and body.get("tools"):
            name = body["tools"][0]["function"]["name"]
            call = {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": '{"n":1}'}}
            return {"role": "assistant", "content": None, "tool_calls": [call]}
        return {"role": "assistant", "content": f"answer {number} " + "word " * self.words}


def tokens(body: dict[str, Any]) -> int:
    """What this upstream counts."""
    return len(orjson.dumps([body["messages"], body.get("tools") or []])) // BYTES_A_TOKEN


def is_summary(body: dict[str, Any]) -> bool:
    """Whether the gateway wants a summary."""
    first = body["messages"][0]
    return first["role"] in ("system", "developer") and "compact conversations" in text_of(first)


def text_of(message: dict[str, Any]) -> str:
    """The text of a message."""
    content = message.get("content") or ""
    return content if isinstance(content, str) else " ".join(part.get("text", "") for part in content)


def unpaired(messages: Sequence[dict[str, Any]]) -> set[str]:
    """The ids of calls without an output, and of outputs without a call, but for calls of the last message."""
    calls = {call["id"] for message in messages[:-1] for call in message.get("tool_calls") or ()}
    outputs = {message["tool_call_id"] for message in messages if message["role"] == "tool"}
    return calls ^ outputs


def _reply(message: dict[str, Any], finish: str, usage: dict[str, int]) -> Response:
    choice = {"index": 0, "message": message, "finish_reason": finish}
    return JSONResponse(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "w", "choices": [choice], "usage": usage}
    )


def _stream(message: dict[str, Any], finish: str, usage: dict[str, int]) -> Response:
    delta = {**message}
    if "tool_calls" in delta:
        delta["tool_calls"] = [{**call, "index": index} for index, call in enumerate(delta["tool_calls"])]
    chunks: list[dict[str, Any]] = [
        {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]},
        {"choices": [], "usage": usage},
    ]
    base: dict[str, Any] = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "w"}
    lines = [b"data: " + orjson.dumps({**base, **chunk}) + b"\n\n" for chunk in chunks]
    return StreamingResponse(iter([*lines, b"data: [DONE]\n\n"]), media_type="text/event-stream")
