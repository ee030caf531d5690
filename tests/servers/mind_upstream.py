"""One mind, served on the wires of all providers at once; each has a path of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.chat_upstream import KEY
from tests.servers.gemini_upstream import KEY as GEMINI_KEY
from tests.servers.gemini_upstream import TOKEN
from tests.servers.mind_anthropic import AnthropicWire
from tests.servers.mind_bedrock import BedrockWire
from tests.servers.mind_chat import ChatWire
from tests.servers.mind_cohere import CohereWire
from tests.servers.mind_gemini import GeminiWire
from tests.servers.mind_responses import ResponsesWire
from tests.servers.one_mind import Said, Transcript, Unclear, answer
from tests.servers.pieces import crumbs

_Object = dict[str, Any]


class Wire(Protocol):
    """How one provider's requests are read, and its answers written."""

    @property
    def author(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    def read(self, body: _Object) -> Transcript: ...
    def complaints(self, request: Request, body: _Object, transcript: Transcript) -> Iterator[str]: ...
    def is_stream(self, request: Request, body: _Object) -> bool: ...
    def whole(self, said: Said, body: _Object) -> _Object: ...
    def stream(self, said: Said, body: _Object) -> Iterator[bytes]: ...


@dataclass(frozen=True)
class Heard:
    """A request that was answered: by which wire it came, its body, and what was said to it."""

    author: str
    body: _Object
    transcript: Transcript
    said: Said

    @property
    def proofs(self) -> list[str]:
        """The reasoning of the wire's own that came back."""
        return [turn.proof for turn in self.transcript.turns if turn.proof is not None]


@dataclass
class MindUpstream:
    """The server, and what it heard."""

    heard: list[Heard] = field(default_factory=list)

    @property
    def app(self) -> Starlette:
        vertex = "/vertex/projects/p-1/locations/global/publishers/google/models/{model}:{method}"
        wires: list[tuple[str, Wire]] = [
            ("/chat/v1/chat/completions", ChatWire("chat", is_known=False)),
            *((f"/{author}/v1/chat/completions", ChatWire(author)) for author in ("openai", *FOLLOWERS)),
            ("/responses/v1/responses", ResponsesWire()),
            ("/anthropic/v1/messages", AnthropicWire()),
            ("/gemini/models/{model}:{method}", GeminiWire("gemini", is_vertex=False)),
            (vertex, GeminiWire("vertex", is_vertex=True)),
            ("/cohere/v2/chat", CohereWire()),
            ("/bedrock/model/{model}/{method}", BedrockWire()),
        ]
        return Starlette(routes=[Route(path, self._serve(wire), methods=["POST"]) for path, wire in wires])

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.heard.clear()

    def _serve(self, wire: Wire) -> Any:
        async def serve(request: Request) -> Response:
            body = await request.json()
            try:
                transcript = wire.read(body)
            except Unclear as unclear:
                return _refusal(str(unclear))
            if found := [*wire.complaints(request, body, transcript)]:
                return _refusal("; ".join(found))
            said = answer(transcript, wire.author)
            self.heard.append(Heard(wire.author, body, transcript, said))
            if wire.is_stream(request, body):
                return StreamingResponse(_sent(wire.stream(said, body)), media_type=wire.media_type)
            return Response(orjson.dumps(wire.whole(said, body)), media_type="application/json")

        return serve


async def _sent(frames: Iterator[bytes]) -> Any:
    for piece in crumbs(frames):
        yield piece


def _refusal(why: str) -> Response:
    """A refusal in which every dialect finds its own words."""
    error = {"type": "invalid_request_error", "message": why, "code": 400, "status": "INVALID_ARGUMENT"}
    return JSONResponse({"type": "error", "message": why, "error": error}, 400)


MODELS = {
    "chat": "chat/mind",
    "openai": "openai/mind",
    "responses": "responses/mind",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "gemini": "gemini/gemini-3-flash",
    "vertex": "vertex/gemini-3-flash",
    "cohere": "cohere/command-a-plus",
    "bedrock": "bedrock/anthropic.claude-sonnet-4-5-20250929-v1:0",
}
"""What a client asks for to be answered by a wire."""

FOLLOWERS = {
    "mistral": "mistral/magistral-medium-latest",
    "deepseek": "deepseek/deepseek-reasoner",
    "groq": "groq/openai/gpt-oss-120b",
    "xai": "xai/grok-4.3",
    "openrouter": "openrouter/some/model",
    "together": "together/some/model",
    "fireworks": "fireworks/some-model",
    "cerebras": "cerebras/gpt-oss-120b",
    "zai": "zai/glm-4.6",
    "ollama": "ollama/qwen3",
    "vllm": "vllm/some-model",
}
"""The same for those that follow OpenAI's chat, each in a way of its own."""


OTHERS = {
    "anthropic": ("claude-opus-4-8", "claude-fable-5", "claude-opus-4-6", "claude-3-5-haiku-20241022"),
    "bedrock": (
        *(
            "anthropic.claude-opus-4-8",
            "us.anthropic.claude-opus-4-6-v1",
            "amazon.nova-pro-v1:0",
            "qwen.qwen3-32b-v1:0",
        ),
        *("mistral.mistral-large-2407-v1:0", "meta.llama3-3-70b-instruct-v1:0", "openai.gpt-oss-120b-1:0"),
    ),
    "gemini": ("gemini-2.5-flash", "gemini-2.0-flash", "gemini-3.1-pro-preview"),
    "vertex": ("gemini-2.5-pro",),
    "cohere": ("command-a-vision-07-2025",),
}
"""Further models by their providers, which take other things, or take them otherwise."""


def _name(author: str) -> str:
    return (MODELS | FOLLOWERS)[author].partition("/")[2]


def mind_config(url: str) -> _Object:
    """The gateway's settings with all wires as providers."""
    project = f"{url}/vertex/projects/p-1/locations/global/publishers/google"
    addresses: dict[str, _Object] = {
        "chat": {"dialect": "openai-chat", "base_url": f"{url}/chat/v1"},
        "openai": {"dialect": "openai-chat", "base_url": f"{url}/openai/v1"},
        "responses": {"dialect": "openai-responses", "base_url": f"{url}/responses/v1"},
        "anthropic": {"base_url": f"{url}/anthropic"},
        "gemini": {"base_url": f"{url}/gemini", "api_key": GEMINI_KEY},
        "vertex": {"base_url": project, "headers": {"authorization": f"Bearer {TOKEN}"}},
        "cohere": {"base_url": f"{url}/cohere"},
        "bedrock": {"base_url": f"{url}/bedrock", "region": "eu-central-1"},
    }
    for author in FOLLOWERS:
        addresses[author] = {"dialect": "openai-chat", "base_url": f"{url}/{author}/v1"}
    providers = {
        author: {"api_key": KEY, "models": [_name(author), *OTHERS.get(author, ())], **address}
        for author, address in addresses.items()
    }
    return {
        "retries": {"attempts": 1},
        "breaker": {"failures": 10_000},
        "embedded": {"enabled": False},
        "providers": providers,
    }
