"""Recorded chat requests, read by their surface and sent on to their own providers: they ask for the same."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import require_translatable
from gateway.errors import InvalidRequest
from gateway.neutral.generation import Generation
from gateway.providers import ROWS, compatible
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.replay.decoded import DIALECT
from tests.replay.recordings import Recording, name_of, select
from tests.replay.requests import meaning

REQUESTS = select(lambda recording: recording.status == 200 and recording.content()["request_body"] is not None)
SURFACE = OpenAIChatSurface()
# Providers under whose rows a recording's own goes.
ROW_OF = {"gpustack_vllm": "vllm", "huggingface_router": "huggingface", "openrouter_via_openai_sdk": "openrouter"}
each = pytest.mark.parametrize("recording", REQUESTS, ids=name_of)

# By the start of a recording's path: fields of the request that are not as they were, and why.
_SHOWS_NONE = ({"tools", "tool_choice"}, "no tool may be called, so none is shown: its answers are garbled otherwise")
_NO_SEAL = ({"messages"}, "the reasoning has no seal: it is anybody's, and goes to nobody (decision 0009)")
NATIVE: dict[str, tuple[set[str], str]] = {"mistral/006": _SHOWS_NONE}
NEUTRAL: dict[str, tuple[set[str], str]] = {
    "mistral/006": _SHOWS_NONE,
    **dict.fromkeys(("cerebras/001", "ollama/002", "ollama/006", "openrouter/003", "openrouter/018"), _NO_SEAL),
    "ollama/004": ({"messages"}, "as before, and an image that a tool gave is shown in a message of the user's"),
    "openrouter_via_openai_sdk/004": ({"messages"}, "an assistant's message without a word is left out"),
    "zai/001": _NO_SEAL,
}
# By the start of a recording's path: what is refused where it has to be translated, and why.
UNTRANSLATED = {
    "huggingface_router/003": ("tool_choice", "a choice without a type is nobody's but that server's"),
    "mistral/012": ("messages[1].content[0]", "thoughts among the texts are Mistral's own form"),
    "mistral/013": ("messages[4].content[0]", "documents in a tool's message are Mistral's own form"),
    "openrouter/021": ("tools[0].type", "the tool is one that only OpenRouter runs"),
}


def facts_of(recording: Recording, model: str) -> ChatProfile:
    """What is known of the provider and the model of a recording; of what has no row of its own, nothing is."""
    row = ROWS.get(ROW_OF.get(recording.provider, recording.provider))
    return row.profile(ChatProfile).of(model) if row and "openai-chat" in row.dialects else compatible.PROFILE


def sent(recording: Recording, *, is_native: bool) -> dict[str, Any]:
    body = recording.content()["request_body"]
    generation: Generation = SURFACE.read(orjson.loads(orjson.dumps(body)))
    origin = Origin(recording.provider, body["model"], facts_of(recording, body["model"]))
    if not is_native:
        require_translatable(generation.prompt, recording.provider)
        generation = replace(generation, dialect=None)
    return orjson.loads(DIALECT.encode(generation, origin).body)  # type: ignore[no-any-return]


def key(recording: Recording) -> str:
    return recording.path[: recording.path.index("-")]


def changed(recording: Recording, *, is_native: bool) -> set[str]:
    before, after = meaning(recording.content()["request_body"]), meaning(sent(recording, is_native=is_native))
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@each
def test_request_goes_on_as_it_was_recorded(recording: Recording) -> None:
    expected, _ = NATIVE.get(key(recording), (set(), ""))
    assert changed(recording, is_native=True) == expected


@each
def test_request_is_the_same_when_it_was_translated(recording: Recording) -> None:
    if key(recording) in UNTRANSLATED:
        with pytest.raises(InvalidRequest) as refused:
            sent(recording, is_native=False)
        assert refused.value.param == UNTRANSLATED[key(recording)][0]
        return
    expected, _ = NEUTRAL.get(key(recording), (set(), ""))
    assert changed(recording, is_native=False) == expected


@pytest.mark.usefixtures("shared")
def test_every_exception_is_a_recording() -> None:
    assert {*NATIVE, *NEUTRAL, *UNTRANSLATED} <= {key(recording) for recording in REQUESTS}
    assert len(REQUESTS) == 112
