"""Chunks that arrived together are read as they are one by one: the same bytes leave, the same errors are found."""

from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.openai_chat.native import NativeDecoder
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


@settings(max_examples=500)
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
