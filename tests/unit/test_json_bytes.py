"""Values and nesting of JSON are counted in its bytes as a parser would count them."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.contract import json_bytes
from gateway.contract.json_bytes import JsonTally, is_deeper, slice_end

TEXTS = st.text(alphabet='\\"[]{},:n1 é\U0001f600\ud7ff\n\t/', max_size=8)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXTS, inner, max_size=5),
    max_leaves=30,
)


def values_in(document: Any) -> int:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else ()
    return 1 + sum(map(values_in, inner))


def nesting_of(document: Any) -> int:
    inner = document.values() if isinstance(document, dict) else document if isinstance(document, list) else None
    return 0 if inner is None else 1 + max(map(nesting_of, inner), default=0)


def tally(data: bytes, most_nesting: int = 10_000) -> JsonTally:
    counted, start = JsonTally(most_nesting), 0
    while start < len(data):
        end = slice_end(data, start)
        counted.add(data[start:end])
        start = end
    return counted


@settings(max_examples=300)
@given(DOCUMENTS, st.sampled_from([None, 1]), st.booleans(), st.integers(1, 40))
def test_counts_are_those_of_a_parser(document: Any, indent: int | None, ascii_only: bool, slice_bytes: int) -> None:
    data = json.dumps(document, indent=indent, ensure_ascii=ascii_only).encode()
    nesting = nesting_of(document)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_bytes, "SLICE_BYTES", slice_bytes)
        assert tally(data).values == values_in(json.loads(data))
        assert not tally(data).is_broken
        assert not tally(data, nesting).is_too_deep
        assert nesting == 0 or tally(data, nesting - 1).is_too_deep
    assert not is_deeper(data, nesting)
    assert nesting == 0 or is_deeper(data, nesting - 1)


@pytest.mark.parametrize(
    ("data", "values"),
    [
        (b"1", 1),
        (b"[]", 1),
        (b"[ \n]", 1),
        (b"{ }", 1),
        (b'[""]', 2),
        (b'["]"]', 2),
        (rb'["\\"]', 2),
        (rb'["\\\"],[", "\\\\"]', 3),
        (b'{"a": {}, "b": [[], [1, 2]]}', 7),
    ],
)
def test_values_of_a_document(data: bytes, values: int) -> None:
    assert values_in(json.loads(data)) == values
    assert tally(data).values == values


@settings(max_examples=300)
@given(st.text(alphabet='[]{},:"\\1 ', max_size=60), st.integers(1, 9))
def test_what_is_no_json_is_counted_without_an_error(text: str, slice_bytes: int) -> None:
    data = text.encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_bytes, "SLICE_BYTES", slice_bytes)
        counted = tally(data)
    assert isinstance(is_deeper(data, 3), bool)
    if counted.is_broken:
        with pytest.raises(json.JSONDecodeError):
            json.loads(data)


@pytest.mark.parametrize("data", [b"]" * 70_000, b'"' * 70_000, b"[" + b"}" * 70_000])
def test_what_a_parser_stops_at_is_not_counted_to_its_end(data: bytes) -> None:
    counted = JsonTally(100)
    counted.add(data)
    assert counted.is_broken
