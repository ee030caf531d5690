"""Chat answers built from neutral events: what each of them becomes, in chunks and in plain replies."""

from typing import Any

import jsonschema_rs
import orjson
import pytest

from gateway.errors import UpstreamDown
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    ItemBegan,
    ItemEnded,
    ItemProgress,
    NativeChunk,
    NativeReply,
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
from gateway.surfaces.waystone_chat import WaystoneChatSurface
from tests.clients.contract import bundle, check
from tests.unit.chat_answers import CITED, SEARCH, TOKEN, chunks, payloads, reply, writer

WAYSTONE = WaystoneChatSurface()
END: list[Event] = [Finished("stop"), Done()]


def message(*events: Event) -> dict[str, Any]:
    """The one message of a reply."""
    (choice,) = reply(*events, *END)["choices"]
    found: dict[str, Any] = choice["message"]
    return found


def deltas(*events: Event) -> list[dict[str, Any]]:
    """What the chunks of an answer with one choice bring, without the role at first and the reason at last."""
    first, *between, last = [chunk["choices"][0] for chunk in chunks(*events, *END)]
    assert first["delta"] == {"role": "assistant", "content": ""}
    assert (last["delta"], last["finish_reason"]) == ({}, "stop")
    assert all(choice["finish_reason"] is None for choice in (first, *between))
    return [choice["delta"] for choice in between]


def test_text_streams_between_the_role_and_the_reason() -> None:
    assert deltas(Text("Hel"), Text("lo")) == [{"content": "Hel"}, {"content": "lo"}]
    assert message(Text("Hel"), Text("lo"))["content"] == "Hello"


def test_a_plain_reply_has_all_that_a_client_reads() -> None:
    document = reply(Text("Hello"), *END)
    assert document["id"].startswith("chatcmpl-")
    assert document["id"] != reply(*END)["id"]
    assert document["model"] == "lab/small"
    assert document["object"] == "chat.completion"
    assert type(document["created"]) is int
    assert document["choices"] == [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ]
    assert document["usage"] == {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 0,
        "prompt_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }


def test_log_probabilities_go_with_their_text() -> None:
    events: list[Event] = [
        Text("a", logprobs=[TOKEN]),
        Text("b", logprobs=[{"token": "b", "logprob": -1}, {"token": "odd"}]),
    ]
    expected = [TOKEN, {"token": "b", "logprob": -1, "bytes": None, "top_logprobs": []}]
    assert reply(*events, *END)["choices"][0]["logprobs"] == {"content": expected, "refusal": None}
    told = [chunk["choices"][0]["logprobs"] for chunk in chunks(*events, *END)]
    assert chunks(Text("", logprobs=[TOKEN]), *END)[1]["choices"][0]["logprobs"]["content"] == [TOKEN]
    assert told == [None, *({"content": [token], "refusal": None} for token in expected), None]


def test_refusals_leave_no_content() -> None:
    assert deltas(Refusal("N"), Refusal("o.")) == [{"refusal": "N"}, {"refusal": "o."}]
    found = message(Refusal("N"), Refusal("o."))
    assert (found["content"], found["refusal"]) == (None, "No.")


def test_reasoning_and_its_summaries_are_reasoning_content() -> None:
    assert deltas(Reasoning("Hm."), Summary("So.")) == [{"reasoning_content": "Hm."}, {"reasoning_content": "So."}]
    found = message(Reasoning("Hm."), ReasoningState({"reasoning_content": "Hm."}), Text("Yes."))
    assert (found["reasoning_content"], found["content"]) == ("Hm.", "Yes.")
    assert "reasoning_content" not in message(Text("Yes."))


def test_parts_of_reasoning_do_not_run_into_each_other() -> None:
    began = PartBegan("summary_text")
    item = ItemBegan({"type": "reasoning"})
    found = message(
        Refusal("No."), item, began, Summary("**One**"), began, Summary("**Two**"), item, began, Summary("**Three**")
    )
    assert found["reasoning_content"] == "**One**\n\n**Two**\n\n**Three**"


def test_calls_are_numbered_and_named_in_their_first_chunk() -> None:
    events: list[Event] = [
        ToolCallBegan(4, "call_a", "look"),
        ToolCallBegan(2, "call_b", "find"),
        ToolArguments(4, '{"a"'),
        ToolArguments(2, "[1]"),
        ToolArguments(4, ": 1}"),
    ]
    assert [delta["tool_calls"] for delta in deltas(*events)] == [
        [{"index": 0, "id": "call_a", "type": "function", "function": {"name": "look", "arguments": ""}}],
        [{"index": 1, "id": "call_b", "type": "function", "function": {"name": "find", "arguments": ""}}],
        [{"index": 0, "function": {"arguments": '{"a"'}}],
        [{"index": 1, "function": {"arguments": "[1]"}}],
        [{"index": 0, "function": {"arguments": ": 1}"}}],
    ]
    found = message(*events)
    assert found["content"] is None
    assert found["tool_calls"] == [
        {"id": "call_a", "type": "function", "function": {"name": "look", "arguments": '{"a": 1}'}},
        {"id": "call_b", "type": "function", "function": {"name": "find", "arguments": "[1]"}},
    ]


def test_missing_arguments_are_an_empty_object() -> None:
    assert deltas(ToolCallBegan(0, "call_a", "look"))[1:] == [
        {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]}
    ]
    (call,) = message(ToolCallBegan(0, "call_a", "look"), ToolArguments(0, ""))["tool_calls"]
    assert call["function"]["arguments"] == "{}"


