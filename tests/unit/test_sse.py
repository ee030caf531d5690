"""Reading event streams: the same events, however their bytes were cut and their lines ended."""

import time
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire import sse

WORDS = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=12)
LINES = st.lists(WORDS, min_size=1, max_size=3).filter(lambda lines: lines != [""])
NOISE = st.lists(
    st.one_of(
        WORDS.map(lambda text: f": {text}"),
        WORDS.map(lambda text: f"event: {text}"),
        WORDS.map(lambda text: f"id:{text}"),
        st.just("retry: 10"),
        st.just("database: no field of ours"),
    ),
    max_size=2,
)
EVENTS = st.lists(st.tuples(NOISE, LINES, st.booleans(), NOISE, st.integers(1, 2)), max_size=6)
ENDS = st.sampled_from(["\n", "\r\n", "\r"])
CUTS = st.lists(st.integers(1, 7), min_size=1, max_size=40)


def text_of(events: Iterable[tuple[list[str], list[str], bool, list[str], int]]) -> str:
    """A stream with LF line ends."""
    text = ""
    for before, lines, has_space, after, blanks in events:
        # Without its space, data that begins with one would lose it.
        spaced = has_space or any(line.startswith(" ") for line in lines)
        data = [f"data:{' ' if spaced else ''}{line}" for line in lines]
        text += "\n".join([*before, *data, *after]) + "\n" * (1 + blanks)
    return text


def read(chunks: Iterable[bytes], reader: sse.Reader | None = None) -> list[bytes]:
    """All events of a stream."""
    reader = reader or sse.Reader()
    found = [payload for chunk in chunks for payload in reader.feed(chunk)]
    return found + reader.end()


def cut(body: bytes, sizes: list[int]) -> Iterable[bytes]:
    """The body in pieces of these sizes, over and over."""
    start = turn = 0
    while start < len(body):
        size = sizes[turn % len(sizes)]
        yield body[start : start + size]
        start, turn = start + size, turn + 1


@given(EVENTS, ENDS, CUTS, st.booleans(), st.booleans())
def test_same_events_whatever_the_line_ends_and_cuts(
    events: list[tuple[list[str], list[str], bool, list[str], int]],
    end: str,
    sizes: list[int],
    has_mark: bool,
    is_closed: bool,
) -> None:
    text = text_of(events) if is_closed else text_of(events).rstrip("\n")
    body = (b"\xef\xbb\xbf" if has_mark else b"") + text.replace("\n", end).encode()
    expected = ["\n".join(lines).encode() for _, lines, *_ in events]
    assert read(cut(body, sizes)) == expected
    assert read([body]) == expected


@given(st.lists(WORDS.filter(bool), max_size=8), st.lists(WORDS.map(lambda text: f": {text}"), max_size=3))
def test_whole_chunks_give_what_single_bytes_give(texts: list[str], comments: list[str]) -> None:
    whole = [sse.event(text.encode()) for text in texts] + [f"{comment}\n\n".encode() for comment in comments]
    assert read([b"".join(whole)]) == read(whole) == read(bytes([byte]) for byte in b"".join(whole))


BLOCKS = st.sampled_from(
    [
        *("event: a\ndata: {}\n\n", "event: b\ndata: data: x\n\n", "data: event: y\n\n", "data: [DONE]\n\n"),
        *("event: a\ndata: 1\ndata: 2\n\n", "event: a\nid: 1\ndata: 3\n\n", "no event: a\ndata: x\n\n"),
        *("event: a\n\n", "event: a\ndata:\n\n", "event: a\ndata: \n\n", "event: a\ndata:z\n\n"),
        *(": comment\n\n", "\n\n"),
        *(
            "event: error\ndata: x\n\n",
            "event: error\n\n",
            "error: x\n\n",
            "data: 1\nerror: x\n\n",
            "event: an error\ndata: {}\n\n",
        ),
    ]
)


