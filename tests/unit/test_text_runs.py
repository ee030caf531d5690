"""Texts that come together are counted and written as they are one by one."""

from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.gemini.usage import TokenCounts
from gateway.neutral.events import (
    AnswerMetadata,
    Done,
    Event,
    Finished,
    Reasoning,
    ReasoningState,
    Text,
    ToolCallBegan,
    Usage,
)
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface

CHAT = OpenAIChatSurface()
ASKED: Any = {"model": "lab/m", "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
COUNTS = st.dictionaries(
    st.sampled_from(["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "serviceTier"]),
    st.sampled_from([0, 1, 5, None, "standard"]),
)
EVENTS = st.one_of(
    st.builds(Text, st.sampled_from(["", "a", "é\n", '"']), st.integers(0, 1)),
    st.builds(Text, st.just("b"), st.just(0), st.just([{"token": "b", "logprob": -1.0, "bytes": None}])),
    st.sampled_from(
        [
            Reasoning("r"),
            ReasoningState({"x": 1}),
            ToolCallBegan(0, "c", "f"),
            AnswerMetadata({"service_tier": "flex"}),
            AnswerMetadata({"model": "n"}),
            Finished("stop"),
            Usage(1, 2),
            Done(),
        ]
    ),
)


@settings(max_examples=200)
@given(before=COUNTS, together=st.lists(st.one_of(COUNTS, st.sampled_from([None, []])), min_size=1, max_size=5))
def test_counts_of_chunks_in_a_row_are_those_of_each(before: dict[str, Any], together: list[Any]) -> None:
    at_once, each = TokenCounts(), TokenCounts()
    for counts in (at_once, each):
        counts.add(before)
    at_once.add_all(together)
    for one in together:
        each.add(one)
    assert (at_once.usage(), at_once.tier) == (each.usage(), each.tier)


@settings(max_examples=200)
@given(events=st.lists(EVENTS, max_size=8), include_usage=st.booleans())
def test_events_that_are_written_together_are_the_bytes_of_each(events: list[Event], include_usage: bool) -> None:
    body: Any = {**ASKED, "stream_options": {"include_usage": include_usage}}
    asked = CHAT.read(body)

    def writer() -> Any:
        return CHAT.writer(asked, Author("lab", "m", lambda state: "sealed"))

    with patch("os.urandom", lambda size: b"5" * size), patch("time.time", lambda: 1_790_000_000.0):
        one = writer()
        assert writer().write(events) == b"".join(one.write([event]) for event in events)
