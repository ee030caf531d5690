"""The wire formats that upstreams speak, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.dialects.anthropic import AnthropicMessages
from gateway.dialects.base import Dialect
from gateway.dialects.bedrock import BedrockConverse
from gateway.dialects.cohere import Cohere
from gateway.dialects.gemini import Gemini
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.openai_responses import OpenAIResponses

__all__ = ["DIALECTS", "Dialect"]

_SPOKEN: tuple[Dialect, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    AnthropicMessages(),
    Cohere(),
    Gemini(),
    BedrockConverse(),
)
DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in _SPOKEN})
