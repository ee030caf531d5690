"""A chat upstream whose answers take as long as their requests say, and which counts its calls and how they ended."""

import asyncio
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

DEADLINE = 30.0
_HEAD = {"id": "chatcmpl-paced", "object": "chat.completion.chunk", "created": 1_790_000_000, "model": "paced"}


def wanted(name: str, pieces: int = 3, pause: float = 0.0, hold: int | None = None, **more: Any) -> str:
    """The text of a request: an answer under this name in so many pieces, with pauses of so many seconds.

    `hold`: after so many pieces it waits until the test lets it go on. `linger`: so many seconds its body stays open
    behind the end of the stream. `status`: it is refused with this one.
    """
    return orjson.dumps({"name": name, "pieces": pieces, "pause": pause, "hold": hold, **more}).decode()


def text_of(name: str, pieces: int = 3) -> str:
    """The whole text of such an answer."""
    return "".join(f"{name} {number}. " for number in range(pieces))


@dataclass
class PacedUpstream:
    """What was called, by name: how many began, ended as they should, and were left by their caller."""

    begun: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _let_go: set[str] = field(default_factory=set)

    def let_go(self, name: str) -> None:
        """Let an answer that is held go on."""
        self._let_go.add(name)

    def wait_for(self, counter: "Counter[str]", name: str, times: int = 1) -> None:
        """Wait until a counter has come so far."""
        with self._changed:
            assert self._changed.wait_for(lambda: counter[name] >= times, DEADLINE), (name, counter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        request = orjson.loads(body)
        order = orjson.loads(request["messages"][-1]["content"])
        self._count(self.begun, order["name"])
        answering = asyncio.ensure_future(self._answer(order, bool(request.get("stream")), send))
        leaving = asyncio.ensure_future(_left(receive))
        await asyncio.wait([answering, leaving], return_when=asyncio.FIRST_COMPLETED)
        is_left = not answering.done()
        self._count(self.left if is_left else self.ended, order["name"])
        answering.cancel()
        leaving.cancel()

    async def _answer(self, order: dict[str, Any], is_stream: bool, send: Send) -> None:
        name, pieces = order["name"], order["pieces"]
        if "status" in order:
            await _send(send, order["status"], b"application/json", orjson.dumps({"error": {"message": "No."}}))
            return
        usage = {"prompt_tokens": 7, "completion_tokens": pieces, "total_tokens": 7 + pieces}
        if not is_stream:
            await self._pause(order, pieces)
            message = {"role": "assistant", "content": text_of(name, pieces)}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            whole = {**_HEAD, "object": "chat.completion", "choices": [choice], "usage": usage}
            await _send(send, 200, b"application/json", orjson.dumps(whole))
            return
        headers = [(b"content-type", b"text/event-stream")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number in range(pieces):
            await self._pause(order, number)
            delta = {"role": "assistant", "content": f"{name} {number}. "}
            await _send_event(send, {**_HEAD, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        await self._pause(order, pieces)
        await _send_event(send, {**_HEAD, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        await _send_event(send, {**_HEAD, "choices": [], "usage": usage})
        await send({"type": "http.response.body", "body": b"data: [DONE]\n\n", "more_body": True})
        await asyncio.sleep(order.get("linger", 0.0))
        await send({"type": "http.response.body", "body": b""})

    async def _pause(self, order: dict[str, Any], number: int) -> None:
        while order["hold"] == number and order["name"] not in self._let_go:  # noqa: ASYNC110 - set by another thread
            await asyncio.sleep(0.005)
        await asyncio.sleep(order["pause"])

    def _count(self, counter: "Counter[str]", name: str) -> None:
        with self._changed:
            counter[name] += 1
            self._changed.notify_all()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, kind: bytes, body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
    await send({"type": "http.response.body", "body": body})


async def _send_event(send: Send, document: dict[str, Any]) -> None:
    data = b"data: " + orjson.dumps(document) + b"\n\n"
    await send({"type": "http.response.body", "body": data, "more_body": True})
