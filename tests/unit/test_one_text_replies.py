"""A reply that is one text is read at a glance: the same events as with an empty text more, which is read whole."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from tests.unit.generations import generation_of

DOG = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
PLAIN = generation_of("m")
FORMED = generation_of("m", fields={"response_format": {"type": "json_schema", "json_schema": {"schema": DOG}}})
CITATION = {"type": "char_location", "cited_text": "H", "document_index": 0, "start_char_index": 0, "end_char_index": 1}


def anthropic(content: Any, reason: Any, **more: Any) -> dict[str, Any]:
    usage = {"input_tokens": 3, "output_tokens": 2, "service_tier": "priority"}
    return {"type": "message", "model": "claude", "content": content, "stop_reason": reason, "usage": usage, **more}


def bedrock(content: Any, reason: Any, **more: Any) -> dict[str, Any]:
    usage = {"inputTokens": 3, "outputTokens": 2}
    return {"output": {"message": {"content": content}}, "stopReason": reason, "usage": usage, **more}


REPLIES: dict[str, tuple[Callable[..., dict[str, Any]], dict[str, Any]]] = {
    "anthropic-messages": (anthropic, {"type": "text", "text": ""}),
    "bedrock-converse": (bedrock, {"text": ""}),
}
REASONS = [
    *("end_turn", "stop_sequence", "max_tokens", "tool_use", "refusal", "content_filtered", "malformed_tool_use"),
    *("model_context_window_exceeded", "new", "", None, 5),
]
MORE: list[dict[str, Any]] = [
    {},
    {"stop_details": {"explanation": "No."}, "serviceTier": {"type": "priority"}, "container": {"id": "c"}},
]
BLOCKS: list[dict[str, Any]] = [
    {"text": "Hi."},
    {"text": " "},
    {"text": '{"name":"Rex"}'},
    {"text": ""},
    {"text": None},
]


@pytest.mark.parametrize("generation", [PLAIN, FORMED], ids=["plain", "formed"])
@pytest.mark.parametrize("block", [*BLOCKS, {"text": "Hi.", "citations": [CITATION]}, {"text": "Hi.", "citations": []}])
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("dialect", REPLIES)
def test_one_text_is_read_as_it_is_among_others(dialect: str, reason: Any, block: Any, generation: Any) -> None:
    write, nothing = REPLIES[dialect]
    spoken = DIALECTS[dialect]
    origin = Origin("lab", "m", spoken.profile_type())

    def read(*blocks: Any, **more: Any) -> str:
        body = orjson.dumps(write([{**nothing, **one} for one in blocks], reason, **more))
        return repr(spoken.decode_reply(body, generation, origin, is_native=False))

    for more in MORE:
        assert read(block, **more) == read(block, {}, **more)
