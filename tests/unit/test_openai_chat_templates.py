"""Chunks that only look like the one before: what is known of that does not count for them."""

from typing import Any

import orjson
import pytest

from gateway.dialects.openai_chat.native import NativeDecoder
from gateway.neutral.events import AnswerMetadata, NativeChunk, ToolArguments, Usage
from tests.unit.test_openai_chat_stream import DONE, ORIGIN, USAGE, call, chunk, chunks_of, stream


@pytest.mark.parametrize("is_native", [True, False])
def test_pieces_of_calls_with_one_index_go_to_the_call_that_is_open(is_native: bool) -> None:
    pieces = [
        *(call(0, id="a", name="f"), call(0, arguments="1"), call(0, arguments="2")),
        *(call(0, id="b", name="g"), call(0, arguments="3"), call(0, arguments="4")),
    ]
    events = stream([*(chunk(tool_calls=[piece]) for piece in pieces), DONE], is_native=is_native)
    told = [(event.index, event.text) for event in events if isinstance(event, ToolArguments)]
    for written_chunk in chunks_of(events):
        told += [
            (piece["index"], text)
            for choice in written_chunk["choices"]
            for piece in choice["delta"].get("tool_calls", [])
            if (text := piece["function"].get("arguments"))
        ]
    assert told == [(0, "1"), (0, "2"), (1, "3"), (1, "4")]


def test_reasoning_is_copied_in_every_piece_whatever_the_first_one_was() -> None:
    native = chunks_of(stream([*(chunk(reasoning=text) for text in ("", "a", "b")), DONE], is_native=True))
    deltas = [one["choices"][0]["delta"] for one in native]
    assert [(delta.get("reasoning_content") or "", delta.get("reasoning")) for delta in deltas[:3]] == [
        *(("", ""), ("a", "a"), ("b", "b")),
    ]


@pytest.mark.parametrize("padded", [{}, {"obfuscation": "x"}])
def test_a_chunk_over_several_lines_leaves_on_one(padded: dict[str, Any]) -> None:
    pieces = [orjson.dumps({**chunk(content=text), **padded}, option=orjson.OPT_INDENT_2) for text in ("a", "b", "c")]
    events = stream([*pieces, chunk(content="d"), pieces[0], DONE], is_native=True)
    decoder = NativeDecoder(ORIGIN, include_usage=False)
    together = [*decoder.feed(pieces[0]), *decoder.feed_all([*pieces, *pieces, DONE])]
    assert [one["choices"][0]["delta"].get("content") for one in chunks_of(together)][:7] == [*"aabcabc"]
    events += together
    assert all(b"\n" not in event.payload for event in events if isinstance(event, NativeChunk))
    assert [one["choices"][0]["delta"].get("content") for one in chunks_of(events)][:5] == ["a", "b", "c", "d", "a"]


def test_usage_and_tier_are_the_latest_that_were_told() -> None:
    first = {**chunk(content="a"), "usage": USAGE, "service_tier": "flex"}
    odd = {**chunk(content=[{"type": "text", "text": "b"}]), "usage": {**USAGE, "completion_tokens": 9}}
    events = stream([first, {**odd, "service_tier": "default"}, {**first, "usage": USAGE}, DONE])
    assert [event.completion for event in events if isinstance(event, Usage)] == [2]
    told = [event.fields.get("service_tier") for event in events if isinstance(event, AnswerMetadata)]
    assert [tier for tier in told if tier is not None] == ["flex", "default", "flex"]
