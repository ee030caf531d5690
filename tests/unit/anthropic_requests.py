"""Neutral requests on their way to Anthropic, for tests."""

from typing import Any

import orjson
import pytest

from gateway.dialects.anthropic import ANTHROPIC_MESSAGES
from gateway.dialects.base import Origin
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.providers.anthropic import ROW
from tests.servers.anthropic_rules import complaints
from tests.unit.generations import generation_of

DIALECT = ANTHROPIC_MESSAGES
HAIKU = "claude-haiku-4-5"
SONNET_4 = "claude-sonnet-4-0"
OPUS_46 = "claude-opus-4-6"
OPUS_48 = "claude-opus-4-8"
FABLE = "claude-fable-5"
OLD = "claude-3-opus-20240229"
Item = dict[str, Any]
_NEWEST = (OPUS_48, FABLE)


def origin(model: str = HAIKU) -> Origin:
    """Anthropic, asked for this model."""
    return Origin("anthropic", model, ROW.own.of(model))


def encode(generation: Generation, model: str = HAIKU) -> tuple[dict[str, Any], list[str]]:
    """The body for the upstream, which a strict one takes, and what was left out."""
    outbound = DIALECT.encode(generation, origin(model))
    body = orjson.loads(outbound.body)
    assert list(complaints(body, is_newest=model in _NEWEST)) == []
    return body, list(outbound.dropped)


def messages(*items: Item, model: str = HAIKU, **fields: Any) -> list[tuple[str, list[dict[str, Any]]]]:
    """The messages of these items, each with its role and blocks."""
    body, _ = encode(generation_of("m", items=list(items), **fields), model)
    return [(message["role"], message["content"]) for message in body["messages"]]


def settings(model: str = HAIKU, **fields: Any) -> dict[str, Any]:
    """What becomes of a request's fields, `dropped` among it."""
    items = [{"type": "message", "role": "user", "content": "Hi"}]
    body, dropped = encode(generation_of("m", items=items, fields=fields), model)
    for name in ("model", "messages"):
        del body[name]
    return body | ({"dropped": dropped} if dropped else {})


def refusal(generation: Generation, model: str = HAIKU) -> tuple[str | None, str | None]:
    """The field and the code of the refusal."""
    with pytest.raises(InvalidRequest) as refused:
        DIALECT.encode(generation, origin(model))
    if refused.value.code == "unsupported_parameter":
        assert "anthropic" in refused.value.message
    return refused.value.param, refused.value.code


def text(said: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": said, **more}
