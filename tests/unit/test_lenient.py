"""JSON that orjson refuses is read as clients of the providers read it, and nothing else is changed."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.neutral.lenient import Halves, readable

TEXTS = st.text(st.one_of(st.characters(), st.sampled_from('😀𝄞\\"u')), max_size=12)


def units(text: str) -> list[str]:
    """The UTF-16 units of a text, as JavaScript has them."""
    data = text.encode("utf-16-be", "surrogatepass")
    return [data[place : place + 2].decode("utf-16-be", "surrogatepass") for place in range(0, len(data), 2)]


def mended(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").decode("utf-16-be", "replace")


@given(TEXTS, st.data())
def test_a_text_cut_anywhere_is_the_text_again(text: str, data: st.DataObject) -> None:
    text = mended(text)
    parts = units(text)
    pieces: list[str] = []
    while parts:
        size = data.draw(st.integers(1, len(parts)))
        pieces.append("".join(parts[:size]))
        parts = parts[size:]
    halves = Halves()
    payloads = [json.dumps({"choices": [{"delta": {"content": piece}}]}).encode() for piece in pieces]
    joined = [one for payload in payloads for one in halves.join([payload])] + halves.end()
    told = [orjson.loads(payload)["choices"][0]["delta"]["content"] for payload in joined]
    assert "".join(told) == text
    assert len(joined) == len(payloads)
    together = Halves()
    assert [*together.join(payloads), *together.end()] == joined


@given(st.lists(st.text(st.characters(), max_size=6), max_size=5))
def test_halves_that_stay_alone_are_lost_and_nothing_else_is(texts: list[str]) -> None:
    document = {"a": texts}
    expected = {"a": [mended(text) for text in texts]}
    assert orjson.loads(readable(json.dumps(document).encode())) == expected


DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**60), 2**60), TEXTS.map(mended)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS.map(mended), inner, max_size=3)),
    max_leaves=8,
)


@given(DOCUMENTS, st.booleans())
def test_what_is_readable_stays_what_it_is(document: Any, ascii_only: bool) -> None:
    payload = json.dumps(document, ensure_ascii=ascii_only).encode()
    assert readable(payload) is payload
    halves = Halves()
    assert [*halves.join([payload]), *halves.end()] == [payload]


@given(st.binary(max_size=40))
def test_anything_else_is_left_alone_or_becomes_json(payload: bytes) -> None:
    found = readable(payload)
    if found is not payload:
        orjson.loads(found)


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}),
        (b'{"a":NaN,"b":[Infinity,-Infinity]}', {"a": None, "b": [None, None]}),
        (b'{"a":"\xff\xfe"}', {"a": "\ufffd\ufffd"}),
        (rb'{"a":"\\ud83d \ud83d\ude00 \ud83d"}', {"a": "\\ud83d 😀 \ufffd"}),
    ],
)
def test_known_oddities(payload: bytes, expected: Any) -> None:
    assert orjson.loads(readable(payload)) == expected


@pytest.mark.parametrize("payload", [b"", b"[DONE]", b"{", b"[" * 5000, b'{"a":"' + b"\xff" * 3_000_000 + b'"}'])
def test_what_nobody_reads_or_is_too_large_is_left_alone(payload: bytes) -> None:
    assert readable(payload) is payload


@pytest.mark.parametrize("number", ["1" + "0" * 400, "-1" + "0" * 400, "1e999", "-1e999", "1.5e400"])
def test_numbers_beyond_all_numbers_are_none(number: str) -> None:
    assert orjson.loads(readable(b'{"a":NaN,"x":%b}' % number.encode())) == {"a": None, "x": None}
    found = readable(b'{"x":%b}' % number.encode())
    assert readable(found) is found


def test_long_numbers_stay_numbers() -> None:
    assert orjson.loads(readable(b'{"a":NaN,"x":[12345678901234567890123,-7,1.5,1e3]}')) == {
        "a": None,
        "x": [1.2345678901234568e22, -7, 1.5, 1000.0],
    }
