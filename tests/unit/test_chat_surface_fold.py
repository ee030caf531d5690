"""Streamed chat answers: whatever events come in, chunks keep their order and add up to the plain reply."""

from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Finished,
    FinishReason,
    ItemBegan,
    ItemEnded,
    PartBegan,
    Reasoning,
    ReasoningState,
    Refusal,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from tests.unit.chat_answers import CITED, IMAGE, SEARCH, TOKEN, chunks, reply

CHOICES = st.sampled_from([0, 0, 0, 1, 2])
INDEXES = st.integers(0, 2)
TEXTS = st.sampled_from(["", "a", "two words", "ä🙂"])
EVENT: st.SearchStrategy[Event] = st.one_of(
    st.builds(Text, TEXTS, CHOICES, st.sampled_from([None, [], [TOKEN]])),
    st.builds(Reasoning, TEXTS, CHOICES),
    st.builds(Summary, TEXTS, CHOICES),
    st.builds(Refusal, TEXTS, CHOICES),
    st.builds(
        ToolCallBegan,
        INDEXES,
        st.just("call_1"),
        st.sampled_from(["look", "find"]),
        CHOICES,
        st.sampled_from(["function", "custom"]),
        st.sampled_from([None, "ns"]),
    ),
    st.builds(ToolArguments, INDEXES, TEXTS, CHOICES),
    st.builds(ToolArguments, INDEXES, TEXTS, CHOICES),
    st.builds(Annotation, st.sampled_from([{"type": "url_citation", **CITED}, {"type": 5}, {}])),
    st.builds(PartBegan, st.sampled_from(["output_text", "refusal", "reasoning_text", "summary_text"]), CHOICES),
    st.builds(ItemBegan, st.sampled_from([{"type": "message"}, {"type": "reasoning"}, SEARCH, {}])),
    st.builds(ItemEnded, st.sampled_from([SEARCH, IMAGE])),
    st.builds(ReasoningState, st.just({"blocks": []}), CHOICES),
    st.builds(Finished, st.sampled_from(["stop", "length", "tool_calls", "content_filter"]), CHOICES),
)


@settings(deadline=None)
@given(st.lists(EVENT, max_size=24), st.sampled_from([None, Usage(3, 2, 1, 0, 1)]))
def test_chunks_add_up_to_the_plain_reply(events: list[Event], usage: Usage | None) -> None:
    ending = [usage, Done()] if usage else [Done()]
    streamed = chunks(*events, *ending, include_usage=True)
    plain = reply(*events, *ending)
    usages = [chunk["usage"] for chunk in streamed if chunk["usage"]]
    assert usages == ([plain["usage"]] if usage else [])
    folded = [_folded(streamed, choice["index"]) for choice in plain["choices"]]
    assert folded == plain["choices"]
    assert {c["index"] for chunk in streamed for c in chunk["choices"]} == {c["index"] for c in plain["choices"]}


@given(
    st.lists(
        st.sampled_from([Text("a"), Text("two words"), Text("b", 1), Text("c", 0, [TOKEN]), Text("")]), max_size=2
    ),
    st.sampled_from(["stop", "length", "content_filter"]),
    st.sampled_from([0, 0, 1]),
    st.lists(st.sampled_from([AnswerMetadata({"service_tier": "flex"}), Usage(3, 2), Refusal("No.")]), max_size=3),
)
def test_an_answer_of_one_text_is_the_same_without_the_fast_path(
    texts: list[Event], reason: FinishReason, choice: int, about: list[Event]
) -> None:
    events = [*texts, Finished(reason, choice), *about, Done()]
    with patch("gateway.surfaces.openai_chat.writer.only_text", lambda events: None):
        slow = reply(*events)
    assert {**reply(*events), "id": slow["id"], "created": slow["created"]} == slow


def _folded(streamed: list[dict[str, Any]], index: int) -> dict[str, Any]:
    """A choice as a client puts it together, which also holds its chunks to their order."""
    told = [choice for chunk in streamed for choice in chunk["choices"] if choice["index"] == index]
    assert told[0]["delta"]["role"] == "assistant"
    assert not any("role" in choice["delta"] for choice in told[1:])
    assert [choice["finish_reason"] is not None for choice in told] == [False] * (len(told) - 1) + [True]
    texts = {
        name: "".join(choice["delta"].get(name, "") for choice in told)
        for name in ("content", "refusal", "reasoning_content")
    }
    calls = _folded_calls([piece for choice in told for piece in choice["delta"].get("tool_calls", [])])
    tokens = [token for choice in told if choice["logprobs"] for token in choice["logprobs"]["content"]]
    found: dict[str, Any] = {
        "role": "assistant",
        "content": texts["content"] or (None if calls or texts["refusal"] else ""),
        "refusal": texts["refusal"] or None,
        "annotations": _listed(told, "annotations"),
    }
    found |= {"images": images} if (images := _listed(told, "images")) else {}
    details = [detail for choice in told for detail in choice["delta"].get("reasoning_details", [])]
    assert [detail["index"] for detail in details] == list(range(len(details)))
    found |= {"reasoning_details": details} if details else {}
    found |= {"reasoning_content": texts["reasoning_content"]} if texts["reasoning_content"] else {}
    found |= {"tool_calls": calls} if calls else {}
    logprobs = {"content": tokens, "refusal": None} if tokens else None
    return {"index": index, "message": found, "logprobs": logprobs, "finish_reason": told[-1]["finish_reason"]}


def _listed(told: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The entries of a list, whose indices say where in it each belongs."""
    entries = [entry for choice in told for entry in choice["delta"].get(name, [])]
    assert [entry.pop("index") for entry in entries] == list(range(len(entries)))
    return entries


def _folded_calls(pieces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = []
    for piece in pieces:
        number, kind = piece.pop("index"), next(name for name in ("function", "custom") if name in piece)
        if number == len(calls):
            assert piece.keys() == {"id", "type", kind}
            calls.append(piece)
            continue
        assert piece.keys() == {kind}
        ((name, text),) = piece[kind].items()
        calls[number][kind][name] += text
    return calls
