"""Recorded plain replies, decoded for both kinds of surfaces and compared with what they say."""

import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from gateway.neutral.events import Done, NativeReply, Usage
from tests.clients.contract import check
from tests.replay.decoded import ASKED, DIALECT, ORIGIN, fold, response
from tests.replay.folding import count, fold_reply
from tests.replay.recordings import Recording, name_of, select

# What cannot hold yet, and why. A recording that holds after all fails its test, and leaves this list.
PLAIN = select(lambda recording: recording.status == 200 and not recording.is_stream)
each = pytest.mark.parametrize("recording", PLAIN, ids=name_of)


@each
def test_neutral_events_say_what_the_reply_says(recording: Recording) -> None:
    raw = json.loads(recording.body())
    events = DIALECT.decode_reply(recording.body(), ASKED, ORIGIN, is_native=False)
    assert isinstance(events[-1], Done)
    told, expected = fold(events), fold_reply(raw)
    assert {i: one.says() for i, one in told.items()} == {i: one.says() for i, one in expected.items()}


@each
@pytest.mark.parametrize("is_native", [True, False])
def test_usage_is_what_the_reply_reports(recording: Recording, is_native: bool) -> None:
    raw = json.loads(recording.body()).get("usage")
    events = DIALECT.decode_reply(recording.body(), ASKED, ORIGIN, is_native=is_native)
    found = [(e.prompt, e.completion, e.cached, e.reasoning) for e in events if isinstance(e, Usage)]
    assert found == ([count(raw)] if raw else [])


@each
def test_native_reply_keeps_everything(recording: Recording) -> None:
    raw = json.loads(recording.body())
    events = DIALECT.decode_reply(recording.body(), ASKED, ORIGIN, is_native=True)
    assert isinstance(events[0], NativeReply)
    assert isinstance(events[-1], Done)
    native = json.loads(orjson.dumps(events[0].document))
    changed = [change for change in lost(raw, native) if not _is_mended(*change)]
    assert not changed


@each
def test_response_holds_all_texts_and_calls(recording: Recording) -> None:
    events = DIALECT.decode_reply(recording.body(), ASKED, ORIGIN, is_native=False)
    output = response(events)["output"]
    expected = fold_reply(json.loads(recording.body())).values()
    parts = [part for item in output if item["type"] == "message" for part in item["content"]]
    texts = [part["text"] for part in parts if part["type"] == "output_text"]
    calls = [(item["name"], json.loads(item["arguments"])) for item in output if item["type"] == "function_call"]
    reasoning = [item for item in output if item["type"] == "reasoning"]
    thoughts = [part["text"] for item in reasoning for part in (*item["summary"], *item["content"])]
    assert "".join(texts) == "".join(told.text for told in expected)
    assert "".join(thoughts) == "".join(told.reasoning for told in expected)
    assert calls == [(call.name, call.parsed) for told in expected for call in told.calls.values()]


def lost(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Every place where `after` has not what `before` has. What was added is no loss."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            yield from lost(value, after.get(name, "absent"), f"{path}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for i in range(len(before)):
            yield from lost(before[i], after[i], f"{path}[]")
    elif before != after:
        yield path, before, after


def _is_mended(path: str, before: Any, after: Any) -> bool:
    """The changes that are on purpose, each for a spelling that OpenAI's clients do not read."""
    match path.removeprefix(".choices[]"):
        case ".finish_reason":
            return before in ("eos", None) or (before, after) == ("stop", "tool_calls")
        case ".message.content":
            return isinstance(before, list)
        case ".message.role" | ".object":
            return True
        case ".message.tool_calls[].id":
            return not before
        case ".usage.completion_tokens" | ".usage.prompt_tokens" | ".usage.total_tokens":
            # In OpenAI's meaning, with reasoning and sound; the total is their sum (facts on providers, section 0.3).
            return True
        case ".usage.prompt_tokens_details.cached_tokens" | ".usage.completion_tokens_details.reasoning_tokens":
            # Never more than what they are a part of; Grok on Azure reports more cached tokens than it has read.
            return bool(after < before)
        case _:
            return False


@each
def test_native_reply_is_what_the_contract_says(recording: Recording) -> None:
    events = DIALECT.decode_reply(recording.body(), ASKED, ORIGIN, is_native=True)
    assert isinstance(events[0], NativeReply)
    check("ChatCompletion", events[0].document)


@each
def test_response_is_what_the_contract_says(recording: Recording) -> None:
    events = DIALECT.decode_reply(recording.body(), ASKED, ORIGIN, is_native=False)
    check("Response", response(events))
