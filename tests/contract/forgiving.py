"""The scripted upstreams without their strictness: what a fuzzer has people say makes no sense to a strict one.

Whatever was said and whatever tools were on offer, they hear one greeting. The rest of a request goes through.
"""

from collections.abc import Callable
from typing import Any

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests.servers.chat_upstream import ChatUpstream
from tests.servers.responses_upstream import ResponsesUpstream

NATIVE_MODELS = (
    *("echo:native", "tools:native", "parallel-tools:native", "reasoning:native", "refusal:native", "length:native"),
    *("web-search:native", "custom-tool:native", "interleaved:native", "failed-in-stream:native"),
    *("error-in-stream:native", "cut:native", "end-early:native"),
)
"""Scripts of the upstream that speaks the Responses API, named so that bare names are the other upstream's alone."""

_TOOLS = ("tools", "tool_choice", "parallel_tool_calls", "functions", "function_call")
_GREETING = "Hello."


class Forgiving:
    """An ASGI application in front of another, which hears a greeting in place of every conversation."""

    def __init__(self, app: ASGIApp, heard: Callable[[dict[str, Any]], dict[str, Any]] | None = None) -> None:
        self._app = app
        self._heard = heard or greeted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        body, is_open = b"", True
        while is_open:
            message = await receive()
            body += message.get("body", b"")
            is_open = message.get("more_body", False)
        waiting: list[Message] = [{"type": "http.request", "body": orjson.dumps(self._heard(orjson.loads(body)))}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await receive()

        headers = [(name, value) for name, value in scope["headers"] if name != b"content-length"]
        await self._app({**scope, "headers": headers}, replay, send)


def greeted(body: dict[str, Any]) -> dict[str, Any]:
    """The request with a greeting in place of its conversation."""
    if "messages" in body:
        kept = {name: value for name, value in body.items() if name not in _TOOLS}
        return {**kept, "messages": [{"role": "user", "content": _GREETING}]}
    return {"model": body["model"], "stream": body.get("stream"), "store": body.get("store"), "input": _GREETING}


def chat_upstream() -> ASGIApp:
    """Speaks OpenAI's chat dialect."""
    return Forgiving(ChatUpstream().app)


def responses_upstream() -> ASGIApp:
    """Speaks the Responses API."""
    return Forgiving(ResponsesUpstream().app)
