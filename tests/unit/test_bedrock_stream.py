"""Answers of Converse, streamed and plain: blocks, states, citations, forms, ends and failures."""

from typing import Any

import orjson
import pytest

from gateway.dialects.base import Refused
from gateway.dialects.structured_output import FORMAT_TOOL
from gateway.errors import GatewayError
from gateway.neutral.events import (
    Annotation,
    AnswerMetadata,
    Done,
    Event,
    Failed,
    Finished,
    ItemBegan,
    ItemEnded,
    PartBegan,
    Reasoning,
    ReasoningState,
    Text,
    ToolArguments,
    ToolCallBegan,
    Usage,
)
from gateway.neutral.generation import Generation
from gateway.providers import ROWS
from tests.replay.rendering import on_chat, on_responses
from tests.unit.bedrock_encoding import CLAUDE_4_5, DIALECT, FORM, LLAMA, NOVA, TOOL, of_chat, origin
from tests.unit.validating import validated

ASKED = of_chat("Hi", tools=[TOOL])
START = ("messageStart", {"role": "assistant"})
METADATA = ("metadata", {"usage": {"inputTokens": 5, "outputTokens": 3, "totalTokens": 8}})
USAGE = Usage(5, 3, raw={"inputTokens": 5, "outputTokens": 3, "totalTokens": 8})
Told_ = tuple[str, dict[str, Any]]


def delta(index: int, **of: Any) -> Told_:
    return "contentBlockDelta", {"contentBlockIndex": index, "delta": of, "p": "abc"}


def stop(index: int) -> Told_:
    return "contentBlockStop", {"contentBlockIndex": index}


def begun(index: int, **start: Any) -> Told_:
    return "contentBlockStart", {"contentBlockIndex": index, "start": start}


def ended(reason: str = "end_turn") -> list[Told_]:
    return [("messageStop", {"stopReason": reason}), METADATA]


def streamed(*events: Told_, asked: Generation = ASKED) -> list[Event]:
    """The neutral events of a stream."""
    decoder = DIALECT.decoder(asked, origin(asked.model), is_native=False)
    found = [event for kind, payload in events for event in decoder.feed(orjson.dumps({kind: payload}))]
    return validated([*found, *decoder.end()], DIALECT, asked, origin(asked.model))


def plain(*blocks: Any, reason: str = "end_turn", asked: Generation = ASKED, **more: Any) -> list[Event]:
    """The neutral events of a plain reply."""
    document = {"output": {"message": {"content": blocks}}, "stopReason": reason, "usage": METADATA[1]["usage"], **more}
    events = DIALECT.decode_reply(orjson.dumps(document), asked, origin(asked.model), is_native=False)
    return validated(events, DIALECT, asked, origin(asked.model))


def failure(events: list[Event]) -> GatewayError:
    assert isinstance(events[-1], Failed)
    return events[-1].error


def test_text_has_no_start_and_usage_comes_after_the_stop() -> None:
    events = streamed(START, delta(0, text="He"), delta(0, text="llo"), stop(0), *ended())
    assert events == [Text("He"), Text("llo"), Finished("stop"), USAGE, Done()]
    assert plain({"text": "Hello"}) == [Text("Hello"), Finished("stop"), USAGE, Done()]


def test_call_comes_in_pieces_and_one_without_arguments_is_given_nothing() -> None:
    call = begun(0, toolUse={"toolUseId": "t1", "name": "weather"})
    pieces = [delta(0, toolUse={"input": '{"city":'}), delta(0, toolUse={"input": '"Paris"}'})]
    other = begun(1, toolUse={"toolUseId": "t2", "name": "weather"})
    events = streamed(START, call, *pieces, stop(0), other, stop(1), *ended("tool_use"))
    assert events == [
        ToolCallBegan(0, "t1", "weather"),
        ToolArguments(0, '{"city":'),
        ToolArguments(0, '"Paris"}'),
        ToolCallBegan(1, "t2", "weather"),
        ToolArguments(1, "{}"),
        Finished("tool_calls"),
        USAGE,
        Done(),
    ]


def test_reasoning_is_told_and_its_state_at_the_end_of_its_block() -> None:
    thought = [delta(0, reasoningContent={"text": "I th"}), delta(0, reasoningContent={"text": "ink."})]
    signed = delta(0, reasoningContent={"signature": "abc=="})
    events = streamed(START, *thought, signed, stop(0), delta(1, text="Hi"), stop(1), *ended())
    state: dict[str, Any] = {"reasoningContent": {"reasoningText": {"text": "I think.", "signature": "abc=="}}}
    assert events[:4] == [Reasoning("I th"), Reasoning("ink."), ReasoningState(state), Text("Hi")]
    whole = plain({"reasoningContent": state["reasoningContent"]}, {"text": "Hi"})
    assert whole[:3] == [Reasoning("I think."), ReasoningState(state), Text("Hi")]


