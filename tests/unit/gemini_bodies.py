"""Builds requests to Gemini as tests want to read them."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.gemini import GEMINI
from gateway.errors import InvalidRequest
from gateway.providers import gemini
from gateway.providers.row import Row
from tests.unit.generations import generation_of

DIALECT = GEMINI
NEW, MIDDLE, OLD = "gemini-3-flash-preview", "gemini-2.5-flash", "gemini-2.0-flash"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "name": "weather", "description": "Tells it.", "parameters": SCHEMA, "strict": False}
HI = {"type": "message", "role": "user", "content": "Hi"}


def sent(model: str = NEW, row: Row = gemini.ROW, **given: Any) -> Outbound:
    generation = generation_of("m", **{"items": [HI], **given})
    return DIALECT.encode(generation, Origin(row.name, model, row.own.of(model)))


def body(model: str = NEW, row: Row = gemini.ROW, **given: Any) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(sent(model, row, **given).body)
    return document


def config(model: str = NEW, **fields: Any) -> dict[str, Any]:
    told: dict[str, Any] = body(model, fields=fields).get("generationConfig", {})
    return told


def contents(*items: dict[str, Any], model: str = NEW) -> list[Any]:
    told: list[Any] = body(model, items=list(items))["contents"]
    return told


def refused(**given: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        sent(**given)
    return caught.value


def call(call_id: str, name: str = "weather", arguments: str = "{}") -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments}


def output(call_id: str, text: Any) -> dict[str, Any]:
    return {"type": "function_call_output", "call_id": call_id, "output": text}
