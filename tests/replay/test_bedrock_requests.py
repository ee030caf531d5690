"""Recorded Converse requests, asked for again by a client of the Responses API: Bedrock is told the same."""

from typing import Any
from urllib.parse import unquote

import orjson
import pytest

from gateway.dialects.base import Origin, Outbound
from gateway.dialects.bedrock import BEDROCK_CONVERSE
from gateway.dialects.report import require_translatable
from gateway.neutral.generation import Generation
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from tests.replay import bedrock
from tests.replay.bedrock_requests import as_chat, as_responses, meaning
from tests.replay.recordings import Recording, name_of
from tests.unit.generations import Recovered, with_states

DIALECT = BEDROCK_CONVERSE
each = pytest.mark.parametrize("recording", bedrock.RECORDINGS, ids=name_of)

# By the start of a recording's path: fields of the request that are not as they were, and why.
_GUARDED = ({"messages"}, "a text that only guardrails read as theirs (guardContent) has no word in OpenAI's APIs")
_UNSAID = "the Responses API has no place for Bedrock's own fields, so the guardrail is left out, and said"
_APART = ({"messages"}, "a document is no longer beside an output: Claude refuses that (facts, section 7)")
RESPONSES: dict[str, tuple[set[str], str]] = {
    "bedrock/015": ({"messages", "guardrailConfig"}, _UNSAID),
    "bedrock/033": ({"messages", "guardrailConfig"}, _UNSAID),
    "bedrock/021": _APART,
}
CHAT: dict[str, tuple[set[str], str]] = {
    "bedrock/011": ({"messages"}, "chat has no place for sealed reasoning"),
    "bedrock/015": _GUARDED,
    "bedrock/021": _APART,
    "bedrock/024": ({"messages"}, "chat's files have no word for wanted citations"),
    "bedrock/033": _GUARDED,
}
DIFFERENT = {"responses": RESPONSES, "chat": CHAT}
# Of these, something is said to have been left out.
SAID = {"bedrock/015", "bedrock/033", "bedrock/024"}


def asked_again(recording: Recording, surface: str) -> Outbound:
    content = recording.content()
    model = unquote(content["url_path"].split("/")[2])
    read = as_responses if surface == "responses" else as_chat
    body = orjson.loads(orjson.dumps({**read(content["request_body"], model), "stream": recording.is_stream}))
    spoken = OpenAIResponsesSurface() if surface == "responses" else OpenAIChatSurface()
    generation: Generation = spoken.read(body)
    require_translatable(generation.prompt, "bedrock")
    items: list[dict[str, Any]] = [
        Recovered(item, {"reasoningContent": item["state"]}) if "state" in item else item
        for item in body.get("input", ())
    ]
    generation = with_states(generation, items)
    return DIALECT.encode(generation, Origin("bedrock", model, ROWS["bedrock"].own.of(model)))


@each
@pytest.mark.parametrize("surface", ["responses", "chat"])
def test_request_means_what_was_recorded(recording: Recording, surface: str) -> None:
    key = recording.path[: recording.path.index("-")]
    outbound = asked_again(recording, surface)
    recorded, sent = meaning(recording.content()["request_body"]), meaning(orjson.loads(outbound.body))
    found = {name for name in recorded.keys() | sent.keys() if recorded.get(name) != sent.get(name)}
    expected, _ = DIFFERENT[surface].get(key, (set(), ""))
    assert found == expected, {name: (recorded.get(name), sent.get(name)) for name in found - expected}
    assert not outbound.dropped or key in SAID


@each
def test_model_is_one_segment_of_the_path(recording: Recording) -> None:
    outbound, recorded = asked_again(recording, "chat"), recording.content()["url_path"]
    if recording.is_stream == recorded.endswith("-stream"):
        assert unquote(outbound.path) == unquote(recorded)
    assert outbound.path.count("/") == 3
    assert ":" not in outbound.path
