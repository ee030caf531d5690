"""Reading a response: the same, however its bytes were cut; what is none is refused, and nothing else is raised."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gateway.wire.errors import BadReply
from gateway.wire.response import MAX_HEAD_BYTES, ResponseParser, limit_body
from tests.servers.raw_http import chunked, response

HEAD = b"HTTP/1.1 200 OK\r\n"
SIZED = HEAD + b"content-length: 3\r\n\r\nabc"
IN_CHUNKS = HEAD + b"transfer-encoding: chunked\r\n\r\n"


def parsed(chunks: Iterable[bytes], *, has_no_body: bool = False) -> ResponseParser:
    parser = ResponseParser(has_no_body=has_no_body)
    for chunk in chunks:
        parser.feed(chunk)
    return parser


def cut(data: bytes, places: Iterable[int]) -> list[bytes]:
    edges = sorted({0, *(place % (len(data) + 1) for place in places), len(data)})
    return [data[start:end] for start, end in pairwise(edges)]


def seen(parser: ResponseParser) -> tuple[object, ...]:
    return parser.status, parser.headers, parser.take(), parser.is_over, parser.is_reusable


WHOLE = [
    (SIZED, b"abc", True),
    (chunked(b"a", b"bc"), b"abc", True),
    (IN_CHUNKS + b"3;name=value\r\nabc\r\n0\r\nx-trailer: 1\r\n\r\n", b"abc", True),
    (IN_CHUNKS + b"003\r\nabc\r\n000\r\n\r\n", b"abc", True),
    (response(status=b"204 No Content"), b"", True),
    (response(b"", b"etag: a", status=b"304 Not Modified"), b"", True),
    (HEAD + b"connection: close\r\ncontent-length: 3\r\n\r\nabc", b"abc", False),
    (b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc", b"abc", False),
    (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 3\r\n\r\nabc", b"abc", True),
    (b"HTTP/1.1 200\r\ncontent-length: 3\r\n\r\nabc", b"abc", True),
    (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + SIZED, b"abc", True),
]


@pytest.mark.parametrize(("data", "body", "is_reusable"), WHOLE)
def test_a_response_is_read_whole_and_byte_by_byte(data: bytes, body: bytes, is_reusable: bool) -> None:
    for chunks in ([data], [data[place : place + 1] for place in range(len(data))]):
        parser = parsed(chunks)
        assert (parser.take(), parser.is_over, parser.is_reusable) == (body, True, is_reusable)
        assert "link" not in parser.headers
        assert "x-trailer" not in parser.headers


@given(st.sampled_from([data for data, _, _ in WHOLE]), st.lists(st.integers(0, 1 << 12), max_size=8))
def test_a_response_is_the_same_wherever_it_was_cut(data: bytes, places: list[int]) -> None:
    assert seen(parsed(cut(data, places))) == seen(parsed([data]))


def test_header_names_are_in_lower_case_and_a_header_twice_is_a_list() -> None:
    parser = parsed([response(b"", b"X-A:  1 \t", b"x-a: 2", b"X-B: \xe4", b"x-c:")])
    assert parser.headers == {"content-length": "0", "x-a": "1, 2", "x-b": "ä", "x-c": ""}


def test_a_body_without_a_length_ends_with_the_connection() -> None:
    parser = parsed([HEAD + b"\r\nab", b"c"])
    assert not parser.is_over
    parser.end()
    assert (parser.is_over, parser.is_reusable, parser.take()) == (True, False, b"abc")


@pytest.mark.parametrize("data", [b"", HEAD, SIZED[:-1], IN_CHUNKS + b"3\r\nabc\r\n"])
def test_the_end_of_the_connection_is_not_the_end_of_a_body_with_a_length(data: bytes) -> None:
    parser = parsed([data])
    parser.end()
    assert not parser.is_over


def test_the_response_to_a_head_request_has_no_body() -> None:
    parser = parsed([HEAD + b"content-length: 3\r\n\r\n"], has_no_body=True)
    assert (parser.is_over, parser.is_reusable) == (True, False)


REFUSED = [
    b"\x15\x03\x01\x00\x02\x02\x16",
    b"SSH-2.0-OpenSSH\r\n\r\n",
    b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/0.9 200 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 2000 OK\r\n\r\n",
    b"HTTP/1.1 099 OK\r\ncontent-length: 0\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
    HEAD + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    HEAD + b"transfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    HEAD + b"content-length: 3\r\ncontent-length: 4\r\n\r\nabcd",
    HEAD + b"content-length: 3\r\ncontent-length: 3\r\n\r\nabc",
    HEAD + b"content-length: 3, 4\r\n\r\nabc",
    HEAD + b"content-length: +3\r\n\r\nabc",
    HEAD + b"content-length: -3\r\n\r\nabc",
    HEAD + b"content-length: 0x3\r\n\r\nabc",
    HEAD + b"content-length: \r\n\r\nabc",
    HEAD + b"content-length: 99999999999999999999999\r\n\r\nabc",
    HEAD + b"content-length : 3\r\n\r\nabc",
    HEAD + b"x-a: 1\r\n 2\r\ncontent-length: 3\r\n\r\nabc",
    HEAD + b"x-a: 1\r\n\t2\r\ncontent-length: 3\r\n\r\nabc",
    HEAD + b"x-a: 1\ncontent-length: 3\r\n\r\nabc",
    HEAD + b"x-a: 1\rx-b: 2\r\ncontent-length: 3\r\n\r\nabc",
    HEAD + b"x-a: 1\0\r\ncontent-length: 3\r\n\r\nabc",
    HEAD + b": 1\r\ncontent-length: 3\r\n\r\nabc",
    HEAD + b"no colon\r\ncontent-length: 3\r\n\r\nabc",
    HEAD + b"transfer-encoding: gzip, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    HEAD + b"transfer-encoding: chunked, chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    HEAD + b"transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    HEAD + b"transfer-encoding: identity\r\n\r\nabc",
    HEAD + b"transfer-encoding: xchunked\r\n\r\nabc",
    IN_CHUNKS + b"3\r\nabc\r\n0\r\ncontent-length: 9\r\n\r\n",
    b"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    IN_CHUNKS + b"zz\r\nabc\r\n0\r\n\r\n",
    IN_CHUNKS + b"-3\r\nabc\r\n0\r\n\r\n",
    IN_CHUNKS + b"0x3\r\nabc\r\n0\r\n\r\n",
    IN_CHUNKS + b"3 \r\nabc\r\n0\r\n\r\n",
    IN_CHUNKS + b"3\nabc\r\n0\r\n\r\n",
    IN_CHUNKS + b"3\r\nabcd\r\n0\r\n\r\n",
    IN_CHUNKS + b"ffffffffffffffffff\r\nabc\r\n0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n" * 11 + SIZED,
    HEAD + b"x-a: " + b"a" * MAX_HEAD_BYTES + b"\r\ncontent-length: 0\r\n\r\n",
    HEAD + b"".join(b"x-%d: a\r\n" % number for number in range(16_000)) + b"content-length: 0\r\n\r\n",
]


@pytest.mark.parametrize("data", REFUSED, ids=range(len(REFUSED)))
@pytest.mark.parametrize("size", [1 << 20, 7])
def test_what_is_no_response_or_can_be_read_in_two_ways_is_refused(data: bytes, size: int) -> None:
    with pytest.raises(BadReply):
        parsed(data[place : place + size] for place in range(0, len(data), size))


@pytest.mark.parametrize(
    "start", [b"HTTP/1.1 200 ", HEAD + b"x-a: ", HEAD + b"x-a", IN_CHUNKS + b"3;", IN_CHUNKS + b"0\r\nx-trailer: "]
)
def test_what_never_ends_and_is_no_body_is_not_read_for_ever(start: bytes) -> None:
    with pytest.raises(BadReply):
        parsed([start, *[b"a" * 1024] * (2 * MAX_HEAD_BYTES // 1024)])


def test_many_small_chunks_are_no_head_without_end() -> None:
    parser = parsed([IN_CHUNKS])
    for _ in range(MAX_HEAD_BYTES):
        parser.feed(b"1\r\na\r\n")
    assert len(parser.take()) == MAX_HEAD_BYTES


@pytest.mark.parametrize("rest", [b"d", b"HTTP/1.1 200 OK\r\n", SIZED, b"\0" * 9])
@pytest.mark.parametrize("whole", [SIZED, chunked(b"abc"), SIZED.replace(b"3\r", b"3\r\nconnection: close\r")])
@pytest.mark.parametrize("is_apart", [True, False])
def test_nothing_is_read_of_what_follows_a_response(whole: bytes, rest: bytes, is_apart: bool) -> None:
    parser = parsed([whole, rest] if is_apart else [whole + rest])
    assert (parser.status, parser.take(), parser.is_over, parser.is_reusable) == (200, b"abc", True, False)


def test_a_whole_answer_has_a_limit_that_its_length_may_already_break() -> None:
    limit_body(parsed([SIZED]))
    with pytest.raises(BadReply):
        limit_body(parsed([HEAD + b"content-length: 67108865\r\n\r\na"]))


MARKS = [HEAD, IN_CHUNKS, b"\r\n", b"\r\n\r\n", b"3\r\nabc\r\n", b"0\r\n\r\n", b"content-length: 1\r\n", b" "]
PIECES = st.one_of(
    st.binary(max_size=40), st.sampled_from(MARKS), st.sampled_from([*REFUSED, *(data for data, _, _ in WHOLE)])
)


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=8), st.lists(st.integers(0, 1 << 16), max_size=8))
@example([SIZED, SIZED], [])
def test_no_bytes_do_more_than_be_refused(pieces: list[bytes], places: list[int]) -> None:
    data = b"".join(pieces)
    outcomes = []
    for chunks in (cut(data, places), [data]):
        parser = ResponseParser()
        try:
            for chunk in chunks:
                parser.feed(chunk)
        except BadReply:
            outcomes.append((parser.status if parser.has_head else 0, False))
        else:
            outcomes.append((parser.status if parser.has_head else 0, parser.is_reusable))
    assert not outcomes[0][1] or outcomes[0] == outcomes[1]
