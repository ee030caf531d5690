"""Answers of Gemini that no recording has, in neutral events."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects.base import Origin
from gateway.dialects.gemini import GEMINI
from gateway.dialects.gemini.stream import CallArguments, StreamReader
from gateway.errors import UpstreamError
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    ItemBegan,
    ItemEnded,
    ReasoningState,
    Summary,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject
from gateway.providers import gemini
from gateway.wire import sse
from tests.unit.generations import generation_of

DIALECT = GEMINI
ORIGIN = Origin("g", "gemini-3-flash", gemini.ROW.own)
PLAIN = generation_of("m")


def reply(document: Any, generation: Generation = PLAIN, origin: Origin = ORIGIN) -> list[Event]:
    return DIALECT.decode_reply(orjson.dumps(document), generation, origin, is_native=False)


def said(*parts: Any, reason: str | None = "STOP", **more: Any) -> dict[str, Any]:
    return {"content": {"role": "model", "parts": list(parts)}, "finishReason": reason, **more}


def answer(*parts: Any, reason: str | None = "STOP", **more: Any) -> list[Event]:
    return reply({"candidates": [said(*parts, reason=reason, **more)]})


def stream(*candidates: dict[str, Any]) -> list[Event]:
    decoder = DIALECT.decoder(PLAIN, ORIGIN, is_native=False)
    events = [event for one in candidates for event in decoder.feed(orjson.dumps({"candidates": [one]}))]
    return [*events, *decoder.end()]


def failure(events: list[Event]) -> str | None:
    last = events[-1]
    assert isinstance(last, Failed)
    return last.error.code


def test_signature_of_a_call_comes_right_before_it() -> None:
    state, call, arguments, *_ = answer({"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "c2ln"})
    assert state == ReasoningState({"thought_signature": "c2ln", "on": "call"})
    assert isinstance(call, ToolCallBegan)
    assert (call.name, arguments) == ("f", ToolArguments(0, '{"a":1}'))


def test_id_of_a_call_is_marked_as_geminis_or_made() -> None:
    one, other = answer({"functionCall": {"name": "f", "id": "ab12cd34"}}, {"functionCall": {"name": "f"}})[0:3:2]
    assert isinstance(one, ToolCallBegan)
    assert isinstance(other, ToolCallBegan)
    assert one.id == "gemini_ab12cd34"
    assert other.id.startswith("call_")
    assert len(other.id) > 20
    assert (one.index, other.index) == (0, 1)


def test_signature_that_comes_after_its_text_does_not_cut_it() -> None:
    pieces: list[Any] = [{"text": "Hel"}, {"text": "lo", "thoughtSignature": "c2ln"}, {"text": " you"}]
    events = stream(*(said(piece, reason=None) for piece in pieces), said({"text": ""}))
    state = ReasoningState({"thought_signature": "c2ln", "on": "end"})
    assert events == [Text("Hel"), Text("lo"), Text(" you"), state, Finished("stop"), Done()]


def test_calls_finish_with_tool_calls_though_gemini_says_stop() -> None:
    assert Finished("tool_calls") in answer({"functionCall": {"name": "f"}})


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        *(("STOP", "stop"), (1, "stop"), ("SOMETHING_NEW", "stop"), (77, "stop"), ("MAX_TOKENS", "length")),
        *((2, "length"), ("SAFETY", "content_filter"), ("RECITATION", "content_filter"), ("SPII", "content_filter")),
        *(("IMAGE_SAFETY", "content_filter"), ("MODEL_ARMOR", "content_filter"), (7, "content_filter")),
    ],
)
def test_finish_reason(reason: Any, expected: Any) -> None:
    assert Finished(expected) in answer({"text": "Hi"}, reason=reason)


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", 9, "UNEXPECTED_TOOL_CALL", "OTHER", "NO_IMAGE"])
def test_reason_that_openai_has_no_word_for_is_a_failure(reason: Any) -> None:
    events = answer({"text": "Hi"}, reason=reason, finishMessage="Bad call.")
    assert failure(events) == "upstream_bad_reply"
    assert "Bad call." in events[-1].error.message  # type: ignore[union-attr]


def test_blocked_prompt_is_an_empty_answer_that_was_filtered() -> None:
    events = reply({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 7}})
    usage = Usage(prompt=7, raw={"promptTokenCount": 7})
    assert events == [Finished("content_filter"), usage, Done()]


@pytest.mark.parametrize("content", [{}, {"content": {}}, {"content": {"role": "model"}}, {"content": {"parts": []}}])
def test_missing_content_is_no_text(content: dict[str, Any]) -> None:
    events = reply({"candidates": [{**content, "finishReason": "MAX_TOKENS"}]})
    assert events == [Finished("length"), Done()]


@pytest.mark.parametrize("body", [b"[]", b"{}", b"", b"3", b'{"candidates": [3]}', b"<html>"])
def test_what_is_no_answer_is_a_failure(body: bytes) -> None:
    events = DIALECT.decode_reply(body, PLAIN, ORIGIN, is_native=False)
    assert failure(events) in ("upstream_bad_reply", "upstream_cut_off")


def test_stream_without_a_finish_reason_was_cut_off() -> None:
    assert failure(stream(said({"text": "Hi"}, reason=None))) == "upstream_cut_off"


def test_stream_of_which_one_choice_is_open_was_cut_off() -> None:
    assert (
        failure(stream(said({"text": "a"}, index=0), said({"text": "b"}, reason=None, index=1))) == "upstream_cut_off"
    )


def test_usage_keeps_what_later_chunks_leave_out() -> None:
    decoder = DIALECT.decoder(PLAIN, ORIGIN, is_native=False)
    first: JsonObject = {"promptTokenCount": 9, "toolUsePromptTokenCount": 3, "cachedContentTokenCount": 4}
    decoder.feed(orjson.dumps({"candidates": [said({"text": "a"}, reason=None)], "usageMetadata": first}))
    last: JsonObject = {"candidatesTokenCount": 5, "thoughtsTokenCount": 2, "serviceTier": "flex"}
    decoder.feed(orjson.dumps({"candidates": [said({"text": "b"})], "usageMetadata": last}))
    *_, told, usage, _done = decoder.end()
    assert told == AnswerMetadata({"service_tier": "flex"})
    assert usage == Usage(prompt=12, completion=7, cached=4, reasoning=2, raw={**first, **last})


counts = st.one_of(st.integers(-5, 10**6), st.none(), st.text(max_size=2), st.floats(allow_nan=True))


@given(
    st.dictionaries(
        st.sampled_from(
            sorted(
                {
                    "promptTokenCount",
                    "toolUsePromptTokenCount",
                    "cachedContentTokenCount",
                    "candidatesTokenCount",
                    "thoughtsTokenCount",
                    "totalTokenCount",
                }
            )
        ),
        counts,
        min_size=1,
    )
)
def test_details_of_usage_never_exceed_their_parents(raw: dict[str, Any]) -> None:
    events = reply({"candidates": [said({"text": "a"})], "usageMetadata": raw})
    (usage,) = [event for event in events if isinstance(event, Usage)]
    assert 0 <= usage.cached <= usage.prompt
    assert 0 <= usage.reasoning <= usage.completion


def test_page_is_cited_in_characters_though_gemini_counts_bytes() -> None:
    text = "Grüß Gott – es ist schön."
    begin, end = len("Grüß Gott – ".encode()), len(text.encode())
    web = {"groundingChunks": [{"web": {"uri": "https://e.org", "title": "e.org"}}]}
    support = {"segment": {"startIndex": begin, "endIndex": end}, "groundingChunkIndices": [0, 7]}
    events = answer({"text": text}, groundingMetadata={**web, "groundingSupports": [support]})
    place: JsonObject = {"start_index": 12, "end_index": len(text)}
    note: JsonObject = {"type": "url_citation", "url": "https://e.org", "title": "e.org", **place}
    assert [event for event in events if isinstance(event, Annotation)] == [Annotation(note)]


def test_segment_with_words_is_where_its_words_are() -> None:
    segment = {"startIndex": 0, "endIndex": 3, "text": "two"}
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://e.org"}}],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
    }
    (note,) = [one for one in answer({"text": "one two"}, groundingMetadata=grounding) if isinstance(one, Annotation)]
    assert (note.annotation["start_index"], note.annotation["end_index"]) == (4, 7)


@pytest.mark.parametrize("name", ["citations", "citationSources"])
def test_citation_metadata_is_cited(name: str) -> None:
    sources = [{"startIndex": 0, "endIndex": 3, "uri": "https://e.org"}, {"startIndex": 1, "endIndex": 2}]
    events = answer({"text": "one two"}, citationMetadata={name: sources})
    (note,) = [event for event in events if isinstance(event, Annotation)]
    assert note.annotation["url"] == "https://e.org"
    assert note.annotation["end_index"] == 3


def test_code_that_was_run_is_an_item_and_goes_back() -> None:
    code: JsonObject = {"executableCode": {"language": "PYTHON", "code": "1/0"}, "thoughtSignature": "c2ln"}
    result: JsonObject = {"codeExecutionResult": {"outcome": "OUTCOME_FAILED", "output": "Oops"}}
    began, ended, state, text, *_ = answer(code, result, {"text": "It failed."})
    assert isinstance(began, ItemBegan)
    assert isinstance(ended, ItemEnded)
    assert (ended.item["code"], ended.item["status"], ended.item["outputs"]) == ("1/0", "failed", None)
    assert state == ReasoningState({"parts": [code, result]})
    assert text == Text("It failed.")


def test_probabilities_of_tokens_come_with_their_text() -> None:
    top = [{"candidates": [{"token": "Hü", "logProbability": -0.5}, {"token": "Ho", "logProbability": -1}]}]
    result = {"chosenCandidates": [{"token": "Hü", "logProbability": -0.5}], "topCandidates": top}
    told = answer({"text": "thought", "thought": True}, {"text": "Hü"}, logprobsResult=result)
    high: JsonObject = {"token": "Hü", "logprob": -0.5, "bytes": [72, 195, 188]}
    low: JsonObject = {"token": "Ho", "logprob": -1, "bytes": [72, 111]}
    assert told[0:2] == [Summary("thought"), Text("Hü", 0, [{**high, "top_logprobs": [high, low]}])]


def test_choices_are_told_apart_by_their_index() -> None:
    events = reply({"candidates": [said({"text": "a"}), said({"text": "b"}, index=1)]})
    assert events == [Text("a"), Text("b", 1), Finished("stop"), Finished("stop", 1), Done()]


def test_call_that_goes_on_ends_with_an_empty_one() -> None:
    pieces = [
        {"functionCall": {"name": "f", "willContinue": True}, "thoughtSignature": "c2ln"},
        {
            "functionCall": {
                "partialArgs": [{"jsonPath": "$.a", "stringValue": "x", "willContinue": True}],
                "willContinue": True,
            }
        },
        {"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "y"}], "willContinue": True}},
        {"functionCall": {}},
    ]
    _, begun, arguments, second, more, *_ = stream(
        *(said(piece, reason=None) for piece in pieces), said({"functionCall": {"name": "g", "args": {}}})
    )
    assert isinstance(begun, ToolCallBegan)
    assert isinstance(second, ToolCallBegan)
    assert (arguments, more) == (ToolArguments(0, '{"a":"xy"}'), ToolArguments(1, "{}"))


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([("$.a.b", "numberValue", 2), ("$.a.c", "boolValue", True)], {"a": {"b": 2, "c": True}}),
        ([("$.l[0].x", "stringValue", "p"), ("$.l[1].x", "stringValue", "q")], {"l": [{"x": "p"}, {"x": "q"}]}),
        ([("$['a b']", "nullValue", None), ('$["c"]', "stringValue", "")], {"a b": None, "c": ""}),
        ([("$.l[99999]", "stringValue", "far"), ("$", "stringValue", "?"), ("x", "stringValue", "?")], {"l": []}),
        ([("$.a", "stringValue", "x"), ("$.a.b", "numberValue", 1)], {"a": {"b": 1}}),
    ],
)
def test_values_find_their_place_by_their_path(pieces: list[tuple[str, str, Any]], expected: Any) -> None:
    arguments = CallArguments()
    arguments.add([{"jsonPath": path, name: value} for path, name, value in pieces])
    assert arguments.end() == expected


paths = st.lists(st.one_of(st.sampled_from(["a", "b"]), st.integers(0, 3)), min_size=1, max_size=4)


@given(st.lists(st.tuples(paths, st.one_of(st.text(max_size=2), st.integers(), st.booleans())), max_size=8))
def test_no_sequence_of_values_breaks_the_arguments(pieces: list[tuple[list[Any], Any]]) -> None:
    arguments = CallArguments()
    for steps, value in pieces:
        path = "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
        name = "stringValue" if isinstance(value, str) else "boolValue" if isinstance(value, bool) else "numberValue"
        arguments.add([{"jsonPath": path, name: value}])
    assert isinstance(arguments.end(), dict)


documents = st.lists(
    st.dictionaries(st.text(max_size=3), st.one_of(st.text(max_size=6), st.lists(st.text(max_size=3), max_size=2))),
    min_size=1,
    max_size=4,
)


@given(documents, st.sampled_from(["array", "events", "lines"]), st.lists(st.integers(1, 7), min_size=1), st.booleans())
def test_reader_finds_every_chunk_wherever_the_bytes_are_cut(
    told: list[dict[str, Any]], kind: str, sizes: list[int], is_indented: bool
) -> None:
    written = [orjson.dumps(one, option=orjson.OPT_INDENT_2 if is_indented and kind == "array" else 0) for one in told]
    body = {
        "array": b"[" + b"\n,\r\n".join(written) + b"\n]",
        "events": b"".join(b"data: " + one + b"\r\n\r\n" for one in written),
        "lines": b"".join(b"data: " + one + b"\n\n" for one in written),
    }[kind]
    found: list[bytes] = []
    reader, place, turn = StreamReader(), 0, 0
    while place < len(body):
        size = sizes[turn % len(sizes)]
        found += reader.feed(body[place : place + size])
        place, turn = place + size, turn + 1
    found += reader.end()
    assert [orjson.loads(one) for one in found] == told


def test_chunks_before_one_over_the_limit_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    with pytest.raises(sse.DamagedStream) as damaged:
        StreamReader().feed(b'[{"a": 1},{"b": "' + b"x" * 200)
    assert damaged.value.events == [b'{"a": 1}']


def test_array_that_was_cut_off_ends_as_a_failure() -> None:
    reader, decoder = DIALECT.reader(), DIALECT.decoder(PLAIN, ORIGIN, is_native=False)
    events: list[Event] = []
    for payload in [*reader.feed(b'[{"candidates": [{"content"'), *reader.end()]:
        events += decoder.feed(payload)
    assert failure([*events, *decoder.end()]) == "upstream_bad_reply"


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 99), st.text(max_size=4)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                [
                    "candidates",
                    "content",
                    "parts",
                    "text",
                    "functionCall",
                    "name",
                    "args",
                    "finishReason",
                    "index",
                    "thought",
                    "partialArgs",
                    "willContinue",
                    "groundingMetadata",
                    "groundingSupports",
                    "groundingChunks",
                    "segment",
                    "error",
                    "usageMetadata",
                    "promptFeedback",
                    "blockReason",
                    "logprobsResult",
                    "executableCode",
                    "toolCall",
                    "inlineData",
                ]
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


@given(st.lists(json_values, min_size=1, max_size=4))
def test_nothing_that_is_json_breaks_the_decoder(told: list[Any]) -> None:
    decoder = DIALECT.decoder(PLAIN, ORIGIN, is_native=False)
    events = [event for document in told for event in decoder.feed(orjson.dumps(document))]
    events += decoder.end()
    assert isinstance(events[-1], Done | Failed)
    assert decoder.is_over
    if isinstance(events[-1], Failed):
        assert isinstance(events[-1].error, UpstreamError)
