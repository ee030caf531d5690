"""AWS's binary frames: read wherever they were cut, never past damage, and as botocore reads them."""

import contextlib
import json
import struct
import zlib
from itertools import pairwise
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.wire.eventstream import BrokenFrame, Reader
from gateway.wire.sse import DamagedStream, EventTooLarge
from tests.servers.eventstream_frames import event, exception, frame

PAYLOADS = st.dictionaries(st.sampled_from(["text", "ä🙂", "p"]), st.text(max_size=20) | st.integers(0, 9), max_size=3)
EVENTS = st.lists(st.tuples(st.sampled_from(["contentBlockDelta", "messageStop", 'odd"name']), PAYLOADS), max_size=6)
HEAD = {":event-type": "messageStop", ":content-type": "application/json", ":message-type": "event"}


def fed(data: bytes, cuts: list[int]) -> list[Any]:
    """What a reader makes of bytes that arrive in chunks cut at these places."""
    reader, places = Reader(), sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    payloads = [payload for start, end in pairwise(places) for payload in reader.feed(data[start:end])]
    return [json.loads(payload) for payload in [*payloads, *reader.end()]]


@given(EVENTS, st.lists(st.integers(0, 1 << 16), max_size=30))
@settings(deadline=None)
def test_events_are_read_wherever_they_were_cut(events: list[tuple[str, dict[str, Any]]], cuts: list[int]) -> None:
    data = b"".join(frame({**HEAD, ":event-type": kind}, json.dumps(payload).encode()) for kind, payload in events)
    assert fed(data, cuts) == [{kind: payload} for kind, payload in events]


def test_frames_are_read_as_botocore_reads_them() -> None:
    data = event("messageStart", {"role": "assistant"}) + event("messageStop", {"stopReason": "end_turn"})
    buffer = EventStreamBuffer()
    buffer.add_data(data)
    theirs = [{one.headers[":event-type"]: json.loads(one.payload)} for one in buffer]
    assert fed(data, [3, 50]) == theirs


def test_every_byte_may_come_alone() -> None:
    data = event("contentBlockDelta", {"delta": {"text": "ä🙂"}}) * 2
    told = fed(data, list(range(len(data))))
    assert [one["contentBlockDelta"]["delta"]["text"] for one in told] == ["ä🙂", "ä🙂"]


def test_exception_and_error_are_handed_on_as_what_they_are() -> None:
    error = frame({":message-type": "error", ":error-code": "internal", ":error-message": 'It "died".'}, b"")
    told = fed(exception("throttlingException", "Slow down.") + error, [])
    assert told[0] == {"exception": {"throttlingException": {"message": "Slow down."}}}
    assert told[1] == {"exception": {"internal": {"message": 'It "died".'}, "payload": {}}}


def test_event_without_payload_says_nothing() -> None:
    assert fed(frame(HEAD, b""), []) == [{"messageStop": {}}]


def test_headers_of_every_kind_are_passed_over() -> None:
    kinds = {0: b"", 1: b"", 2: b"x", 3: b"xx", 4: b"xxxx", 5: b"x" * 8, 6: b"\0\2ab", 8: b"x" * 8, 9: b"x" * 16}
    odd = b"".join(b"\1a" + bytes([kind]) + value for kind, value in kinds.items())
    data = _reframed(frame(HEAD, b"{}"), odd)
    assert fed(data, [7]) == [{"messageStop": {}}]


@pytest.mark.parametrize("place", [0, 5, 9, 14, 40, -10, -1])
def test_damage_is_told_at_once(place: int) -> None:
    data = bytearray(event("messageStop", {"stopReason": "end_turn"}))
    data[place] ^= 0x40
    with pytest.raises((BrokenFrame, EventTooLarge)):
        Reader().feed(bytes(data) + event("messageStop", {}))


def test_damaged_length_is_not_waited_for() -> None:
    data = bytearray(event("messageStop", {"stopReason": "end_turn"}))
    data[2] ^= 1
    with pytest.raises(BrokenFrame):
        Reader().feed(bytes(data[:12]))


@pytest.mark.parametrize(
    "headers",
    [{}, {":message-type": "event"}, {":message-type": "new", ":event-type": "a"}, {":message-type": "exception"}],
)
def test_frame_that_says_not_what_it_is_is_broken(headers: dict[str, str]) -> None:
    with pytest.raises(BrokenFrame):
        Reader().feed(frame(headers, b"{}"))


@pytest.mark.parametrize("head", [b"\x05a", b"\x01a\x07\x00", b"\x01a\x07\x00\x09ab", b"\x01a\x0f", b"\x01\xff\x00"])
def test_headers_that_cannot_be_read_are_broken(head: bytes) -> None:
    with pytest.raises(BrokenFrame):
        Reader().feed(_reframed(frame({}, b"{}"), head))


def test_length_beyond_the_limit_is_refused_before_it_is_waited_for() -> None:
    data = frame(HEAD, b'"' + b"x" * 200 + b'"')
    with pytest.raises(EventTooLarge):
        Reader(max_event_bytes=100).feed(data[:12])


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=5))
@settings(deadline=None)
def test_nonsense_never_does_more_than_fail(data: bytes, cuts: list[int]) -> None:
    with contextlib.suppress(BrokenFrame, EventTooLarge):
        fed(data, cuts)


@given(EVENTS, st.integers(0, 1 << 16), st.integers(1, 255), st.lists(st.integers(0, 1 << 16), max_size=5))
@settings(deadline=None)
def test_damaged_stream_tells_no_event_that_was_not_there(
    events: list[tuple[str, dict[str, Any]]], place: int, mask: int, cuts: list[int]
) -> None:
    frames = [frame({**HEAD, ":event-type": kind}, json.dumps(payload).encode()) for kind, payload in events]
    data = bytearray(b"".join(frames))
    if data:
        data[place % len(data)] ^= mask
    reader, told = Reader(), []
    places = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    try:
        for start, end in pairwise(places):
            told += [json.loads(payload) for payload in reader.feed(bytes(data[start:end]))]
    except DamagedStream as damaged:
        told += [json.loads(payload) for payload in damaged.events]
    expected = [{kind: payload} for kind, payload in events]
    assert told == expected[: len(told)]
    assert not data or len(told) < len(expected)


@given(EVENTS, st.lists(st.integers(0, 1 << 16), max_size=5))
@settings(deadline=None)
def test_events_before_the_damage_are_there_however_the_bytes_were_cut(
    events: list[tuple[str, dict[str, Any]]], cuts: list[int]
) -> None:
    frames = [frame({**HEAD, ":event-type": kind}, json.dumps(payload).encode()) for kind, payload in events]
    broken = bytearray(event("messageStop", {"stopReason": "end_turn"}))
    broken[-1] ^= 1
    data = b"".join([*frames, broken])
    reader, found = Reader(), list[bytes]()
    places = sorted({0, *(cut % (len(data) + 1) for cut in cuts), len(data)})
    try:
        for start, end in pairwise(places):
            found += reader.feed(data[start:end])
    except DamagedStream as damaged:
        found += damaged.events
    assert [json.loads(payload) for payload in found] == [{kind: payload} for kind, payload in events]


def _reframed(whole: bytes, more: bytes) -> bytes:
    """The frame with more bytes at the end of its headers."""
    length, head = struct.unpack(">II", whole[:8])
    lengths = struct.pack(">II", length + len(more), head + len(more))
    body = lengths + struct.pack(">I", zlib.crc32(lengths)) + whole[12 : 12 + head] + more + whole[12 + head : -4]
    return body + struct.pack(">I", zlib.crc32(body))
