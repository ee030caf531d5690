"""Recorded requests to Cohere, read as a chat client would have sent them, and encoded again."""

import json
from typing import Any

import pytest

from gateway.dialects.base import Origin
from gateway.dialects.cohere import COHERE
from gateway.dialects.report import require_translatable
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.replay.recordings import Recording, name_of, recordings_of
from tests.servers.cohere_rules import complaints

REQUESTS = [recording for recording in recordings_of("v2_chat") if recording.content()["request_body"]]
CHOICES = {"REQUIRED": "required", "NONE": "none"}
# A document in the output of a tool, which neither chat nor the Responses API has: its data is told as a text.
DOCUMENTS = "cohere/005-v2-chat-chat-citations-with-cohere-command-a-plus-05-2026-cites-tool-results-returned-as.json"
_Object = dict[str, Any]


def as_chat(body: _Object) -> _Object:
    """The request as a client of chat would have sent it."""
    asked = {**body, "messages": [_message(message) for message in body["messages"]]}
    if "tool_choice" in asked:
        asked["tool_choice"] = CHOICES[asked["tool_choice"]]
    match asked.get("response_format"):
        case {"json_schema": schema}:
            asked["response_format"] = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    return asked


def _message(message: _Object) -> _Object:
    content = message.get("content")
    if not isinstance(content, list):
        return message
    return {**message, "content": [_part(part) for part in content]}


def _part(part: _Object) -> _Object:
    if part["type"] == "document":
        return {"type": "text", "text": json.dumps(part["document"]["data"])}
    return part


def equivalent(body: _Object) -> _Object:
    """The request without what makes no difference: one text alone is a text, and an empty one says nothing."""
    return {"stream": False, **body, "messages": [_simple(message) for message in body["messages"]]}


def _simple(message: _Object) -> _Object:
    content = message.get("content")
    if isinstance(content, list):
        content = [part for part in map(_part, content) if part.get("text", "…")]
        content = content[0]["text"] if len(content) == 1 and content[0]["type"] == "text" else content
    return {**{name: value for name, value in message.items() if name != "content"}, **_said(content)}


def _said(content: Any) -> _Object:
    return {"content": content} if content else {}


@pytest.mark.parametrize("recording", REQUESTS, ids=name_of)
def test_request_is_encoded_as_it_was_recorded(recording: Recording) -> None:
    recorded = recording.content()["request_body"]
    assert any("document" in str(message) for message in recorded["messages"]) == (recording.path == DOCUMENTS)
    asked: Any = as_chat(recorded)
    generation = OpenAIChatSurface().read(asked)
    require_translatable(generation.prompt, "cohere")
    origin = Origin("cohere", recorded["model"], ROWS["cohere"].own.of(recorded["model"]))
    outbound = COHERE.encode(generation, origin)
    body = json.loads(outbound.body)
    assert equivalent(body) == equivalent(recorded)
    assert list(complaints(body)) == []
    assert list(outbound.dropped) == []


@pytest.mark.usefixtures("shared")
def test_every_request_is_read() -> None:
    assert len(REQUESTS) == 12
