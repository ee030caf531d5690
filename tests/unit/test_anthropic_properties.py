"""Any conversation is one that Anthropic takes, with no text lost; any answer is told alike, however it is cut."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.base import Decoder
from gateway.neutral.events import Done, Event, Failed, ReasoningState, Usage
from gateway.neutral.json import JsonObject, objects_in
from tests.replay.decoded import fed
from tests.replay.rendering import on_chat, on_responses
from tests.servers.anthropic_upstream import USAGE, _event, _events
from tests.unit.anthropic_requests import DIALECT, FABLE, HAIKU, OLD, OPUS_46, OPUS_48, SONNET_4, encode, origin
from tests.unit.chat_requests import reasoning
from tests.unit.generations import generation_of
from tests.unit.test_openai_chat_property import CHOICES, TOOLS, Speech

OFFERED: Any = TOOLS
MODELS = st.sampled_from([HAIKU, SONNET_4, OPUS_46, OPUS_48, FABLE, OLD])
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "c2ln"}
RAN = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []}
STATES = st.sampled_from([None, [THOUGHT], [{"type": "redacted_thinking", "data": "b3A="}, THOUGHT], [RAN, FOUND]])
EFFORTS = st.sampled_from([None, "none", "minimal", "low", "high", "xhigh", "max"])
FORMS = st.sampled_from([None, {"type": "json_object"}])
LIMITS = st.sampled_from([None, 1, 5000, 10**6])


class Discourse(Speech):
    """Speech whose thoughts are Anthropic's."""

    def __init__(self, draw: st.DrawFn) -> None:
        super().__init__(draw)

    def think(self) -> None:
        blocks = self._draw(STATES)
        self.items.append(reasoning(None if blocks is None else {"blocks": blocks}))


@settings(max_examples=120, deadline=None)
@given(st.composite(Discourse)(), MODELS, CHOICES, EFFORTS, FORMS, LIMITS)
def test_any_conversation_is_one_that_a_strict_server_takes_and_no_text_is_lost(
    speech: Discourse, model: str, choice: Any, effort: Any, form: Any, limit: Any
) -> None:
    fields = {"reasoning_effort": effort, "response_format": form, "max_tokens": limit, "top_k": 4, "temperature": 1.7}
    # Without anything that is said, there may be nothing to answer.
    items = speech.items if speech.texts else [*speech.items, {"type": "message", "role": "user", "content": ""}]
    body, _ = encode(generation_of("m", items=items, tools=OFFERED, tool_choice=choice, fields=fields), model)
    told = str([body.get("system", ""), body["messages"]])
    assert [text for text in speech.texts if told.count(text) != 1] == []
    media = [part for item in speech.items for part in _parts(item) if part["type"] in ("input_image", "input_file")]
    assert told.count("'source': {") == len(media)


def _parts(item: dict[str, Any]) -> list[dict[str, Any]]:
    content = item.get("content") or item.get("output")
    return content if isinstance(content, list) else []


JSON = st.recursive(st.none() | st.booleans() | st.integers(-99, 99) | st.text(max_size=9), st.lists, max_leaves=5)
OBJECTS = st.dictionaries(st.text(max_size=5), JSON, max_size=3)
CITATION = {
    "type": "char_location",
    "cited_text": "so",
    "document_index": 0,
    "document_title": "A",
    "end_char_index": 9,
}
PAGE = {"type": "web_search_result_location", "url": "https://a/", "title": "T", "cited_text": "so"}
CITATIONS = st.lists(st.sampled_from([CITATION, PAGE]), max_size=2)
BLOCKS = st.one_of(
    st.builds(lambda text, cited: {"type": "text", "text": text, "citations": cited}, st.text(max_size=20), CITATIONS),
    st.builds(lambda text: {**THOUGHT, "thinking": text}, st.text(max_size=20)),
    st.just({"type": "redacted_thinking", "data": "b3A="}),
    st.builds(lambda given: {"type": "tool_use", "id": "toolu_1", "name": "look", "input": given}, OBJECTS),
    st.builds(lambda given: {**RAN, "input": given}, OBJECTS),
    st.just(FOUND),
    st.just({"type": "bash_code_execution_tool_result", "tool_use_id": "srvtoolu_1", "content": {"stdout": "1"}}),
    st.just({"type": "yet_to_come"}),
)
REASONS = st.sampled_from(["end_turn", "tool_use", "max_tokens", "refusal", "pause_turn", "yet_to_come"])


