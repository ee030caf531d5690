"""The providers that Waystone knows by name. A new one is a module with its row, and a line here."""

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

from gateway.providers.row import Row

__all__ = ["ROWS", "Row"]

# By name, so that a provider is written once: an import and an entry of this list would be two lines.
_MODULES = (
    "openai",
    "azure",
    "anthropic",
    "bedrock",
    "bedrock_mantle",
    "mistral",
    "groq",
    "deepseek",
    "xai",
    "openrouter",
    "together",
    "fireworks",
    "perplexity",
    "cerebras",
    "gemini",
    "vertex",
    "cohere",
    "zai",
    "huggingface",
    "ollama",
    "vllm",
    "lmstudio",
)
"""The modules here with a row each, in the order in which documentation and messages list them."""


def _row(module: str) -> Row:
    row: Row = import_module(f"{__name__}.{module}").ROW
    return row


ROWS: Mapping[str, Row] = MappingProxyType({row.name: row for row in map(_row, _MODULES)})
