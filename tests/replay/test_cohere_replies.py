"""Recorded answers of Cohere's chat: decoded, told on both surfaces, and compared with what they say."""

import json
from typing import Any

import orjson
import pytest

from gateway.dialects.base import Origin, Refused
from gateway.dialects.cohere import COHERE
from gateway.neutral.events import Annotation, Done, Event, Failed, Reasoning, ReasoningState, Text, ToolArguments
from gateway.providers import ROWS
from tests.replay.decoded import fed
from tests.replay.folding import chunks
from tests.replay.recordings import Recording, name_of, recordings_of
from tests.replay.rendering import on_chat, on_responses, squeezed
from tests.unit.generations import generation_of

DIALECT = COHERE
FACTS = ROWS["cohere"].own
RECORDINGS = recordings_of("v2_chat")
ANSWERED = [recording for recording in RECORDINGS if recording.status == 200]
STREAMS = [recording for recording in ANSWERED if recording.is_stream]
_FINISH = {"COMPLETE": "stop", "MAX_TOKENS": "length", "TOOL_CALL": "tool_calls", "ERROR": "failed"}
_Object = dict[str, Any]


def whole(recording: Recording) -> _Object:
    """The answer as a plain one has it, put together without any of the gateway's code."""
    if not recording.is_stream:
        document: _Object = json.loads(recording.body())
        return document
    content: dict[int, _Object] = {}
    calls: dict[int, _Object] = {}
    message: _Object = {"tool_plan": ""}
    ended: _Object = {}
    for event in chunks(recording.body()):
        delta = event.get("delta", {})
        told, index = delta.get("message", {}), event.get("index", 0)
        match event["type"]:
            case "content-start":
                content[index] = dict(told["content"])
            case "content-delta":
                for name, piece in told["content"].items():
                    content[index][name] += piece
            case "tool-plan-delta":
                message["tool_plan"] += told["tool_plan"]
            case "tool-call-start":
                calls[index] = told["tool_calls"]
            case "tool-call-delta":
                calls[index]["function"]["arguments"] += told["tool_calls"]["function"]["arguments"]
            case "message-end":
                ended = delta
    message |= {"content": [content[i] for i in sorted(content)], "tool_calls": [calls[i] for i in sorted(calls)]}
    return {"message": message, **ended}


def events_of(recording: Recording, size: int = 1 << 20) -> list[Event]:
    origin = Origin("cohere", "asked/model", FACTS)
    if recording.is_stream:
        return fed(DIALECT.decoder(generation_of("m", is_stream=True), origin, is_native=False), recording.body(), size)
    return DIALECT.decode_reply(recording.body(), generation_of("m"), origin, is_native=False)


def parts(answer: _Object, kind: str) -> list[str]:
    return [part[kind] for part in answer["message"].get("content") or [] if part["type"] == kind]


def calls(answer: _Object) -> list[tuple[str, str, Any]]:
    """The calls; one that is given nothing is given an empty object."""
    return [
        (call["function"]["name"], call["id"], json.loads(call["function"]["arguments"] or "{}") or {})
        for call in answer["message"].get("tool_calls") or []
    ]


def counted(answer: _Object) -> tuple[int, int, int, int]:
    """Prompt, completion, cached and reasoning tokens; images are counted beside the text."""
    usage, tokens = answer["usage"], answer["usage"]["tokens"]
    prompt = tokens["input_tokens"] + tokens.get("image_tokens", 0)
    return prompt, tokens["output_tokens"], usage.get("cached_tokens", 0), tokens.get("reasoning_tokens", 0)


def is_broken(recording: Recording) -> bool:
    return bool(whole(recording)["finish_reason"] == "ERROR")


COMPLETE = [recording for recording in ANSWERED if not is_broken(recording)]
each = pytest.mark.parametrize("recording", COMPLETE, ids=name_of)