def _message(blocks: list[dict[str, Any]], reason: str) -> dict[str, Any]:
    content = [
        {**block, "id": f"{block['id']}_{i}"} if block["type"] == "tool_use" else block
        for i, block in enumerate(blocks)
    ]
    return {
        "type": "message",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "stop_details": None,
        "usage": USAGE,
    }


@settings(max_examples=120, deadline=None)
@given(st.lists(BLOCKS, max_size=6), REASONS, st.integers(1, 50))
def test_any_message_says_the_same_streamed_and_plain_wherever_it_is_cut(
    blocks: list[dict[str, Any]], reason: str, size: int
) -> None:
    message = _message(blocks, reason)
    plain = DIALECT.decode_reply(orjson.dumps(message), generation_of("m"), origin(), is_native=False)
    body = b"".join(map(_event, _events(message)))
    streamed = fed(_decoder(), body, size)
    assert isinstance(plain[-1], Done)
    assert on_responses(plain).says() == on_responses(streamed).says()
    assert on_chat(plain).says() == on_chat(streamed).says() == on_responses(plain).says()
    assert on_responses(plain).citations == on_responses(streamed).citations
    assert (
        _states(plain)
        == _states(streamed)
        == [block for block in message["content"] if block["type"] not in ("text", "tool_use", "yet_to_come")]
    )


def _states(events: list[Event]) -> list[JsonObject]:
    states = [event.state for event in events if isinstance(event, ReasoningState)]
    return [block for state in states for block in objects_in(state["blocks"])]


def _decoder() -> Decoder:
    return DIALECT.decoder(generation_of("m", is_stream=True), origin(), is_native=False)


ODD: list[Any] = [
    None,
    0,
    1,
    "",
    "text",
    [],
    [1],
    {},
    {"type": "text"},
    {"type": 1},
    {"type": "text_delta", "text": 1},
    {"type": []},
]
ANY = st.sampled_from([*ODD, {"type": "tool_use", "id": 1}, {"type": "thinking_delta", "thinking": "x"}, {"usage": []}])
EVENTS = st.fixed_dictionaries(
    {
        "type": st.sampled_from(
            [
                "message_start",
                "content_block_start",
                "content_block_delta",
                "content_block_stop",
                "message_delta",
                "message_stop",
                "error",
                "ping",
            ]
        )
    },
    optional={name: ANY for name in ("index", "delta", "content_block", "message", "usage", "error")},
)


@settings(max_examples=120, deadline=None)
@given(st.lists(EVENTS | ANY, max_size=8))
def test_nonsense_ends_as_one_failure_or_an_answer(documents: list[Any]) -> None:
    events = fed(_decoder(), b"".join(b"data: " + orjson.dumps(document) + b"\n\n" for document in documents), 1 << 16)
    ends = [event for event in events if isinstance(event, Done | Failed)]
    assert ends == events[-1:]


@settings(max_examples=100, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["type", "content", "stop_reason", "usage", "container", "stop_details"]),
        ANY | st.lists(BLOCKS),
    )
)
def test_nonsense_in_a_plain_reply_is_one_failure_or_an_answer(document: dict[str, Any]) -> None:
    events = DIALECT.decode_reply(orjson.dumps(document), generation_of("m"), origin(), is_native=False)
    assert [event for event in events if isinstance(event, Done | Failed)] == events[-1:]


COUNTS = st.integers(-5, 10**9) | st.none() | st.text(max_size=3)


@given(st.dictionaries(st.sampled_from([*USAGE, "cache_creation"]), COUNTS), COUNTS)
def test_no_count_of_tokens_exceeds_its_whole(usage: dict[str, Any], thinking: Any) -> None:
    message = {**_message([], "end_turn"), "usage": {**usage, "output_tokens_details": {"thinking_tokens": thinking}}}
    events = DIALECT.decode_reply(orjson.dumps(message), generation_of("m"), origin(), is_native=False)
    for told in (event for event in events if isinstance(event, Usage)):
        assert 0 <= told.cached + told.cache_write <= told.prompt
        assert 0 <= told.reasoning <= told.completion
