"""The wire formats that upstreams speak, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.dialects.base import Dialect
from gateway.dialects.openai_chat import OpenAIChat

__all__ = ["DIALECTS", "Dialect"]

DIALECTS: Mapping[str, Dialect] = MappingProxyType({dialect.name: dialect for dialect in (OpenAIChat(),)})
