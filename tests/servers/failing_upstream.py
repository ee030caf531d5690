"""A chat server that fails as its models' names say, and knows no others; its list can fail, too."""

from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

KEY = "sk-failing-0123456789abcdef"

USAGE = {"prompt_tokens": 4, "completion_tokens": 2, "total_tokens": 6}
_REFUSALS: Mapping[str, tuple[int, str, str | None, dict[str, str]]] = {
    "no-credit": (429, "You exceeded your current quota", "insufficient_quota", {}),
    "limited": (429, "Slow down", "rate_limit_exceeded", {"retry-after": "130"}),
    "busy": (503, "Overloaded", None, {}),
    "no-access": (404, "The model does not exist", "model_not_found", {}),
    "odd": (400, f"Your key {KEY} is odd", "odd", {}),
}
_REPLIES: Mapping[str, Response] = {
    "html": Response("<html><body>Welcome</body></html>", media_type="text/html"),
    "silent": JSONResponse({"choices": [{"message": {"role": "assistant", "content": ""}, "finish_reason": "stop"}]}),
    "filtered": JSONResponse({"choices": [{"message": {"content": None}, "finish_reason": "content_filter"}]}),
}
FAILING = (*_REFUSALS, *_REPLIES)
"""The models that fail."""


class FailingUpstream:
    """The server, and what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1/chat/completions", self.complete, methods=["POST"]),
                Route("/v1/models", self.models),
                Route("/listless/chat/completions", self.complete, methods=["POST"]),
            ]
        )

    async def models(self, request: Request) -> Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        names = ["text-embedding-3-small", "good-model", *FAILING, "new-limit"]
        return JSONResponse({"data": [{"id": name} for name in names]})

    async def complete(self, request: Request) -> Response:
        body = await request.json()
        self.bodies.append(body)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _error(401, "Incorrect API key provided", "invalid_api_key")
        model = body["model"]
        if model in _REFUSALS:
            status, message, code, headers = _REFUSALS[model]
            return _error(status, message, code, headers)
        if model in _REPLIES:
            return _REPLIES[model]
        if model == "new-limit" and "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            return _error(400, message, "unsupported_parameter", {}, "max_tokens")
        if model not in ("good-model", "new-limit"):
            return _error(404, "The model does not exist", "model_not_found")
        said = {"role": "assistant", "content": "Hello!"}
        return JSONResponse({"choices": [{"message": said, "finish_reason": "stop"}], "usage": USAGE})


def _error(
    status: int, message: str, code: str | None, headers: Mapping[str, str] | None = None, param: str | None = None
) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return JSONResponse({"error": error}, status, headers)
