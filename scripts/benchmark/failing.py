"""An upstream that fails in every way, and speaks every dialect: the model's name says how it answers.

Run as `python -m scripts.benchmark.failing PORT`. The path says which dialect is spoken.
"""

import asyncio
import sys
from typing import Any

import orjson
import uvicorn
from starlette.types import Receive, Scope, Send

from scripts.benchmark.wires import REPLIES, WIRES

WAYS = ("static", "refuse", "throttle", "overloaded", "garbage", "cut", "stall")
_PIECES = 20
_STALL_SECONDS = 2.0
_STREAMS = {name: b"".join(wire(_PIECES)) for name, wire in WIRES.items()}
_STATUSES = {"refuse": 500, "throttle": 429, "overloaded": 529}
# What each dialect's path holds, the most telling first.
_PATHS = {
    "enerateContent": "gemini",
    "/converse": "bedrock-converse",
    "/messages": "anthropic-messages",
    "/v2/chat": "cohere",
    "/responses": "openai-responses",
}
_EVENT_STREAM = b"application/vnd.amazon.eventstream"


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every POST in the way that its model's name asks for."""
    if scope["type"] != "http":
        return
    body = await _read(receive)
    path = scope["path"]
    asked = orjson.loads(body) if body else {}
    way = next((way for way in WAYS if way in (asked.get("model") or path)), "static")
    dialect = next((name for part, name in _PATHS.items() if part in path), "openai-chat")
    is_stream = bool(asked.get("stream")) or "tream" in path
    if way in _STATUSES:
        wait = [(b"retry-after", b"0")] if way == "throttle" else []
        await _answer(send, _STATUSES[way], b'{"error":{"message":"no","type":"server_error","code":null}}', wait)
    elif way == "stall":
        await asyncio.sleep(_STALL_SECONDS)
        await _answer(send, 500, b"{}", [])
    elif way == "garbage":
        await _answer(send, 200, b'data: {"choices": 7\n\n' if is_stream else b"<html>no</html>", [])
    else:
        whole = _STREAMS[dialect] if is_stream else REPLIES[dialect]
        kind = b"application/json"
        if is_stream:
            kind = _EVENT_STREAM if dialect == "bedrock-converse" else b"text/event-stream"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        if way == "cut":
            await send({"type": "http.response.body", "body": whole[: len(whole) // 2], "more_body": True})
            # The server closes a connection whose answer it cannot end.
            raise ConnectionError("cut off, as asked")
        await send({"type": "http.response.body", "body": whole})


async def _read(receive: Receive) -> bytes:
    pieces: list[bytes] = []
    is_whole = False
    while not is_whole:
        message: Any = await receive()
        pieces.append(message.get("body", b""))
        is_whole = not message.get("more_body", False)
    return b"".join(pieces)


async def _answer(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    everything = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *headers]
    await send({"type": "http.response.start", "status": status, "headers": everything})
    await send({"type": "http.response.body", "body": body})


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_keep_alive=75,
    )