@given(st.lists(BLOCKS, max_size=6), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
def test_chunks_of_any_events_give_what_single_bytes_give(blocks: list[str], end: str, is_mixed: bool) -> None:
    last = "data: last\n\n" if is_mixed else "data: last\n\n".replace("\n", end)
    body = ("".join(blocks).replace("\n", end) + last).encode()
    assert read([body]) == read(bytes([byte]) for byte in body)


@given(st.lists(st.binary(max_size=20), max_size=10))
def test_any_bytes_are_read_alike_however_they_are_cut(chunks: list[bytes]) -> None:
    body = b"".join(chunks)
    assert read(chunks) == read([body]) == read(bytes([byte]) for byte in body)


@pytest.mark.parametrize("body", [b"data:\n\n", b"data: \n\n", b"data: \r\n\r\n", b": ping\n\n", b"\n\n\n", b""])
def test_events_without_data_are_passed_over(body: bytes) -> None:
    assert read([body]) == []


def test_event_ends_with_its_blank_line_and_not_with_the_next_chunk() -> None:
    for end in (b"\n", b"\r\n", b"\r"):
        reader = sse.Reader()
        assert reader.feed(b"data: one" + end + end) == [b"one"]
        assert reader.feed(b"data: two" + end + end) == [b"two"]


def test_line_end_that_is_cut_in_two_is_one_line_end() -> None:
    assert read([b"data: one\r", b"\ndata: two\r", b"\n\r", b"\ndata: three\r\n\r\n"]) == [
        b"one\ntwo",
        b"three",
    ]


def test_multi_byte_characters_survive_a_cut() -> None:
    body = sse.event("schön 🙂".encode())
    assert read(bytes([byte]) for byte in body) == ["schön 🙂".encode()]


def test_mark_alone_is_an_empty_stream() -> None:
    assert read([b"\xef", b"\xbb", b"\xbf"]) == []
    assert read([b"\xef\xbb"]) == []


@pytest.mark.parametrize("size", [1, 10, 1000])
@pytest.mark.parametrize(
    "body",
    [
        b"data: " + b"x" * 200,
        b"data: " + b"x" * 200 + b"\n\n",
        b"data: x\n" * 40,
        b": " + b"x" * 200,
        b"\ndata: " + b"x" * 200 + b"\r\n\r\n",
    ],
)
def test_event_over_the_limit_is_refused(body: bytes, size: int) -> None:
    with pytest.raises(sse.EventTooLarge):
        read((body[i : i + size] for i in range(0, len(body), size)), sse.Reader(max_event_bytes=100))


@pytest.mark.parametrize("size", [1, 10, 1000])
def test_events_before_one_over_the_limit_are_there(size: int) -> None:
    body = b"data: a\n\ndata: b\n\ndata: " + b"x" * 200 + b"\n\n"
    reader, found = sse.Reader(max_event_bytes=100), list[bytes]()
    try:
        for start in range(0, len(body), size):
            found += reader.feed(body[start : start + size])
    except sse.DamagedStream as damaged:
        found += damaged.events
    assert found == [b"a", b"b"]


def test_limit_is_for_one_event_and_not_for_the_stream() -> None:
    body = (b"data: " + b"x" * 80 + b"\n\n") * 50
    for size in (1, 64, len(body)):
        chunks = [body[i : i + size] for i in range(0, len(body), size)]
        assert len(read(chunks, sse.Reader(max_event_bytes=100))) == 50


def test_huge_event_in_small_chunks_takes_time_in_proportion() -> None:
    def seconds(pieces: int) -> float:
        began = time.process_time()
        assert len(read([b"data: ", *[b"x" * 1024] * pieces, b"\n\n"])) == 1
        return time.process_time() - began

    def least_seconds(pieces: int) -> float:
        # What else the machine does adds to some of them.
        return min(seconds(pieces) for _ in range(3))

    # Eight times the pieces; joining the line anew with each of them would take over fifty times as long.
    assert least_seconds(16_000) < 25 * max(least_seconds(2_000), 0.001)
