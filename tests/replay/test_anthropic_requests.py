"""Recorded requests for messages, read back as what a client asked for, and written again."""

import json
from typing import Any

import pytest

from tests.replay.anthropic_requests import generation_of, normal
from tests.replay.messages import DIALECT, ELSEWHERE, RECORDINGS, REFUSED, origin_of
from tests.replay.recordings import Recording, name_of

REQUESTS = [recording for recording in (*RECORDINGS, *ELSEWHERE) if recording not in REFUSED]

# Blocks for which neither of OpenAI's APIs has a form, by the start of a recording's path. A text stands in for them
# here; everything else of the request is compared.
WITHOUT_FORM = {
    "anthropic/011": ("container_upload", "a file in Anthropic's own store, put into a container: it has no form"),
    "anthropic/012": ("container_upload", "the same, one turn later"),
    "anthropic/015": ("tool_reference", "the output of a search for tools that the client runs: it has no form"),
    "anthropic/058": ("tool_addition", "a tool offered in mid-conversation by a system message: it has no form"),
}


@pytest.mark.parametrize("recording", REQUESTS, ids=name_of)
def test_request_is_written_as_it_was_recorded(recording: Recording) -> None:
    content = recording.content()
    missing, _ = WITHOUT_FORM.get(recording.path[: recording.path.index("-")], ("", ""))
    recorded = replaced(content["request_body"], missing)
    generation = generation_of(recorded, is_stream=bool(recorded.get("stream")))
    outbound = DIALECT.encode(generation, origin_of(content["model"]))
    assert normal(json.loads(outbound.body)) == normal(recorded)
    assert outbound.dropped == []
    assert outbound.headers == {"anthropic-version": "2023-06-01"}


def replaced(value: Any, kind: str) -> Any:
    """A document with a text in the place of every block of this kind."""
    match value:
        case {"type": str() as found} if found == kind:
            more = {"cache_control": value["cache_control"]} if "cache_control" in value else {}
            return {"type": "text", "text": f"A block of type {kind}.", **more}
        case dict():
            return {name: replaced(inner, kind) for name, inner in value.items()}
        case list():
            return [replaced(inner, kind) for inner in value]
        case _:
            return value


@pytest.mark.parametrize("start", WITHOUT_FORM)
def test_exceptions_are_still_needed(start: str) -> None:
    found = [recording for recording in REQUESTS if recording.path.startswith(start)]
    if not found:
        pytest.skip("the recordings are not here")
    with pytest.raises(NotImplementedError):
        generation_of(found[0].content()["request_body"])
