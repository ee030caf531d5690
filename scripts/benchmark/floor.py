"""The floor: the least that a proxy in Python does that reads what it passes on; and an echo, without an upstream.

Run as `python -m scripts.benchmark.floor [UPSTREAM] PORT`; without an upstream it is the echo. The floor has no
contract, no keys and no accounts: it parses the request, changes the model, and parses and writes the reply again; of
a stream, each event, those together that came together.
"""

import os
import sys
from pathlib import Path
from typing import Any

import orjson
import uvicorn
from pyreqwest.client import ClientBuilder
from starlette.types import Receive, Scope, Send

_HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-benchmark-upstream"}
_IDLE_CONNECTIONS = 1000


class Floor:
    """An ASGI application in front of `upstream`, a base URL."""

    def __init__(self, upstream: str) -> None:
        self._url = upstream + "/chat/completions"
        builder = ClientBuilder().pool_max_idle_per_host(_IDLE_CONNECTIONS).no_proxy().default_headers(_HEADERS)
        trusted = Path(os.environ["SSL_CERT_FILE"]).read_bytes()
        self._client = builder.add_root_certificate_pem(trusted).build()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if body := await _body(receive):
            request = orjson.loads(body)
            request["model"] = request["model"].partition("/")[2]
            reply = self._stream if request.get("stream") else self._plain
            await reply(orjson.dumps(request), send)
        else:
            await _reply(b"", send)

    async def _plain(self, body: bytes, send: Send) -> None:
        response = await self._client.post(self._url).body_bytes(body).build().send()
        await _reply(orjson.dumps(orjson.loads(bytes(await response.bytes()))), send)

    async def _stream(self, body: bytes, send: Send) -> None:
        # Without a limit the client would hold events back until so many bytes have come.
        request = self._client.post(self._url).body_bytes(body).streamed_read_buffer_limit(0).build_streamed()
        async with request as response:
            await _start(b"text/event-stream", send)
            rest = b""
            while chunk := await response.body_reader.read_chunk():
                *events, rest = (rest + bytes(chunk)).split(b"\n\n")
                written = b"".join(map(_rewritten, events))
                await send({"type": "http.response.body", "body": written, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Reply with the request's own body: what the server itself takes."""
    await _reply(await _body(receive), send)


def _rewritten(event: bytes) -> bytes:
    data = event[6:]
    if data != b"[DONE]":
        data = orjson.dumps(orjson.loads(data))
    return b"data: " + data + b"\n\n"


async def _body(receive: Receive) -> bytes:
    parts = []
    is_whole = False
    while not is_whole:
        message: Any = await receive()
        parts.append(message.get("body", b""))
        is_whole = not message.get("more_body", False)
    return b"".join(parts)


async def _reply(body: bytes, send: Send) -> None:
    await _start(b"application/json", send, (b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.body", "body": body})


async def _start(media_type: bytes, send: Send, *headers: tuple[bytes, bytes]) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", media_type), *headers]})


if __name__ == "__main__":
    application = Floor(sys.argv[1]) if len(sys.argv) > 2 else echo
    quiet: dict[str, Any] = {"lifespan": "off", "log_level": "warning", "access_log": False, "server_header": False}
    uvicorn.run(application, port=int(sys.argv[-1]), loop="uvloop", http="httptools", timeout_keep_alive=75, **quiet)