def test_reasoning_that_nobody_may_read_is_only_state() -> None:
    pieces = [delta(0, reasoningContent={"redactedContent": piece}) for piece in ("b3A=", "YXE=")]
    events = streamed(START, *pieces, stop(0), *ended())
    assert events[0] == ReasoningState({"reasoningContent": {"redactedContent": "b3BhcQ=="}})
    assert plain({"reasoningContent": {"redactedContent": "b3BhcQ=="}})[0] == events[0]
    assert on_responses(events).document["output"][0]["type"] == "reasoning"


def test_block_that_nobody_closed_is_over_when_the_next_one_begins() -> None:
    events = streamed(delta(0, reasoningContent={"text": "A"}), delta(1, text="B"), *ended())
    assert events[1] == ReasoningState({"reasoningContent": {"reasoningText": {"text": "A"}}})


WEB = {"title": "A page", "location": {"web": {"url": "https://example.org/", "domain": "example.org"}}}
PAGE = {"type": "url_citation", "url": "https://example.org/", "title": "A page"}


def test_citations_count_from_the_beginning_of_their_part() -> None:
    blocks = [delta(0, text="One."), stop(0), delta(1, citation=WEB), delta(1, text=" Two."), stop(1)]
    call = [begun(2, toolUse={"toolUseId": "t", "name": "weather"}), stop(2)]
    more = [delta(3, citation=WEB), delta(3, text="Three."), stop(3)]
    events = streamed(START, *blocks, *call, *more, *ended("tool_use"))
    told = [event.annotation for event in events if isinstance(event, Annotation)]
    assert told == [{**PAGE, "start_index": 4, "end_index": 9}, {**PAGE, "start_index": 0, "end_index": 6}]
    assert PartBegan("output_text") in events
    places = [one["url_citation"]["start_index"] for one in on_chat(events).citations]
    assert places == [4, 9]
    assert [one["start_index"] for one in on_responses(events).citations] == [4, 0]


def test_citation_in_a_plain_reply_says_the_same() -> None:
    cited = {"citationsContent": {"content": [{"text": " Two."}], "citations": [WEB, {"nothing": 1}, 7]}}
    events = plain({"text": "One."}, cited)
    assert events[2] == Annotation({**PAGE, "start_index": 4, "end_index": 9})
    assert events[3] == Finished("stop")


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("guardrail_intervened", "content_filter"),
        ("content_filtered", "content_filter"),
        ("something_new", "stop"),
    ],
)
def test_every_reason_to_stop_has_openais_word(reason: str, finish: Any) -> None:
    assert Finished(finish) in streamed(delta(0, text="Hi"), *ended(reason))
    assert Finished(finish) in plain({"text": "Hi"}, reason=reason)


@pytest.mark.parametrize("reason", ["malformed_model_output", "malformed_tool_use"])
def test_malformed_answer_is_a_failure(reason: str) -> None:
    for events in (streamed(delta(0, text="Hi"), *ended(reason)), plain({"text": "Hi"}, reason=reason)):
        assert (failure(events).status, failure(events).code) == (502, "server_error")


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("internalServerException", 503, "overloaded"),
        ("modelStreamErrorException", 503, "overloaded"),
        ("serviceUnavailableException", 503, "overloaded"),
        ("throttlingException", 429, "rate_limit_exceeded"),
        ("validationException", 400, None),
        ("accessDeniedException", 502, "upstream_auth"),
        ("somethingNewException", 503, "overloaded"),
    ],
)
def test_exception_in_mid_stream_ends_the_answer(kind: str, status: int, code: str | None) -> None:
    events = streamed(delta(0, text="Hi"), ("exception", {kind: {"message": "It broke."}}), *ended())
    assert events[0] == Text("Hi")
    assert (failure(events).status, failure(events).code) == (status, code)


def test_prompt_that_is_too_long_is_told_as_such_wherever_it_is_noticed() -> None:
    body = orjson.dumps({"message": "Input is too long for requested model."})
    refused = Refused("bedrock", 400, {"x-amzn-errortype": "ValidationException:http://x/"}, body)
    facts = ROWS["bedrock"].own.of(CLAUDE_4_5)
    assert DIALECT.decode_error(refused, facts).code == "context_length_exceeded"
    told = {"validationException": {"message": "Input Tokens Exceeded: Number of input tokens exceeds maximum."}}
    assert failure(streamed(("exception", told))).code == "context_length_exceeded"


