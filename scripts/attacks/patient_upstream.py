"""An upstream that reads a request without looking at it, waits, and sends the shortest answer of its API.

Run as `python -m scripts.attacks.patient_upstream`, it prints its address and serves until its input ends.
"""

import asyncio
import sys

import orjson
from starlette.types import Receive, Scope, Send

from tests.servers.thread import serving

WAIT_SECONDS = 0.5
"""Between request and answer: what the gateway holds for as long as it waits can be seen."""
_CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_790_000_000,
    "model": "any",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "ok"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6},
}
_RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_790_000_000,
    "status": "completed",
    "model": "any",
    "output": [
        {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": "ok", "annotations": []}],
        }
    ],
    "usage": {"input_tokens": 5, "output_tokens": 1, "total_tokens": 6},
}
_MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "any",
    "content": [{"type": "text", "text": "ok"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 5, "output_tokens": 1},
}
_GENERATED = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "ok"}]}, "finishReason": "STOP", "index": 0}],
    "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 6},
}
_CONVERSED = {
    "output": {"message": {"role": "assistant", "content": [{"text": "ok"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 5, "outputTokens": 1, "totalTokens": 6},
    "metrics": {"latencyMs": 5},
}
_ANSWERS = {
    "/chat/completions": _CHAT,
    "/responses": _RESPONSE,
    "/messages": _MESSAGE,
    ":generateContent": _GENERATED,
    "/converse": _CONVERSED,
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI's."""
    assert scope["type"] == "http"
    while (await receive()).get("more_body"):
        pass
    answer = next((answer for end, answer in _ANSWERS.items() if scope["path"].endswith(end)), None)
    if answer is not None:
        await asyncio.sleep(WAIT_SECONDS)
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 404 if answer is None else 200, "headers": headers})
    await send({"type": "http.response.body", "body": orjson.dumps(answer or {})})


if __name__ == "__main__":
    with serving(app) as url:
        print(url, flush=True)
        sys.stdin.read()