@each
def test_both_surfaces_say_what_was_recorded(recording: Recording) -> None:
    answer, events = whole(recording), events_of(recording)
    told = on_responses(events)
    reasoning = "".join([*parts(answer, "thinking"), answer["message"].get("tool_plan") or ""])
    assert told.says() == (
        "".join(parts(answer, "text")),
        squeezed(reasoning),
        "",
        calls(answer),
        _FINISH[answer["finish_reason"]],
        counted(answer),
    )
    assert on_chat(events).says() == told.says()
    assert told.document["usage"]["raw_usage"] == answer["usage"]


@each
def test_citations_are_told_in_their_places(recording: Recording) -> None:
    answer, events = whole(recording), events_of(recording)
    cited = [
        {
            "type": "url_citation",
            "url": source["tool_output"]["url"],
            "title": source["tool_output"]["title"],
            "start_index": citation["start"],
            "end_index": citation["end"],
        }
        for citation in answer["message"].get("citations") or []
        for source in citation["sources"]
    ]
    assert [event.annotation for event in events if isinstance(event, Annotation)] == cited
    assert on_responses(events).citations == cited
    told = on_chat(events)
    assert [entry["url_citation"]["url"] for entry in told.citations] == [entry["url"] for entry in cited]
    for entry, citation in zip(told.citations, answer["message"].get("citations") or [], strict=True):
        place = entry["url_citation"]
        assert told.text[place["start_index"] : place["end_index"]] == citation["text"]


@each
def test_reasoning_is_kept_for_its_author_to_the_letter(recording: Recording) -> None:
    answer = whole(recording)
    states = [event.state for event in events_of(recording) if isinstance(event, ReasoningState)]
    kept = [{"thinking": text} for text in parts(answer, "thinking")]
    plan = answer["message"].get("tool_plan")
    assert states == [*kept, *([{"tool_plan": plan}] if plan else [])]


@pytest.mark.parametrize("recording", [r for r in STREAMS if not is_broken(r)], ids=name_of)
def test_stream_folds_to_the_plain_answer(recording: Recording) -> None:
    answer = orjson.dumps(whole(recording))
    plain = DIALECT.decode_reply(answer, generation_of("m"), Origin("cohere", "m", FACTS), is_native=False)
    assert folded(events_of(recording)) == folded(plain)


@pytest.mark.parametrize("recording", STREAMS, ids=name_of)
@pytest.mark.parametrize("size", [1, 61])
def test_stream_is_the_same_wherever_it_was_cut(recording: Recording, size: int) -> None:
    assert str(events_of(recording, size)) == str(events_of(recording))


@pytest.mark.parametrize("recording", [r for r in ANSWERED if is_broken(r)], ids=name_of)
def test_answer_that_broke_off_is_a_failure(recording: Recording) -> None:
    *before, last = events_of(recording)
    assert isinstance(last, Failed)
    assert (last.error.status, last.error.code) == (502, "upstream_error")
    assert whole(recording)["error"] in last.error.message
    assert (
        "".join(event.text for event in before if isinstance(event, Reasoning))
        == (whole(recording)["message"]["tool_plan"])
    )


@pytest.mark.parametrize("recording", [r for r in RECORDINGS if r.status != 200], ids=name_of)
def test_refusal_of_the_key_is_the_operators_affair(recording: Recording) -> None:
    error = DIALECT.decode_error(Refused("cohere", recording.status, {}, recording.body()), FACTS)
    assert (error.status, error.code) == (502, "upstream_auth")


def folded(events: list[Event]) -> list[Event]:
    """The events with their pieces put together."""
    put: list[Any] = []
    for event in events:
        last = put[-1] if put else None
        if isinstance(event, ToolArguments) and isinstance(last, ToolArguments) and last.index == event.index:
            put[-1] = ToolArguments(event.index, last.text + event.text)
        elif isinstance(event, Text | Reasoning) and type(last) is type(event):
            put[-1] = type(event)(last.text + event.text)
        else:
            put.append(event)
    return put


@pytest.mark.usefixtures("shared")
def test_every_recording_of_coheres_chat_is_replayed() -> None:
    assert (len(COMPLETE), len(STREAMS), len(ANSWERED), len(RECORDINGS)) == (13, 5, 15, 16)
    assert all(isinstance(events_of(recording)[-1], Done) for recording in COMPLETE)
