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
    assert "".join(orjson.loads(payload)["choices"][0]["delta"]["content"] for payload in joined) == text
    assert len(joined) == len(payloads)
    together = Halves()
    assert [*together.join(payloads), *together.end()] == joined


def choice(index: int, **delta: Any) -> dict[str, Any]:
    return {"index": index, "delta": delta}


def told(*events: Any) -> list[Any]:
    """What the events become, one after another."""
    halves = Halves()
    payloads = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in events]
    joined = [one for payload in payloads for one in halves.join([payload])]
    assert [*Halves().join(payloads)] == joined
    return [orjson.loads(payload) for payload in joined]


A, Z = "a\ud83d", "\ude00b"


PLACES = [(index, field) for index in (0, 1) for field in ("content", "reasoning_content")]
CUTS = st.lists(st.lists(st.integers(0, 2), min_size=4, max_size=4), max_size=6)


@given(st.lists(TEXTS.map(mended), min_size=4, max_size=4), CUTS)
def test_texts_that_are_cut_among_each_other_are_the_same_again(texts: list[str], cuts: list[list[int]]) -> None:
    left = dict(zip(PLACES, map(units, texts), strict=True))
    events: list[Any] = []
    for sizes in [*cuts, [1000] * 4]:
        deltas: dict[int, dict[str, str]] = {0: {}, 1: {}}
        for (index, field), size in zip(PLACES, sizes, strict=True):
            deltas[index][field] = "".join(left[index, field][:size])
            left[index, field] = left[index, field][size:]
        both = [choice(index, **delta) for index, delta in deltas.items()]
        # Together, or one after the other.
        events += [{"choices": both}] if sizes[0] else [{"choices": [one]} for one in reversed(both)]
    found = dict.fromkeys(PLACES, "")
    for event in told(*events):
        for one in event["choices"]:
            for field, piece in one["delta"].items():
                found[one["index"], field] += piece
    assert [*found.values()] == texts


def deltas(*given: Any) -> list[Any]:
    """Each a choice's number and its delta, or an event in between."""
    return [one if isinstance(one, bytes | dict) else {"choices": [choice(one[0], **one[1])]} for one in given]


def typed(kind: str, name: str, text: str, **indices: int) -> Any:
    return {"type": kind, **indices, name: text}


def parts(**part: Any) -> Any:
    return {"candidates": [{"content": {"parts": [part]}}]}


def block(index: int, text: str) -> Any:
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": {"text": text}}}


def calls(*given: tuple[int, str], **more: str) -> Any:
    return {"tool_calls": [{"index": index, **more, "function": {"arguments": text}} for index, text in given]}


def likely(text: str, token: str) -> Any:
    return {"choices": [{"index": 0, "logprobs": {"content": [{"token": token}]}, "delta": {"content": text}}]}


def thrice(text: str) -> Any:
    details = [{"type": "reasoning.text", "index": 0, "text": text}]
    return {"reasoning": text, "reasoning_content": text, "reasoning_details": details}


def texts_of(value: Any, name: str = "") -> list[str]:
    """The texts of an event, in their order."""
    if isinstance(value, list):
        return [text for one in value for text in texts_of(one, name)]
    if isinstance(value, dict):
        return [text for field, one in value.items() for text in texts_of(one, field)]
    return [value] if isinstance(value, str) and name != "type" else []


USAGE: Any = {"choices": [], "usage": {"total_tokens": 3}}
TALKS: dict[str, tuple[list[Any], list[str]]] = {
    "one choice": (deltas((0, {"content": A}), (0, {"content": Z})), ["a", "😀b"]),
    "another choice": (deltas((0, {"content": A}), (1, {"content": Z})), ["a", "\ufffdb"]),
    "another field": (deltas((0, {"reasoning_content": A}), (0, {"content": Z})), ["a", "\ufffdb"]),
    "fields that say the same": (deltas((0, thrice(A)), (0, thrice(Z))), ["a"] * 3 + ["😀b"] * 3),
    "interleaved choices": (
        deltas((0, {"content": A}), (1, {"content": A}), (1, {"content": Z}), (0, {"content": Z})),
        ["a", "a", "😀b", "😀b"],
    ),
    "two choices in an event, in another order": (
        [
            {"choices": [choice(0, content=A), choice(1, content="x")]},
            {"choices": [choice(1, content="y"), choice(0, content=Z)]},
        ],
        ["a", "x", "y", "😀b"],
    ),
    "events in between": (
        deltas((0, {"content": A}), {"type": "ping"}, (0, {}), (0, {"content": ""}), USAGE, (0, {"content": Z})),
        ["a", "", "😀b"],
    ),
    "log probabilities first": (
        [likely(A, A), likely(Z, Z), likely("c", "c")],
        ["a\ufffd", "a", "\ufffdb", "😀b", "c", "c"],
    ),
    "a half that is lost": (
        deltas((0, {"content": A}), (0, {"content": "c"}), (0, {"content": Z}), (0, {"content": A})),
        ["a", "\ufffdc", "\ufffdb", "a"],
    ),
    "arguments": (deltas((0, calls((1, A), id="f")), (0, calls((0, "x"), (1, Z)))), ["f", "a", "x", "😀b"]),
    "titles": (
        deltas((0, {"annotations": [{"title": A}]}), (0, {"annotations": [{"title": "b"}]})),
        ["a\ufffd", "b"],
    ),
    "blocks": (
        [typed("delta", "text", A, index=0), typed("delta", "text", "x", index=1), typed("delta", "text", Z, index=0)],
        ["a", "x", "😀b"],
    ),
    "items": (
        [typed("a.delta", "delta", A, output_index=0), typed("a.delta", "delta", Z, output_index=1)],
        ["a", "\ufffdb"],
    ),
    "kinds": (
        [typed("a.delta", "delta", A), typed("b.delta", "delta", "x"), typed("a.delta", "delta", Z)],
        ["a", "x", "😀b"],
    ),
    "nested blocks": ([block(0, A), block(1, "x"), block(0, Z)], ["a", "x", "😀b"]),
    "thoughts": ([parts(text=A, thought=True), parts(text=Z), parts(text=Z, thought=True)], ["a", "\ufffdb", "😀b"]),
}


