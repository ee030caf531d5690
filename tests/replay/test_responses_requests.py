"""Recorded requests and refusals of Responses upstreams."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin, Refused
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.neutral.settings import Settings
from gateway.providers import ROWS
from gateway.providers.compatible import PROFILE
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.responses.request.prompt import typed_items
from tests.replay.recordings import Recording, name_of
from tests.replay.responses import DIALECT, RECORDINGS, REFUSED

REQUESTS = [recording for recording in RECORDINGS if recording.content()["request_body"]]
# The gateway's own: its state, and what an upstream must not keep. No recording names a provider.
OURS = ("previous_response_id", "conversation", "store", "model")

# By the start of a recording's path: status, type, code and param for the client.
TRANSLATED = {
    "deepseek/020": (400, "invalid_request_error", "invalid_request_error", None),
    "openai/084": (400, "invalid_request_error", "context_length_exceeded", "input"),
    "openai/086": (400, "invalid_request_error", "unsupported_file", "input"),
    "openai/087": (400, "invalid_request_error", "invalid_value", "input[4].content[0].file_data"),
    "openai/088": (400, "invalid_request_error", "decimal_below_min_value", "temperature"),
    "openai/089": (400, "invalid_request_error", None, "input"),
    "xai/014": (502, "upstream_error", "upstream_auth", None),
}


def facts_of(recording: Recording, model: str) -> ResponsesProfile:
    """What is known of the provider and the model of a recording; of what has no row for this dialect, nothing is."""
    row = ROWS.get(recording.provider)
    return (
        row.profile(ResponsesProfile).of(model)
        if row and DIALECT.name in row.dialects
        else ResponsesProfile.over(PROFILE)
    )


@pytest.mark.parametrize("recording", REQUESTS, ids=name_of)
def test_request_reaches_the_upstream_as_it_was_recorded(recording: Recording) -> None:
    recorded = recording.content()["request_body"]
    generation = OpenAIResponsesSurface().read(orjson.loads(orjson.dumps(recorded)))
    outbound = DIALECT.encode(generation, Origin("upstream", "asked"))
    sent = orjson.loads(outbound.body)
    assert (sent.pop("model"), sent.pop("store")) == ("asked", False)
    expected = {name: value for name, value in recorded.items() if name not in OURS}
    assert [*sent] == [*expected]
    assert _typed(sent) == _typed(expected)
    assert outbound.dropped == []


@pytest.mark.parametrize("recording", REQUESTS, ids=name_of)
def test_recorded_request_without_a_native_body_keeps_what_has_a_name_here(recording: Recording) -> None:
    recorded = recording.content()["request_body"]
    if recorded.get("prompt") or recorded.get("context_management"):
        pytest.skip("it means something to the Responses API only")
    generation = OpenAIResponsesSurface().read(orjson.loads(orjson.dumps(recorded)))
    prompt = replace(generation.prompt, settings=Settings(), output_format=None)
    neutral = replace(generation.with_prompt(prompt), dialect=None)
    sent = orjson.loads(DIALECT.encode(neutral, Origin("upstream", "asked")).body)
    items: list[Any] = typed_items(recorded["input"])
    offered = [recorded, *(item for item in items if item["type"] == "additional_tools")]
    told = [item for item in items if item["type"] not in ("reasoning", "additional_tools")]
    assert [_said(item) for item in sent["input"]] == [_said(item) for item in told]
    named = {tool.get("name") for one in offered for tool in one.get("tools", [])}
    assert {tool.get("name") for tool in sent.get("tools", [])} == named


def _said(item: dict[str, Any]) -> dict[str, Any]:
    """What another author's item says here: nothing of how that author knew it, and texts in parts."""
    if item["type"] not in ("message", "function_call", "function_call_output"):
        return item
    said = {name: value for name, value in item.items() if name not in ("id", "status", "phase")}
    return said | {name: _parts(said[name], item.get("role")) for name in ("content", "output") if name in said}


def _parts(content: Any, role: str | None) -> list[dict[str, Any]]:
    kind = "output_text" if role == "assistant" else "input_text"
    parts = [{"type": kind, "text": content}] if isinstance(content, str) else content
    return [{name: value for name, value in part.items() if name != "annotations"} for part in parts]


@pytest.mark.parametrize("recording", REFUSED, ids=name_of)
def test_refusal_keeps_its_meaning(recording: Recording) -> None:
    headers = recording.content()["response_headers"]
    facts = facts_of(recording, "asked")
    error = DIALECT.decode_error(Refused("upstream", recording.status, headers, recording.body()), facts)
    expected = TRANSLATED[recording.path[: recording.path.index("-")]]
    assert (error.status, error.type, error.code, error.param) == expected
    assert error.message.startswith("upstream")


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    """The body with the type of each item, which clients leave out of messages, and its text as one."""
    given = body["input"]
    if not isinstance(given, list):
        return body
    return {**body, "input": [{"type": "message", **item} for item in given]}


@pytest.mark.parametrize("recording", [r for r in REQUESTS if r.status == 200], ids=name_of)
def test_request_is_fitted_to_its_own_provider(recording: Recording) -> None:
    recorded = recording.content()["request_body"]
    generation = OpenAIResponsesSurface().read(orjson.loads(orjson.dumps(recorded)))
    origin = Origin(recording.provider, recorded["model"], facts_of(recording, recorded["model"]))
    outbound = DIALECT.encode(generation, origin)
    sent = orjson.loads(outbound.body)
    expected = {name: value for name, value in recorded.items() if name not in OURS}
    changed = {n for n in sent.keys() | expected.keys() if n not in OURS and sent.get(n) != expected.get(n)}
    if sent["input"] != expected["input"] and _typed(sent)["input"] == _typed(expected)["input"]:
        changed.remove("input")
    assert changed == set()
    assert list(outbound.dropped) == []
