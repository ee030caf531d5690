"""The floor: the least that a proxy can do with the gateway's libraries if it reads what it passes on.

Run as `python -m scripts.benchmark.floor PORT UPSTREAM`. No contract, no keys, no accounts: it parses the
request, changes the model, and parses and writes the reply again; of a stream each event, those together that
came together.
"""

import sys
from typing import Any

import orjson
import pyqwest
import uvicorn
from starlette.types import Receive, Scope, Send

_HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-benchmark-upstream"}


class Floor:
    """An ASGI application that asks `upstream` (a base URL)."""

    def __init__(self, upstream: str) -> None:
        self._url = upstream + "/chat/completions"
        # The gateway's own settings: a pool that keeps its connections, and no telemetry.
        self._transport = pyqwest.HTTPTransport(pool_max_idle_per_host=1000, enable_otel=False)
        self._client = pyqwest.Client(self._transport)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        parts = []
        is_whole = False
        while not is_whole:
            message: Any = await receive()
            parts.append(message.get("body", b""))
            is_whole = not message.get("more_body", False)
        body = b"".join(parts)
        if not body:
            await _start(send, b"text/plain")
            await send({"type": "http.response.body", "body": b""})
            return
        request = orjson.loads(body)
        request["model"] = request["model"].partition("/")[2]
        if request.get("stream"):
            await self._stream(orjson.dumps(request), send)
        else:
            await self._plain(orjson.dumps(request), send)

    async def _plain(self, body: bytes, send: Send) -> None:
        response = await self._client.execute("POST", self._url, _HEADERS, body)
        reply = orjson.dumps(orjson.loads(bytes(response.content)))
        await _start(send, b"application/json", (b"content-length", str(len(reply)).encode()))
        await send({"type": "http.response.body", "body": reply})

    async def _stream(self, body: bytes, send: Send) -> None:
        request = pyqwest.Request("POST", self._url, pyqwest.Headers(_HEADERS.items()), body)
        async with await self._transport.execute(request) as response:
            await _start(send, b"text/event-stream")
            rest = b""
            async for chunk in response.content:
                *events, rest = (rest + bytes(chunk)).split(b"\n\n")
                written = b"".join(map(_rewritten, events))
                await send({"type": "http.response.body", "body": written, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


def _rewritten(event: bytes) -> bytes:
    data = event[6:]
    if data != b"[DONE]":
        data = orjson.dumps(orjson.loads(data))
    return b"data: " + data + b"\n\n"


async def _start(send: Send, media_type: bytes, *headers: tuple[bytes, bytes]) -> None:
    everything = [(b"content-type", media_type), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": everything})


if __name__ == "__main__":
    uvicorn.run(
        Floor(sys.argv[2]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,
    )