def test_custom_calls_have_an_input() -> None:
    events: list[Event] = [
        ToolCallBegan(0, "call_a", "run", kind="custom"),
        ToolArguments(0, "ls"),
        ToolArguments(0, " -l"),
    ]
    assert [delta["tool_calls"] for delta in deltas(*events)] == [
        [{"index": 0, "id": "call_a", "type": "custom", "custom": {"name": "run", "input": ""}}],
        [{"index": 0, "custom": {"input": "ls"}}],
        [{"index": 0, "custom": {"input": " -l"}}],
    ]
    assert message(*events)["tool_calls"] == [
        {"id": "call_a", "type": "custom", "custom": {"name": "run", "input": "ls -l"}}
    ]
    (empty,) = message(ToolCallBegan(0, "call_a", "run", kind="custom"))["tool_calls"]
    assert empty["custom"]["input"] == ""


def test_namespaces_are_part_of_the_name() -> None:
    (call,) = message(ToolCallBegan(0, "call_a", "look", namespace="crm"))["tool_calls"]
    assert call["function"]["name"] == "crm__look"


def test_citations_of_pages_are_nested_and_others_stand_apart() -> None:
    flat = Annotation({"type": "url_citation", **CITED})
    nested = Annotation({"type": "url_citation", "url_citation": {**CITED, "title": None}})
    file = Annotation({"type": "file_citation", "file_id": "file-1", "index": 0, "filename": "a"})
    expected = [
        {"type": "url_citation", "url_citation": CITED},
        {"type": "url_citation", "url_citation": {**CITED, "title": ""}},
    ]
    assert deltas(flat, nested, file) == [
        *({"annotations": [{"index": number, **annotation}]} for number, annotation in enumerate(expected)),
        {"citations": [file.annotation]},
    ]
    found = message(Text("It is so."), flat, nested, file)
    assert (found["annotations"], found["citations"]) == (expected, [file.annotation])
    assert "citations" not in message(Text("It is so."), flat)


@pytest.mark.parametrize(
    ("annotation", "moved"),
    [
        ({"type": "file_citation", "file_id": "f", "index": 2}, {"index": 7}),
        ({"type": "document", "title": "a", "start_index": 1, "end_index": 3}, {"start_index": 6, "end_index": 8}),
        # Beside a range, as Cohere has it, and in other annotations `index` is a number of the provider's.
        (
            {"type": "file_citation", "file_id": "f", "index": 1, "start_index": 1, "end_index": 3},
            {"start_index": 6, "end_index": 8},
        ),
        ({"type": "file_path", "file_id": "f", "index": 2}, {}),
        ({"type": "char_location", "cited_text": "x", "document_index": 0}, {}),
        ({"type": "file", "file": {"hash": "h"}}, {}),
        ({"type": "url_citation", "title": "no address"}, None),
        ({"type": None}, None),
    ],
)
def test_citation_without_an_address_counts_from_the_beginning_of_the_message(
    annotation: dict[str, Any], moved: dict[str, int] | None
) -> None:
    began = PartBegan("output_text")
    found = message(began, Text("One. "), began, Text("Two."), Annotation(annotation))
    assert found.get("citations") == (None if moved is None else [{**annotation, **moved}])


def test_citations_count_from_the_beginning_of_the_message() -> None:
    began, flat = PartBegan("output_text"), Annotation({"type": "url_citation", **CITED})
    found = message(began, Text("One. "), flat, began, Text("Two."), flat, ItemBegan({"type": "message"}), flat)
    assert found["content"] == "One. Two."
    places = [(a["url_citation"]["start_index"], a["url_citation"]["end_index"]) for a in found["annotations"]]
    assert places == [(1, 4), (6, 9), (10, 13)]


def test_hosted_items_are_not_shown() -> None:
    hosted: list[Event] = [
        ItemBegan(SEARCH),
        ItemProgress({"type": "response.web_search_call.searching"}),
        ItemEnded(SEARCH),
    ]
    assert deltas(*hosted, Text("Found.")) == [{"content": "Found."}]
    *_, last = chunks(*hosted, Done())
    assert last["choices"][0]["finish_reason"] == "stop"


def test_an_answer_that_ends_without_a_reason_is_given_one() -> None:
    for events, reason in (([Text("Hi")], "stop"), ([ToolCallBegan(0, "call_a", "look")], "tool_calls")):
        assert chunks(*events, Done())[-1]["choices"][0]["finish_reason"] == reason
        assert reply(*events, Done())["choices"][0]["finish_reason"] == reason


