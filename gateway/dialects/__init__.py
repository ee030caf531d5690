"""The wire formats that upstreams speak, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.dialects.anthropic import ANTHROPIC_MESSAGES
from gateway.dialects.base import Dialect
from gateway.dialects.bedrock import BEDROCK_CONVERSE
from gateway.dialects.cohere import COHERE
from gateway.dialects.gemini import GEMINI
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.openai_responses import OpenAIResponses

__all__ = ["DIALECTS", "Dialect"]

_SPOKEN: tuple[Dialect, ...] = (
    OpenAIChat(),
    OpenAIResponses(),
    ANTHROPIC_MESSAGES,
    COHERE,
    GEMINI,
    BEDROCK_CONVERSE,
)
DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in _SPOKEN})
