"""What tools show beside texts: it is put where OpenAI's chat takes it, and it is clear whose it is."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat import OpenAIChat
from gateway.dialects.openai_chat.messages import with_text_outputs
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import ROWS
from gateway.providers.compatible import PROFILE
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.unit.generations import translated

_Message = dict[str, Any]
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
TEXT = {"type": "text", "text": "A hill."}
BELOW = "The output is in the message that follows."


def tool(call_id: str, content: Any) -> _Message:
    return {"role": "tool", "tool_call_id": call_id, "content": content}


def called(*call_ids: str) -> _Message:
    function = {"name": "look", "arguments": "{}"}
    calls = [{"id": call_id, "type": "function", "function": function} for call_id in call_ids]
    return {"role": "assistant", "content": None, "tool_calls": calls}


def sent(facts: ChatProfile, *messages: _Message, is_native: bool = True) -> list[_Message]:
    surface = OpenAIChatSurface()
    request: Any = {"model": "m", "messages": list(messages)}
    generation = surface.read(request) if is_native else translated(surface, request, "test")
    body = orjson.loads(OpenAIChat().encode(generation, Origin("test", "m", facts)).body)
    found: list[_Message] = body["messages"]
    return found


def test_image_of_a_lone_call_follows_its_text() -> None:
    told = with_text_outputs([called("a"), tool("a", [TEXT, IMAGE]), {"role": "user", "content": "So?"}])
    assert told[1:] == [tool("a", "A hill."), {"role": "user", "content": [IMAGE]}, {"role": "user", "content": "So?"}]


def test_image_without_a_text_is_announced() -> None:
    assert with_text_outputs([called("a"), tool("a", [IMAGE])])[1] == tool("a", BELOW)


def test_image_of_one_of_several_calls_says_whose_it_is() -> None:
    told = with_text_outputs([called("a", "b"), tool("a", "None."), tool("b", [TEXT, IMAGE])])
    caption = {"type": "text", "text": "Output of b:"}
    assert told[1:] == [tool("a", "None."), tool("b", "A hill."), {"role": "user", "content": [caption, IMAGE]}]


def test_marked_texts_stay_a_list() -> None:
    marked = {**TEXT, "cache_control": {"type": "ephemeral"}}
    assert with_text_outputs([called("a"), tool("a", [marked, IMAGE])])[1] == tool("a", [marked])


@pytest.mark.parametrize("content", ["x", [TEXT], [TEXT, TEXT], [], ["x", IMAGE], None])
def test_messages_with_nothing_else_are_left_as_they_are(content: Any) -> None:
    messages = [called("a"), tool("a", content), {"role": "user", "content": [IMAGE]}]
    assert with_text_outputs(messages) is messages


@pytest.mark.parametrize("is_native", [False, True])
def test_openai_is_shown_them_below_the_outputs(is_native: bool) -> None:
    asked = ({"role": "user", "content": "Look."}, called("a"), tool("a", [TEXT, IMAGE]))
    found = sent(ROWS["openai"].profile(ChatProfile), *asked, is_native=is_native)
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "user"]
    assert found[2]["content"] == "A hill."


def test_a_server_that_nobody_knows_gets_them_as_they_came() -> None:
    """Ollama takes them so (recording ollama/004)."""
    asked = ({"role": "user", "content": "Look."}, called("a"), tool("a", [TEXT, IMAGE]))
    assert sent(PROFILE, *asked) == list(asked)
