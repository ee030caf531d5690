"""Upstreams that fail as a test tells them to, each below a path of its own, and answer once they have failed enough.

They speak the OpenAI chat dialect: `POST /<instance>/v1/chat/completions`.
"""

import asyncio
import socketserver
import threading
import time
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

HEAD = {"id": "chatcmpl-1", "created": 1_790_000_000, "model": "any"}
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "total_tokens": 13}
DONE = b"data: [DONE]\n\n"

Act = Callable[[Request, dict[str, Any]], Response]
"""What an upstream does with one request."""


@dataclass(frozen=True)
class Heard:
    """A request as it came, and when."""

    instance: str
    key: str
    body: dict[str, Any]
    moment: float


@dataclass
class Fleet:
    """What each instance does next, and what was heard. With nothing left to do, an instance answers by its name."""

    heard: list[Heard] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)
    _acts: dict[str, deque[Act]] = field(default_factory=lambda: defaultdict(deque))
    _always: dict[str, Act] = field(default_factory=dict)

    @property
    def app(self) -> Starlette:
        return Starlette(routes=[Route("/{instance}/v1/chat/completions", self.complete, methods=["POST"])])

    @property
    def asked(self) -> list[str]:
        """The instances in the order in which they were asked."""
        return [heard.instance for heard in self.heard]

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.heard.clear()
        self._acts.clear()
        self._always.clear()
        self.stalled.clear()
        self.left.clear()

    def does(self, instance: str, *acts: Act) -> None:
        """What an instance does with the next requests, one by one."""
        self._acts[instance].extend(acts)

    def always(self, instance: str, act: Act) -> None:
        """What it does with all the others."""
        self._always[instance] = act

    async def complete(self, request: Request) -> Response:
        moment = time.perf_counter()
        body = await request.json()
        instance = request.path_params["instance"]
        key = request.headers.get("authorization", "").removeprefix("Bearer ")
        self.heard.append(Heard(instance, key, body, moment))
        acts = self._acts[instance]
        act = acts.popleft() if acts else self._always.get(instance, answers(f"I am {instance}."))
        if act is stalls:
            await self._stall(request)
        return act(request, body)

    async def _stall(self, request: Request) -> None:
        self.stalled.set()
        while not await request.is_disconnected():  # noqa: ASYNC110 - a connection tells of its end by being asked
            await asyncio.sleep(0.01)
        self.left.set()


def refuses(status: int, headers: dict[str, str] | None = None, message: str = "No.", code: str | None = None) -> Act:
    """Answer with an error of OpenAI's shape."""
    error = {"message": message, "type": "error", "param": None, "code": code}
    return lambda request, body: JSONResponse({"error": error}, status, headers)


def answers(text: str, headers: dict[str, str] | None = None) -> Act:
    """Answer, streamed or plain, as it was asked for."""

    def act(request: Request, body: dict[str, Any]) -> Response:
        if body.get("stream"):
            return streams(piece(text), piece(finish="stop"), usage(), DONE, headers=headers)(request, body)
        message = {"role": "assistant", "content": text}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        document = {**HEAD, "object": "chat.completion", "choices": [choice], "usage": USAGE}
        return JSONResponse(document, headers=headers)

    return act


def streams(*pieces: bytes, headers: dict[str, str] | None = None) -> Act:
    """Send these bytes, each in a chunk of its own."""

    async def chunks() -> AsyncIterator[bytes]:
        for sent in pieces:
            yield sent
            await asyncio.sleep(0)

    return lambda request, body: StreamingResponse(chunks(), media_type="text/event-stream", headers=headers)


def says(body: bytes, media_type: str = "application/json") -> Act:
    """Answer with these bytes and status 200."""
    return lambda request, _: Response(body, media_type=media_type)


def breaks_off(*pieces: bytes) -> Act:
    """Send these bytes of a longer answer, then close the connection."""

    class Broken(Exception):
        """Ends the answer without its last chunk."""

    async def chunks() -> AsyncIterator[bytes]:
        for sent in pieces:
            yield sent
        raise Broken

    def act(request: Request, body: dict[str, Any]) -> Response:
        media_type = "text/event-stream" if body.get("stream") else "application/json"
        return StreamingResponse(chunks(), media_type=media_type)

    return act


def stalls(request: Request, body: dict[str, Any]) -> Response:
    """Answer nothing until the gateway has left."""
    return Response(b"", 500)


def piece(text: str | None = None, finish: str | None = None) -> bytes:
    """The event of a chunk with a piece of the answer."""
    delta = {} if text is None else {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return event({**HEAD, "object": "chat.completion.chunk", "choices": [choice]})


def usage() -> bytes:
    """The event of the chunk that tells usage."""
    return event({**HEAD, "object": "chat.completion.chunk", "choices": [], "usage": USAGE})


def event(document: Any) -> bytes:
    """A document as a server-sent event."""
    return b"data: " + orjson.dumps(document) + b"\n\n"


@contextmanager
def hanging_up() -> Iterator[str]:
    """The base URL of a server that takes every connection, reads, and closes it without a word."""

    class HangUp(socketserver.BaseRequestHandler):
        """Says nothing."""

        def handle(self) -> None:
            self.request.recv(65_536)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), HangUp) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(5)
