"""The upstream that is measured against: constant answers, as fast as Python can give them.

Run as `python -m scripts.benchmark.upstream PORT`. The model named in a request chooses what happens:
`static` answers at once, `late` sends its first event before a pause and the rest after it, `slow` sends an
event now and then.
"""

import asyncio
import sys
import time
from typing import Any

import orjson
import uvicorn
from starlette.types import Receive, Scope, Send

DELTAS = 50
LATE_SECONDS = 0.01
# Every clock of this machine shows the same: what the client subtracts from its own time.
STAMP = "stamp="

_HEAD = {"id": "chatcmpl-benchmark0123456789", "created": 1_760_000_000, "model": "static"}
_USAGE = {"prompt_tokens": 24, "completion_tokens": DELTAS, "total_tokens": 24 + DELTAS}
_DONE = b"data: [DONE]\n\n"


def _event(choices: list[dict[str, Any]], usage: dict[str, int] | None = None) -> bytes:
    chunk = {
        "id": _HEAD["id"],
        "object": "chat.completion.chunk",
        "created": _HEAD["created"],
        "model": _HEAD["model"],
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": choices,
        "usage": usage,
    }
    return b"data: " + orjson.dumps(chunk) + b"\n\n"


def delta(content: str) -> bytes:
    """One event with a piece of text: some 230 bytes, as OpenAI's are."""
    choice = {"index": 0, "delta": {"content": content}, "logprobs": None, "finish_reason": None}
    return _event([choice])


_ROLE = _event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}])
END = [
    _event([{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}]),
    _event([], _USAGE),
    _DONE,
]
_STREAM = b"".join([_ROLE, *(delta(f" word{number:02}") for number in range(DELTAS)), *END])
EVENTS = _STREAM.count(b"\n\n")

REPLY = orjson.dumps(
    {
        **_HEAD,
        "object": "chat.completion",
        "service_tier": "default",
        "system_fingerprint": "fp_0123456789",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant",
                    "content": "A gateway stands between those who ask and those who answer. " * 3,
                    "refusal": None,
                    "annotations": [],
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": _USAGE,
    }
)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer every POST as a chat completion, and every other request with nothing."""
    if scope["type"] != "http":
        return
    body = b""
    is_whole = False
    while not is_whole:
        message: Any = await receive()
        body += message.get("body", b"")
        is_whole = not message.get("more_body", False)
    request = orjson.loads(body) if body else {}
    if not request.get("stream"):
        await _start(send, b"application/json", [(b"content-length", str(len(REPLY)).encode())])
        await _send(send, REPLY, is_last=True)
        return
    await _start(send, b"text/event-stream; charset=utf-8", [])
    match request["model"]:
        case "late":
            await _late(send)
        case "slow":
            await _slow(send, request["metadata"])
        case _:
            await _send(send, _STREAM, is_last=True)


async def _late(send: Send) -> None:
    await asyncio.sleep(LATE_SECONDS)
    await _send(send, delta(f"{STAMP}{time.monotonic_ns()};"))
    await asyncio.sleep(LATE_SECONDS)
    await _send(send, b"".join(END), is_last=True)


async def _slow(send: Send, asked: dict[str, str]) -> None:
    for number in range(int(asked["events"])):
        await _send(send, delta(f" word{number:02}"))
        await asyncio.sleep(float(asked["pause"]))
    await _send(send, b"".join(END), is_last=True)


async def _start(send: Send, media_type: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    everything = [(b"content-type", media_type), *headers]
    await send({"type": "http.response.start", "status": 200, "headers": everything})


async def _send(send: Send, body: bytes, *, is_last: bool = False) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": not is_last})


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        lifespan="off",
        log_level="warning",
        access_log=False,
        timeout_keep_alive=75,
    )
