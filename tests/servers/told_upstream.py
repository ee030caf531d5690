"""An upstream that answers with exactly what a test tells it to, however odd."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

HEAD = {"id": "chatcmpl-told", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "told"}
USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}
DONE = b"data: [DONE]\n\n"


@dataclass
class ToldUpstream:
    """What is said next, in chat chunks or as one reply, and what was heard."""

    received: list[dict[str, Any]] = field(default_factory=list)
    _stream: list[bytes] = field(default_factory=list)
    _reply: dict[str, Any] = field(default_factory=dict)

    @property
    def last(self) -> dict[str, Any]:
        return self.received[-1]

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.received.clear()
        self._stream, self._reply = [], {}

    def streams(self, *chunks: dict[str, Any] | bytes) -> None:
        """Send these payloads, each an event, then `[DONE]`. Bytes are sent as they are, and nothing after them."""
        told = [chunk if isinstance(chunk, bytes) else b"data: " + orjson.dumps(chunk) + b"\n\n" for chunk in chunks]
        self._stream = told if isinstance(chunks[-1], bytes) else [*told, DONE]

    def replies(self, message: dict[str, Any], finish: str = "stop", **more: Any) -> None:
        """Answer a plain request with this message."""
        choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish, "logprobs": None}
        self._reply = {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE, **more}

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.received.append(body)
        if body.get("stream"):
            return StreamingResponse(self._pieces(), media_type="text/event-stream")
        return JSONResponse(self._reply)

    async def _pieces(self) -> AsyncIterator[bytes]:
        for piece in self._stream:
            yield piece


def chunk(finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """A chat chunk with one choice."""
    return {**HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


def call_chunk(**piece: Any) -> dict[str, Any]:
    """A chat chunk with a piece of a tool call, whose fields may be missing."""
    return chunk(tool_calls=[piece])


def usage_chunk(usage: dict[str, Any] | None = None) -> dict[str, Any]:
    """The chunk without choices that OpenAI ends a stream with."""
    return {**HEAD, "choices": [], "usage": usage or USAGE}
