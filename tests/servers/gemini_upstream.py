"""An upstream that speaks generateContent, as strictly as Google, in the Gemini API's way and in Vertex AI's.

The model's name is the script: `echo` answers with the user's words, `tool` calls the first function, `think` reasons
and wants its signature back; others draw, search, run code, break or stall.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.chat_upstream import Broken
from tests.servers.gemini_rules import complaints
from tests.servers.gemini_scripts import finish_of, grounding_of, parts_of
from tests.servers.memory import Memory

_Object = dict[str, Any]

KEY = "AIza-upstream-0123456789abcdef"
TOKEN = "ya29.upstream-0123456789abcdef"
SCRIPTS = ("echo", "tool", "think", "parallel", "ids", "length", "images", "code", "search")
USAGE = {
    "promptTokenCount": 11,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 2,
    "cachedContentTokenCount": 3,
    "totalTokenCount": 18,
}
_PIECE = 9
_VERTEX = "/v1beta1/projects/{project}/locations/{location}/publishers/google"
_RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7.5s"}
_KEY_INVALID = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


class GeminiUpstream(Memory):
    """The server's script."""

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/v1beta/models", self.models),
                Route("/v1beta/models/{model}:{method}", self.generate, methods=["POST"]),
                Route("/v1/publishers/google/models/{model}:{method}", self.generate, methods=["POST"]),
                Route(_VERTEX + "/models/{model}:{method}", self.generate, methods=["POST"]),
            ]
        )

    async def models(self, request: Request) -> Response:
        if request.headers.get("x-goog-api-key") != KEY:
            return _refusal(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", _KEY_INVALID)
        listed = [_listed(name, "generateContent", "countTokens") for name in SCRIPTS]
        return JSONResponse({"models": [*listed, _listed("embeddings", "embedContent")]})

    async def generate(self, request: Request) -> Response:
        body, model = await request.json(), request.path_params["model"]
        is_stream = request.path_params["method"] == "streamGenerateContent"
        self.requests.append({"path": str(request.url.path), "headers": dict(request.headers), "body": body})
        if found := _about_caller(request):
            return found
        is_vertex = not request.url.path.startswith("/v1beta/")
        wrong = [*complaints(body, model, is_vertex=is_vertex)]
        if is_stream and request.query_params.get("alt") != "sse":
            wrong.append("this server streams events only")
        if wrong:
            return _refusal(400, "; ".join(wrong), "INVALID_ARGUMENT")
        if refusal := _refused(model):
            return refusal
        return _streamed(model, body) if is_stream else JSONResponse(_whole(model, body))


def _about_caller(request: Request) -> Response | None:
    """Whoever comes with a token needs no key, and the other way round."""
    if "/projects/" in request.url.path:
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _refusal(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")
    elif request.headers.get("x-goog-api-key") != KEY:
        return _refusal(400, "API key not valid. Please pass a valid API key.", "INVALID_ARGUMENT", _KEY_INVALID)
    return None


def _refused(model: str) -> Response | None:
    match model:
        case "throttle":
            return _refusal(429, "Resource has been exhausted (e.g. check quota).", "RESOURCE_EXHAUSTED", _RETRY)
        case "overloaded":
            return _refusal(503, "The model is overloaded. Please try again later.", "UNAVAILABLE")
        case "unknown":
            return _refusal(404, "models/unknown is not found for API version v1beta.", "NOT_FOUND")
        case "too-long":
            message = "The input token count (1250074) exceeds the maximum number of tokens allowed (1048576)."
            return _refusal(400, message, "INVALID_ARGUMENT")
        case _:
            return None


def _refusal(status: int, message: str, name: str, *details: _Object) -> Response:
    error = {"code": status, "message": message, "status": name}
    return JSONResponse({"error": {**error, **({"details": details} if details else {})}}, status)


def _listed(name: str, *methods: str) -> _Object:
    limits = {"inputTokenLimit": 1048576, "outputTokenLimit": 65536}
    return {"name": f"models/{name}", "displayName": name, **limits, "supportedGenerationMethods": methods}


def _document(model: str, candidates: list[_Object], usage: _Object) -> _Object:
    return {"candidates": candidates, "usageMetadata": usage, "modelVersion": model, "responseId": "made-up"}


def _whole(model: str, body: _Object) -> _Object:
    if model == "blocked":
        return {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}, "usageMetadata": {"promptTokenCount": 4}}
    number = body.get("generationConfig", {}).get("candidateCount", 1)
    return _document(model, [_ended(model, index, parts_of(model, body)) for index in range(number)], USAGE)


def _ended(model: str, index: int, parts: list[_Object]) -> _Object:
    content: _Object = {"role": "model", "parts": parts} if parts else {"role": "model"}
    grounding = grounding_of(model)
    about = {"groundingMetadata": grounding} if grounding else {}
    return {"content": content, "finishReason": finish_of(model), "index": index, **about}


def _streamed(model: str, body: _Object) -> Response:
    return StreamingResponse(_events(model, body), media_type="text/event-stream")


async def _events(model: str, body: _Object) -> AsyncIterator[bytes]:
    """The answer in pieces; signatures of texts come at the end, in a part that has no text."""
    if model == "blocked":
        yield _event(_whole(model, body))
        return
    number = body.get("generationConfig", {}).get("candidateCount", 1)
    for index in range(number):
        *pieces, last = list(_pieces(parts_of(model, body))) or [{"text": ""}]
        for place, piece in enumerate(pieces):
            usage = {"promptTokenCount": 11, "totalTokenCount": 11 + place}
            yield _event(_document(model, [{"content": {"role": "model", "parts": [piece]}, "index": index}], usage))
            if place == 0:
                await _misbehave(model)
                if model == "late-error":
                    error = {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}
                    yield _event({"error": error})
                    return
        told = {name: count for name, count in USAGE.items() if name != "promptTokenCount"}
        yield _event(_document(model, [_ended(model, index, [last])], told))


async def _misbehave(model: str) -> None:
    match model:
        case "stall":
            await asyncio.Event().wait()
        case "cut":
            raise Broken


def _pieces(parts: list[_Object]) -> Iterator[_Object]:
    for part in parts:
        text = part.get("text")
        if text is None:
            yield part
            continue
        more = {"thought": True} if part.get("thought") else {}
        for start in range(0, len(text), _PIECE):
            yield {"text": text[start : start + _PIECE], **more}
        if "thoughtSignature" in part:
            yield {"text": "", "thoughtSignature": part["thoughtSignature"]}


def _event(document: _Object) -> bytes:
    return b"data: " + orjson.dumps(document) + b"\r\n\r\n"
