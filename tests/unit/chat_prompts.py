"""Chat bodies read into prompts, for tests."""

import copy
from typing import Any

import pytest

from gateway.errors import InvalidRequest
from gateway.neutral.items import Message, Position, ToolOutput
from gateway.neutral.parts import (
    TextPart,
)
from gateway.neutral.prompt import Prompt
from gateway.surfaces.openai_chat.request.prompt import read_prompt

URL = "data:image/png;base64,iVBORw0KGgo="
SOUND: dict[str, Any] = {"data": "UklGRg==", "format": "wav"}
MARK: dict[str, Any] = {"type": "ephemeral"}
HOUR: dict[str, Any] = {"type": "ephemeral", "ttl": "1h"}
CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
CUSTOM = {"id": "call_2", "type": "custom", "custom": {"name": "run", "input": "ls -l"}}
USER = {"role": "user", "content": "Hi"}


def read(*messages: Any, **fields: Any) -> Prompt:
    """The prompt of a body, which is as it was before."""
    body: Any = {"model": "small", "messages": list(messages), **fields}
    before = copy.deepcopy(body)
    prompt = read_prompt(body)
    assert body == before
    return prompt


def user(*parts: Any) -> dict[str, Any]:
    return {"role": "user", "content": list(parts)}


def refused(*messages: Any, **fields: Any) -> InvalidRequest:
    with pytest.raises(InvalidRequest) as caught:
        read(*messages, **fields)
    assert (caught.value.code, caught.value.status) == ("invalid_value", 400)
    return caught.value


def said(role: Any, index: int, text: str) -> Message:
    """A message that is one text, all messages before which are one item each."""
    path = f"messages[{index}]"
    return Message(role, [TextPart(text, f"{path}.content")], Position(index, path))


def listed(items: Any) -> list[Any]:
    """The items with contents that compare by what is in them, be they lists or tuples."""
    return [
        (type(item), item.position, list(item.content)) if isinstance(item, Message | ToolOutput) else item
        for item in items
    ]


def sealed(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "reasoning.encrypted", "data": f"waystone.1.{name}", "format": "waystone-v1", **more}
