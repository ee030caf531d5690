"""The providers that Waystone knows by name. A new one is a row here."""

from collections.abc import Mapping
from types import MappingProxyType

from gateway.providers import openai
from gateway.providers.row import Facts, Row

__all__ = ["ROWS", "Facts", "Row"]

ROWS: Mapping[str, Row] = MappingProxyType({row.name: row for row in (openai.ROW,)})