@pytest.mark.parametrize(("given", "expected"), TALKS.values(), ids=TALKS)
def test_a_half_joins_at_its_own_text_alone(given: list[Any], expected: list[str]) -> None:
    assert texts_of(told(*given)) == expected


def test_events_without_a_half_pass_as_they_are_while_one_is_held() -> None:
    halves = Halves()
    payload = json.dumps({"choices": [choice(0, content=A)]}).encode()
    assert halves.may_change(payload, [payload])
    halves.join([payload])
    others = [b'{ "choices" : [ {"index":1, "delta":{"content":"\\u00e9"} } ] }', b'{"x": 1e400}', b"{"]
    assert halves.may_change(b"", [])
    assert halves.join(others) == others
    (left,) = halves.end()
    assert json.loads(left)["choices"][0]["delta"] == {"content": "\ufffd"}
    assert halves.end() == []


# What ends a text, by dialect: the event with the half, and the end.
STOP = b'{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}'
ENDS: dict[str, tuple[Any, bytes]] = {
    "a choice's end": ({"choices": [choice(0, content=A)]}, STOP),
    "the end mark": ({"choices": [choice(0, content=A)]}, b"[DONE]"),
    "Anthropic's block": (typed("content_block_delta", "text", A, index=0), b'{"type":"content_block_stop","index":0}'),
    "an item": (typed("response.output_text.delta", "delta", A), b'{"type":"response.output_text.done"}'),
    "a Response": (typed("response.output_text.delta", "delta", A), b'{"type":"response.completed"}'),
    "Gemini's candidate": (parts(text=A), b'{"candidates":[{"finishReason":"STOP"}]}'),
    "Bedrock's block": (block(0, A), b'{"contentBlockStop":{"contentBlockIndex":0}}'),
}


@pytest.mark.parametrize(("event", "end"), ENDS.values(), ids=ENDS)
def test_a_half_that_nothing_follows_is_told_before_the_end(event: Any, end: bytes) -> None:
    halves = Halves()
    first, left, last = halves.join([json.dumps(event).encode(), end])
    assert (texts_of(json.loads(first))[-1], texts_of(json.loads(left))[-1], last) == ("a", "\ufffd", end)
    assert halves.end() == []


def test_a_choice_that_ends_ends_no_other() -> None:
    halves = Halves()
    given = [{"choices": [choice(index, content=A)]} for index in (0, 1)]
    later = {"choices": [choice(1, content=Z)]}
    found = halves.join([*(json.dumps(one).encode() for one in given), STOP, json.dumps(later).encode()])
    assert [texts_of(json.loads(one)) for one in found] == [["a"], ["a"], ["\ufffd"], ["stop"], ["😀b"]]


def test_a_half_in_the_event_that_ends_its_text_is_lost_there() -> None:
    event = {"choices": [{**choice(0, content=A), "finish_reason": "stop"}]}
    (found,) = Halves().join([json.dumps(event).encode()])
    assert texts_of(json.loads(found)) == ["a\ufffd", "stop"]


def test_no_more_than_some_halves_are_held() -> None:
    events = [{"choices": [choice(index, content=A)]} for index in range(300)]
    later = [{"choices": [choice(index, content=Z)]} for index in range(300)]
    found = [event["choices"][0]["delta"]["content"] for event in told(*events, *later)]
    assert found == ["a"] * 256 + ["a\ufffd"] * 44 + ["😀b"] * 256 + ["\ufffdb"] * 44


def test_deep_and_huge_events_are_left_alone() -> None:
    for payload in (b"[" * 500 + b'"\\ud83d"' + b"]" * 500, b'{"text":"' + b"x" * 3_000_000 + b'\\ud83d"}'):
        assert Halves().join([payload]) == [payload]


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
        (b'\n \xef\xbb\xbf{"a":1}', {"a": 1}),
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


def test_only_the_texts_that_an_event_ends_are_over() -> None:
    def delta(text: str, index: int) -> bytes:
        event = typed("response.output_text.delta", "delta", text, output_index=index, content_index=0)
        return json.dumps(event).encode()

    done = b'{"type":"response.output_item.done","output_index":1}'
    found = Halves().join([delta(A, 0), delta(A, 1), done, delta(Z, 0)])
    assert [texts_of(json.loads(one)) for one in found] == [["a"], ["a"], ["\ufffd"], [], ["😀b"]]


@pytest.mark.parametrize("depth", [200, 300, 500, 900, 5000])
def test_an_event_that_is_too_deep_is_not_held(depth: int) -> None:
    halves = Halves()
    deep = b'{"choices":[{"index":0,"delta":{"content":"a\\ud83d"}}],"x":' + b"[" * depth + b"]" * depth + b"}"
    assert halves.join([deep, b"[DONE]"])[-1] == b"[DONE]"
    assert halves.end() == []


def test_what_has_been_joined_is_forgotten() -> None:
    halves = Halves()
    for index in range(2000):
        for text in (A, Z):
            halves.join([json.dumps(typed("x.delta", "delta", text, content_index=index)).encode()])
    assert not halves.may_change(b"", [])
    assert halves.end() == []