@pytest.mark.parametrize("kind", ["ServiceQuotaExceededException", "ThrottlingException", "ModelNotReadyException"])
def test_kind_of_a_refusal_is_read_from_its_header(kind: str) -> None:
    status = 400 if kind.startswith("Service") else 429
    refused = Refused("bedrock", status, {"x-amzn-errortype": kind}, b'{"Message":"No."}')
    code = "insufficient_quota" if kind.startswith("Service") else "rate_limit_exceeded"
    assert DIALECT.decode_error(refused, ROWS["bedrock"].own).code == code


def test_stream_that_ends_early_was_cut_off() -> None:
    assert failure(streamed(START, delta(0, text="Hi"))).code == "upstream_cut_off"
    assert streamed(delta(0, text="Hi"), ended()[0])[-1] == Done()


@pytest.mark.parametrize("payload", [b"[]", b"{", b'{"messageStop":3}', b'{"contentBlockDelta":{"delta":3}}', b"{}"])
def test_nonsense_is_no_event(payload: bytes) -> None:
    decoder = DIALECT.decoder(ASKED, origin(CLAUDE_4_5), is_native=False)
    assert failure(list(decoder.feed(payload))).code == "upstream_bad_reply"


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"output":{"message":{"content":[3]}},"stopReason":"end_turn"}'])
def test_nonsense_is_no_reply(body: bytes) -> None:
    assert failure(DIALECT.decode_reply(body, ASKED, origin(CLAUDE_4_5), is_native=False)).code == "upstream_bad_reply"


def test_events_that_nobody_knows_yet_say_nothing() -> None:
    new = ("somethingNew", {"a": 1})
    assert streamed(new, delta(0, newThing={}), delta(0, text="Hi"), *ended())[0] == Text("Hi")


def test_tier_is_told() -> None:
    assert AnswerMetadata({"service_tier": "flex"}) in plain({"text": "Hi"}, serviceTier={"type": "flex"})
    metadata = ("metadata", {**METADATA[1], "serviceTier": {"type": "flex"}})
    assert AnswerMetadata({"service_tier": "flex"}) in streamed(delta(0, text="Hi"), ended()[0], metadata)


def test_image_is_an_item() -> None:
    events = streamed(
        begun(0, image={"format": "png"}), delta(0, image={"source": {"bytes": "QQ=="}}), stop(0), *ended()
    )
    assert isinstance(events[0], ItemBegan)
    assert isinstance(events[1], ItemEnded)
    assert events[1].item["result"] == "QQ=="
    assert plain({"image": {"format": "png", "source": {"bytes": "QQ=="}}}) == events
    on_responses(events)


def test_forced_tool_is_the_answers_text() -> None:
    asked = of_chat("Hi", NOVA, response_format=FORM)
    call = begun(1, toolUse={"toolUseId": "t", "name": FORMAT_TOOL})
    given = delta(1, toolUse={"input": '{"city":"Paris"}'})
    events = streamed(delta(0, text="Let me see."), stop(0), call, given, stop(1), *ended("tool_use"), asked=asked)
    assert events == [Text('{"city":"Paris"}'), Finished("stop"), USAGE, Done()]


@pytest.mark.parametrize("given", ['{"city":3}', '{"town":"Paris"}', "{"])
def test_answer_that_has_not_its_form_is_a_failure(given: str) -> None:
    asked = of_chat("Hi", NOVA, response_format=FORM)
    call = begun(0, toolUse={"toolUseId": "t", "name": FORMAT_TOOL})
    events = streamed(call, delta(0, toolUse={"input": given}), stop(0), *ended("tool_use"), asked=asked)
    assert failure(events).code == "upstream_bad_reply"


@pytest.mark.parametrize("said", ['{"city":"Paris"}', '```json\n{"city":"Paris"}\n```', ' {"city":"Paris"}\n'])
def test_form_in_words_comes_without_its_fence(said: str) -> None:
    asked = of_chat("Hi", LLAMA, response_format=FORM)
    assert plain({"text": said}, asked=asked)[0] == Text('{"city":"Paris"}')
    assert failure(plain({"text": "It is Paris."}, asked=asked)).code == "upstream_bad_reply"


def test_call_of_a_tool_that_is_ruled_out_is_a_failure() -> None:
    asked = of_chat("Hi", tools=[TOOL], tool_choice="none")
    call = begun(0, toolUse={"toolUseId": "t", "name": "weather"})
    assert failure(streamed(call, *ended("tool_use"), asked=asked)).code == "upstream_bad_reply"


def test_models_that_answer_with_text_are_listed() -> None:
    entries = [{"modelId": "a", "outputModalities": ["TEXT"]}, {"modelId": "b", "outputModalities": ["EMBEDDING"]}, 3]
    assert [model.name for model in DIALECT.decode_models(orjson.dumps({"modelSummaries": entries}))] == ["a"]
    for body in (b"[]", b"{}", b"x"):
        with pytest.raises(ValueError):
            DIALECT.decode_models(body)
