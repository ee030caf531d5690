"""Recorded requests whose tokens their provider has counted, and what the gateway counts for them without it."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from gateway.accounting.token_ratios import Ratio, text_size
from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.profiles.tokens import UNKNOWN_TOKENS, TokenFacts
from gateway.errors import GatewayError
from gateway.neutral.events import Usage
from gateway.neutral.generation import Generation
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.tokens.process import ENCODINGS, _Tokenizers
from gateway.tokens.texts import Texts, texts_of
from tests.replay import anthropic_requests, bedrock_requests, gemini_requests
from tests.replay.recordings import Recording, recordings_of
from tests.replay.test_cohere_requests import as_chat
from tests.unit.generations import generation_of

_Object = dict[str, Any]
_Read = Callable[[_Object, str], Generation]
# Recorded bodies have no types.
_CHAT: Any = OpenAIChatSurface()
_RESPONSES: Any = OpenAIResponsesSurface()
_ROWS = {"openrouter_via_openai_sdk": "openrouter", "gpustack_vllm": "vllm", "huggingface_router": "huggingface"}
# By the name of the index: the dialect of an endpoint, and how a request of it is read.
_ENDPOINTS: dict[str, tuple[str, _Read]] = {
    "chat_completions": ("openai-chat", lambda body, model: _CHAT.read(body)),
    "responses": ("openai-responses", lambda body, model: _RESPONSES.read(body)),
    "messages": ("anthropic-messages", lambda body, model: anthropic_requests.generation_of(body)),
    "generateContent": ("gemini", lambda body, model: gemini_requests.generation_of(body)),
    "streamGenerateContent": ("gemini", lambda body, model: gemini_requests.generation_of(body)),
    "converse": ("bedrock-converse", lambda body, model: _RESPONSES.read(bedrock_requests.as_responses(body, model))),
    "converse_stream": (
        "bedrock-converse",
        lambda body, model: _RESPONSES.read(bedrock_requests.as_responses(body, model)),
    ),
    "v2_chat": ("cohere", lambda body, model: _CHAT.read({**as_chat(body), "model": model})),
}
# By the start of a recording's path: what the provider counts in place of the request's text alone.
OTHER_THAN_THE_TEXT = {
    "openai/003": "a model that searches the web before each answer",
    "groq/014": "a model that searches the web by itself",
    "gemini/008": "a prompt that was cached before, and is not in the request",
    "cohere/014": "Cohere puts some 190 tokens of its own in front of a conversation",
    "openrouter/020": "answered by xAI, see the next",
    "xai/006": "xAI puts some 350 tokens of its own in front of a conversation",
}


@dataclass(frozen=True)
class CountedRequest:
    """A recorded request: the tokens of its prompt by the provider, by our tokenizer, and the bytes of its body."""

    path: str
    provider: str
    messages: int
    is_plain: bool
    """Whether it has texts alone (no tools, schema, images or reasoning), and its provider has put none beside them."""
    is_own: bool
    """Whether the tokenizer is the model's own."""
    provided: int
    counted: int
    size: int

    @property
    def error(self) -> float:
        """How far our count is from the provider's, as a part of that."""
        return abs(self.counted - self.provided) / self.provided


def counted_requests() -> list[CountedRequest]:
    """All that can be read; none where the recordings are absent."""
    return [*_counted()]


def by_bytes(requests: list[CountedRequest], measured: CountedRequest) -> float:
    """The error of an estimate from bytes, at the ratio that the other requests of the provider show."""
    ratio = Ratio()
    for request in requests:
        if request.provider == measured.provider and request.path != measured.path:
            ratio.learn(request.size, request.provided)
    return abs(ratio.estimate(measured.size) - measured.provided) / measured.provided


def _counted() -> Iterator[CountedRequest]:
    for endpoint, (dialect, read) in _ENDPOINTS.items():
        for recording in recordings_of(endpoint):
            content = recording.content()
            if recording.status != 200 or content["request_body"] is None:
                continue
            provided = _provided(recording, dialect)
            if not provided:
                continue
            try:
                prompt = read(json.loads(json.dumps(content["request_body"])), content["model"]).prompt
            except (GatewayError, NotImplementedError, KeyError):
                # Something that only the provider's own API has a form for.
                continue
            facts = _facts(recording.provider, dialect, content["model"])
            texts = texts_of(prompt, facts.image)
            size = text_size(json.dumps(content["request_body"], ensure_ascii=False).encode())
            yield CountedRequest(
                recording.path,
                recording.provider,
                len(prompt.items) + bool(prompt.instructions),
                texts.is_plain and recording.path[: recording.path.index("-")] not in OTHER_THAN_THE_TEXT,
                facts.encoding is not None,
                provided,
                _count(texts, facts),
                size,
            )


def _facts(provider: str, dialect: str, model: str) -> TokenFacts:
    row = ROWS.get(_ROWS.get(provider, provider))
    profiles = [profile for profile in row.profiles if profile.dialect == dialect] if row else []
    return (profiles[0].of(model).tokens if profiles else UNKNOWN_TOKENS).of(model)


@cache
def _tokenizers() -> _Tokenizers:
    return _Tokenizers()


def _count(texts: Texts, facts: TokenFacts) -> int:
    name = f"{facts.encoding or 'o200k'}_base"
    assert name in ENCODINGS
    tokens = _tokenizers().count(name, [text.encode() for text in texts.texts]) + texts.others
    return texts.media + (tokens if facts.encoding else math.ceil(tokens * facts.per_o200k))


def _provided(recording: Recording, name: str) -> int:
    """The tokens of the prompt that the provider reports; 0 for none."""
    dialect, origin, body = DIALECTS[name], Origin("any", "any"), recording.body()
    generation = generation_of("any", is_stream=recording.is_stream)
    if recording.is_stream:
        decoder, reader = dialect.decoder(generation, origin, is_native=False), dialect.reader()
        events = [*decoder.feed_all(reader.feed(body)), *decoder.feed_all(reader.end()), *decoder.end()]
    else:
        events = dialect.decode_reply(body, generation, origin, is_native=False)
    return next((event.prompt for event in reversed(events) if isinstance(event, Usage)), 0)
