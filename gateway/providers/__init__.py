"""The providers that Waystone knows by name. A new one is a row here."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.providers import (
    anthropic,
    azure,
    bedrock,
    cerebras,
    cohere,
    deepseek,
    fireworks,
    gemini,
    groq,
    huggingface,
    lmstudio,
    mistral,
    ollama,
    openai,
    openrouter,
    perplexity,
    together,
    vertex,
    vllm,
    xai,
    zai,
)
from gateway.providers.row import Row

__all__ = ["ROWS", "Row"]

_KNOWN: tuple[Row, ...] = (
    openai.ROW,
    azure.ROW,
    anthropic.ROW,
    bedrock.ROW,
    bedrock.MANTLE,
    mistral.ROW,
    groq.ROW,
    deepseek.ROW,
    xai.ROW,
    openrouter.ROW,
    together.ROW,
    fireworks.ROW,
    perplexity.ROW,
    cerebras.ROW,
    gemini.ROW,
    vertex.ROW,
    cohere.ROW,
    zai.ROW,
    huggingface.ROW,
    ollama.ROW,
    vllm.ROW,
    lmstudio.ROW,
)
ROWS: Mapping[str, Row] = MappingProxyType({row.name: row for row in _KNOWN})
