"""Neutral requests on their way to Cohere, each held against what Cohere takes, for tests."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.cohere import COHERE
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.servers.cohere_rules import complaints
from tests.unit.generations import translated

DIALECT = COHERE
FACTS = ROWS["cohere"].own
MODEL = "command-a-plus-05-2026"
URL = "data:image/png;base64,iVBORw0KGgo="
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at":1}'}}
OUTPUT = {"role": "tool", "tool_call_id": "call_1", "content": "A hill."}
Message = dict[str, Any]


def origin(model: str = MODEL) -> Origin:
    return Origin("cohere", model, FACTS.of(model))


def tool(name: str = "look", **more: Any) -> dict[str, Any]:
    parameters = {"type": "object", "properties": {"at": {"type": "integer"}}, "required": ["at"]}
    return {"type": "function", "function": {"name": name, "parameters": parameters, **more}}


def asked(*messages: Message, **fields: Any) -> Generation:
    """A chat client's request, translated."""
    said = list(messages) or [{"role": "user", "content": "Hi"}]
    return translated(OpenAIChatSurface(), {"model": "cohere/x", "messages": said, **fields}, "cohere")


def encode(generation: Generation, model: str = MODEL) -> tuple[dict[str, Any], list[str]]:
    """The body for Cohere, which has nothing against it, and what was left out."""
    outbound = DIALECT.encode(generation, origin(model))
    body = orjson.loads(outbound.body)
    assert outbound.path == "/v2/chat"
    assert list(complaints(body)) == []
    return body, list(outbound.dropped)


def body(*messages: Message, model: str = MODEL, **fields: Any) -> dict[str, Any]:
    return encode(asked(*messages, **fields), model)[0]


def dropped(*messages: Message, model: str = MODEL, **fields: Any) -> list[str]:
    return encode(asked(*messages, **fields), model)[1]


def refusal(*messages: Message, model: str = MODEL, **fields: Any) -> str | None:
    """The field of the refusal, which names the provider."""
    with pytest.raises(InvalidRequest) as refused:
        DIALECT.encode(asked(*messages, **fields), origin(model))
    assert refused.value.code == "unsupported_parameter"
    assert "cohere" in refused.value.message
    return refused.value.param
