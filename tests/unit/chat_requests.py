"""Neutral requests on their way to a chat upstream, for tests."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from tests.unit.generations import Recovered, generation_of

DIALECT = OpenAIChat()
PLAIN = ChatProfile()
RICH = ChatProfile(takes_custom_tools=True, takes_allowed_tools=True, takes_refusals=True)
Item = dict[str, Any]


def asked(*items: Item, **fields: Any) -> Generation:
    """A request with these items; `fields` are those of a Generation."""
    return generation_of(model="lab/small", items=list(items), **fields)


def encode(generation: Generation, facts: ChatProfile = PLAIN) -> tuple[dict[str, Any], list[str]]:
    """The body for the upstream, and what was left out."""
    outbound = DIALECT.encode(generation, Origin("lab", "small", facts))
    return orjson.loads(outbound.body), list(outbound.dropped)


def messages(*items: Item, facts: ChatProfile = PLAIN, **fields: Any) -> list[dict[str, Any]]:
    """The chat messages of these items."""
    body, _ = encode(asked(*items, **fields), facts)
    return body["messages"]  # type: ignore[no-any-return]


def refusal(generation: Generation, facts: ChatProfile = PLAIN) -> tuple[str | None, str | None]:
    """The field and the code of the refusal, which names the provider where the field is one that it lacks."""
    with pytest.raises(InvalidRequest) as refused:
        DIALECT.encode(generation, Origin("lab", "small", facts))
    if refused.value.code == "unsupported_parameter":
        assert "lab" in refused.value.message
    return refused.value.param, refused.value.code


def user(content: Any = "Hi") -> Item:
    return {"type": "message", "role": "user", "content": content}


def assistant(*texts: str) -> Item:
    return {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "status": "completed",
        "content": [{"type": "output_text", "text": text, "annotations": [], "logprobs": []} for text in texts],
    }


def call(call_id: str, name: str = "look", arguments: str = '{"a":1}', **more: Any) -> Item:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": arguments, **more}


def output(call_id: str, content: Any = "done") -> Item:
    return {"type": "function_call_output", "call_id": call_id, "output": content}


def custom_call(call_id: str, name: str = "patch", text: str = "free text") -> Item:
    return {"type": "custom_tool_call", "call_id": call_id, "name": name, "input": text}


def custom_output(call_id: str, content: Any = "done") -> Item:
    return {"type": "custom_tool_call_output", "call_id": call_id, "output": content}


def reasoning(state: dict[str, Any] | None = None) -> Item:
    item: Item = {"type": "reasoning", "id": "rs_1", "summary": []}
    return item if state is None else Recovered(item, state)


def roles(told: Sequence[dict[str, Any]]) -> list[str]:
    return [message["role"] for message in told]
