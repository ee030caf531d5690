"""Chunks that arrived together are read as they are one by one: the same bytes leave, the same errors are found."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import patch

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.fast_path import ChunkTemplate
from gateway.dialects.openai_chat.native import NativeDecoder
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.neutral.events import Event, Failed, NativeChunk, text_bytes
from gateway.wire.sse import BETWEEN

BEFORE = b'{"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":'
AFTER = b'},"logprobs":null,"finish_reason":null}]}'
FIRST = BEFORE + b'"Good day"' + AFTER
END = FIRST.replace(b'{"content":"Good day"}', b"{}").replace(b'"finish_reason":null', b'"finish_reason":"stop"')


def chunk(written: bytes) -> bytes:
    """A chunk with this in the place of its text, JSON or not."""
    return BEFORE + written + AFTER


def payloads(events: Sequence[Event]) -> list[bytes]:
    """What leaves, chunk by chunk; of a failure its words."""
    found: list[bytes] = []
    for event in events:
        if isinstance(event, NativeChunk):
            found += event.payload.split(BETWEEN)
        elif isinstance(event, Failed):
            found.append(event.error.message.encode())
        else:
            found.append(repr(event).encode())
    return found


def one_by_one(given: Sequence[bytes]) -> tuple[list[bytes], bool]:
    decoder = NativeDecoder(Origin("p", "m"), include_usage=False)
    events = [event for payload in given for event in decoder.feed(payload)]
    return payloads(events), decoder.is_over


def together(given: Sequence[bytes]) -> tuple[list[bytes], bool, int]:
    decoder = NativeDecoder(Origin("p", "m"), include_usage=False)
    events = decoder.feed_all(given)
    return payloads(events), decoder.is_over, len(events)


def test_a_run_of_texts_leaves_as_one() -> None:
    given = [FIRST, *(chunk(orjson.dumps(text)) for text in ("a", "", "\n", "é", '"', "\\")), END, b"[DONE]"]

    found, is_over, events = together(given)

    assert (found, is_over) == one_by_one(given)
    # The first, the run, the last, and the end.
    assert (events, is_over) == (4, True)


WRITTEN = st.one_of(
    st.text(max_size=5).map(orjson.dumps),
    st.sampled_from([b'"', b'"\\"', b'","x"', b'"a","b"', b'"a" ', b"null", b"5", b"", b'"\n"', b"{}", b'"a",\n"b"']),
)


@settings(max_examples=200)
@given(
    written=st.lists(WRITTEN, max_size=8),
    others=st.lists(st.tuples(st.integers(0, 9), st.sampled_from([END, b"[DONE]", b"oops", FIRST, b"{}"])), max_size=2),
)
def test_whatever_arrives_together_is_read_as_it_is_one_by_one(
    written: list[bytes], others: list[tuple[int, bytes]]
) -> None:
    given = [FIRST, *map(chunk, written)]
    for place, other in others:
        given.insert(place, other)

    found, is_over, _ = together(given)

    assert (found, is_over) == one_by_one(given)


FIELDS = ("content", "reasoning_content", "refusal")


@given(st.lists(st.tuples(st.sampled_from(FIELDS), st.text(max_size=9)), max_size=8), st.booleans())
def test_bytes_of_texts_are_counted_whatever_leaves_unread(pieces: list[tuple[str, str]], at_once: bool) -> None:
    first = orjson.loads(FIRST)
    given = []
    for name, text in pieces:
        first["choices"][0]["delta"] = {name: text}
        given.append(orjson.dumps(first))
    decoder = NativeDecoder(Origin("p", "m"), include_usage=False)
    batches = [given] if at_once else [[payload] for payload in given]

    sizes = [text_bytes(decoder.feed_all(batch)) for batch in batches]

    assert sum(sizes) == sum(len(text.encode()) for _, text in pieces)


def test_bytes_of_a_call_are_those_of_its_arguments() -> None:
    call = orjson.loads(FIRST)
    decoder = NativeDecoder(Origin("p", "m"), include_usage=False)
    function = {"name": "look", "arguments": '{"a":'}
    call["choices"][0]["delta"] = {
        "role": "assistant",
        "tool_calls": [{"index": 0, "id": "1", "type": "function", "function": function}],
    }
    size = text_bytes(decoder.feed(orjson.dumps(call)))
    for piece in ("1", "2}"):
        call["choices"][0]["delta"] = {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        size += text_bytes(decoder.feed(orjson.dumps(call)))
    assert size == len('{"a":12}')


@pytest.mark.parametrize(
    "written", [[b'"\\"', b'","x"'], [b'"', b'"', b'"x","y"'], [b'"a","b"', b'"'], [b"1", b"2"], [b'"a"', b'"b']]
)
def test_pieces_that_are_texts_only_together_are_none(written: list[bytes]) -> None:
    given = [FIRST, *map(chunk, written)]
    assert together(given)[:2] == one_by_one(given)


ROLES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"role": st.sampled_from(["assistant", "model", None])},
    optional={
        "content": st.sampled_from(["", None, "x", "<think>"]),
        "refusal": st.none(),
        "reasoning": st.sampled_from(["", "x"]),
        "tool_calls": st.just([]),
    },
)
DELTAS = st.one_of(
    st.sampled_from(["", "Hi", "<think>", None, 5]).map(lambda text: {"content": text}),
    st.sampled_from([{"reasoning": "x"}, {"role": "assistant", "content": "Hi"}, {}, {"content": "", "refusal": None}]),
)
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "id": st.sampled_from(["c", "d"]),
        "created": st.sampled_from([1, True, 1.0, 2]),
        "usage": st.sampled_from([None, {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}]),
        "obfuscation": st.sampled_from(["x", "xy"]),
        "service_tier": st.sampled_from(["default", 5]),
        "index": st.sampled_from([0, 1, False, None]),
        "logprobs": st.sampled_from([None, {"content": [], "refusal": None}]),
        "finish_reason": st.sampled_from([None, "stop"]),
    },
)


def changed(delta: dict[str, Any], more: dict[str, Any]) -> bytes:
    """A chunk with a delta, and with more in its choice or beside it."""
    inner = ("index", "logprobs", "finish_reason")
    choice: dict[str, Any] = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    choice |= {name: value for name, value in more.items() if name in inner}
    beside = {name: value for name, value in more.items() if name not in inner}
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return orjson.dumps({**head, "choices": [choice], **beside})


@settings(max_examples=300)
@given(
    role=st.builds(changed, ROLES, CHANGES),
    texts=st.lists(st.builds(changed, DELTAS, CHANGES), max_size=4),
    usual=st.lists(st.sampled_from(["a", "b"]).map(lambda text: changed({"content": text}, {})), max_size=3),
    profile=st.sampled_from([ChatProfile(), ChatProfile(think_tags="always")]),
)
def test_the_first_text_is_known_by_the_role_before_it_and_read_as_it_would_be_in_full(
    role: bytes, texts: list[bytes], usual: list[bytes], profile: ChatProfile
) -> None:
    def read() -> list[tuple[bytes, object]]:
        decoder = NativeDecoder(Origin("p", "m", profile), include_usage=True)
        events = [event for payload in [role, *texts, *usual, END, b"[DONE]"] for event in decoder.feed(payload)]
        return [(payloads([event])[0], getattr(event, "is_mute", None)) for event in events]

    found = read()
    with patch.object(ChunkTemplate, "expect", lambda *_: None):
        assert found == read()


def test_the_first_text_behind_a_role_needs_no_repair() -> None:
    decoder = NativeDecoder(Origin("p", "m"), include_usage=False)
    decoder.feed(changed({"role": "assistant", "content": "", "refusal": None}, {}))

    with patch.object(NativeDecoder, "_read", None):
        (event,) = decoder.feed(changed({"content": "Hi"}, {}))

    assert isinstance(event, NativeChunk)
    assert not event.is_mute
    assert decoder.template.knows_bytes