def test_choices_are_told_apart() -> None:
    events: list[Event] = [Text("b", 1), Text("a"), Finished("length"), Text("b", 1), Finished("stop", 1), Done()]
    document = reply(*events)
    assert [(c["index"], c["message"]["content"], c["finish_reason"]) for c in document["choices"]] == [
        (0, "a", "length"),
        (1, "bb", "stop"),
    ]
    assert [chunk["choices"][0]["index"] for chunk in chunks(*events)] == [1, 1, 0, 0, 0, 1, 1]


def test_usage_comes_last_and_only_if_it_was_asked_for() -> None:
    raw: dict[str, Any] = {"input_tokens": 9, "output_tokens": 5}
    events: list[Event] = [Text("Hi"), Finished("stop"), Usage(9, 5, 3, 2, 4, raw), Done()]
    expected = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "total_tokens": 14,
        "prompt_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 2},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }
    assert all(chunk["choices"] and "usage" not in chunk for chunk in chunks(*events))
    *others, last = chunks(*events, include_usage=True)
    assert all(chunk["usage"] is None for chunk in others)
    assert (last["choices"], last["usage"]) == ([], expected)
    assert reply(*events)["usage"] == expected


def test_details_under_chats_own_names_are_shown() -> None:
    raw: dict[str, Any] = {
        "prompt_tokens": 9,
        "completion_tokens": 5,
        "total_tokens": 14,
        "completion_tokens_details": {},
    }
    raw |= {"prompt_tokens_details": {"audio_tokens": 1, "odd": {"deep": 1}, "cached_tokens": 7}}
    found = reply(*END[:1], Usage(9, 5, 3, raw=raw), Done())["usage"]
    assert found["prompt_tokens_details"] == {"audio_tokens": 1, "cached_tokens": 3, "cache_write_tokens": 0}


def test_service_tier_is_the_one_that_was_told() -> None:
    assert reply(AnswerMetadata({"service_tier": "flex"}), *END)["service_tier"] == "flex"
    assert {chunk["service_tier"] for chunk in chunks(AnswerMetadata({"service_tier": "flex"}), *END)} == {"flex"}
    assert "service_tier" not in reply(AnswerMetadata({"service_tier": None}), *END)


def test_a_failure_is_an_error_and_no_end() -> None:
    *_, last = payloads([Text("Hal"), Usage(1, 1), Failed(UpstreamDown("cut off")), Text("f"), Done()])
    check("ErrorResponse", orjson.loads(last))
    assert orjson.loads(last)["error"]["message"] == "cut off"
    with pytest.raises(UpstreamDown, match="cut off"):
        reply(Text("Hal"), Failed(UpstreamDown("cut off")))


def test_native_answers_pass_as_they_came() -> None:
    document: dict[str, Any] = {"id": "x", "choices": [], "odd": 1}
    assert orjson.loads(writer().reply([NativeReply(document), Usage(1, 1), Done()])) == document
    events: list[Event] = [NativeChunk(b'{"odd": 1}'), NativeChunk(b"{}"), Usage(1, 1), Done()]
    assert payloads(events, include_usage=True) == [b'{"odd": 1}', b"{}", b"[DONE]"]


def test_native_reply_that_is_nested_too_deeply_is_the_upstreams_fault() -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(UpstreamDown):
        writer().reply([NativeReply({"choices": deep}), Done()])


@pytest.mark.parametrize("is_native", [True, False], ids=["native", "translated"])
def test_waystones_own_fields_are_there_in_both_cases(is_native: bool) -> None:
    events: list[Event] = [Text("Hi"), *END]
    native = reply(*events)
    native["choices"][0]["message"]["annotations"] = None
    given: list[Event] = [NativeReply(native), Done()] if is_native else events
    document = reply(*given, surface=WAYSTONE)
    (choice,) = document["choices"]
    assert choice["created"] == document["created"]
    assert choice["message"]["contents"] == choice["message"]["content"] == "Hi"
    assert (choice["message"]["annotations"], choice["message"]["audio"]) == ([], None)
    operation = bundle().document["paths"]["/api/gateway/v1/chat/completions"]["post"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    jsonschema_rs.Draft202012Validator(bundle().schema(schema)).validate(document)


@pytest.mark.parametrize("tier", [None, "default", 'a"b'])
@pytest.mark.parametrize("include_usage", [False, True])
@pytest.mark.parametrize("choice", [0, 3])
def test_a_text_leaves_in_the_same_chunk_as_everything_else(tier: str | None, include_usage: bool, choice: int) -> None:
    given: list[Event] = [Text("a", choice)]
    texts = [Text(text, choice) for text in ("b", 'c"\n', "\u00e9\u2028")]
    if tier is not None:
        given.append(AnswerMetadata({"service_tier": tier}))

    quick, slow = writer(include_usage=include_usage), writer(include_usage=include_usage)
    quick._id = slow._id = "chatcmpl-1"
    quick.write(given)
    slow.write(given)
    for text in texts:
        assert quick.write([text]) == b"".join(slow._chunk([one]) for one in slow._deltas.take(text))
