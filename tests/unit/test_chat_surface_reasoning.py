"""Reasoning that travels through chat clients: sealed, told, brought back, opened for its author and nobody else."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming._deltas import accumulate_delta

from gateway.neutral.events import (
    Annotation,
    Done,
    Event,
    Finished,
    ItemEnded,
    Reasoning,
    ReasoningState,
    Refusal,
    Text,
    ToolArguments,
    ToolCallBegan,
)
from gateway.neutral.items import EarlierReasoning, Item, Position, ToolCall
from gateway.neutral.prompt import Prompt
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_chat.reasoning import restored
from gateway.surfaces.waystone_chat import WaystoneChatSurface
from gateway.wire import sse
from tests.clients.contract import check
from tests.unit.chat_answers import CHAT, CITED, IMAGE, ChatSurface
from tests.unit.generations import generation_of

CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
SEAL = "waystone.1.abc"


def sealed(state: Mapping[str, Any]) -> str:
    return f"waystone.1.{orjson.dumps(dict(state)).decode()}"


def opened(text: str) -> Mapping[str, Any] | None:
    state: Mapping[str, Any] = orjson.loads(text.removeprefix("waystone.1."))
    return state if "theirs" not in state else None


def detail(state: Mapping[str, Any], index: int = 0, **more: Any) -> dict[str, Any]:
    return {"type": "reasoning.encrypted", "data": sealed(state), "format": "waystone-v1", "index": index, **more}


def told(*events: Event, surface: ChatSurface = CHAT) -> dict[str, Any]:
    """The message of the plain reply, which the official SDK puts together from the stream, too."""
    author = Author("lab", "m", sealed)
    document = orjson.loads(surface.writer(generation_of("m"), author).reply([*events, Done()]))
    check("ChatCompletion", document)
    message: dict[str, Any] = document["choices"][0]["message"]
    writer = OpenAIChatSurface().writer(generation_of("m", is_stream=True), author)
    folded: dict[Any, Any] = {}
    for payload in sse.Reader().feed(b"".join(writer.write([event]) for event in [*events, Done()]))[:-1]:
        chunk = orjson.loads(payload)
        check("ChatCompletionChunk", chunk)
        folded = accumulate_delta(folded, chunk["choices"][0]["delta"])
    assert folded.get("reasoning_details") == message.get("reasoning_details")
    for name in ("images", "annotations"):
        found = [{key: value for key, value in entry.items() if key != "index"} for entry in folded.get(name) or []]
        assert found == (message.get(name) or [])
    return message


def only_message(body: Any) -> Any:
    """The one message of a body, restored."""
    restored_body: Any = restored(body, opened)
    (message,) = restored_body["messages"]
    return message


def read(*messages: Any) -> Prompt:
    """The prompt of a chat body with these messages."""
    body: Any = {"model": "m", "messages": list(messages)}
    return OpenAIChatSurface().read(body).prompt


def kinds(prompt: Prompt) -> list[Any]:
    """The seals of reasoning, the ids of calls, and `message`."""
    return [_kind(item) for item in prompt.items]


def _kind(item: Item) -> str | None:
    match item:
        case EarlierReasoning(sealed=seal):
            return seal
        case ToolCall(call_id=call_id):
            return call_id
        case _:
            return "message"


def test_state_is_told_sealed_and_before_what_it_belongs_to() -> None:
    message = told(
        Reasoning("Hm."),
        ReasoningState({"a": 1}),
        Text("I look."),
        ReasoningState({"b": 2}),
        ToolCallBegan(0, "call_1", "look"),
        ToolArguments(0, "{}"),
        ReasoningState({"c": 3}),
        ReasoningState({"d": 4}),
        Finished("tool_calls"),
    )
    assert message["reasoning_details"] == [
        detail({"a": 1}, 0),
        detail({"b": 2}, 1, id="call_1"),
        detail({"c": 3}, 2, id="end"),
        detail({"d": 4}, 3, id="end"),
    ]
    assert message["reasoning_content"] == "Hm."


def test_answer_without_a_state_has_no_details() -> None:
    assert "reasoning_details" not in told(Reasoning("Hm."), Text("Yes."), Finished("stop"))


def test_waystones_own_chat_has_the_details_too() -> None:
    message = told(ReasoningState({"a": 1}), Text("Yes."), Finished("stop"), surface=WaystoneChatSurface())
    assert message["reasoning_details"] == [detail({"a": 1})]


def test_details_come_back_as_reasoning_in_the_order_of_the_answer() -> None:
    answer = {
        "role": "assistant",
        "content": "I look.",
        "reasoning_content": "Hm.",
        "tool_calls": [CALL, {**CALL, "id": "call_2"}],
        "reasoning_details": [
            detail({"last": 1}, 3, id="end"),
            detail({"first": 1}),
            detail({"second": 1}, 1, id="call_2"),
            detail({"odd": 1}, 2, id="call_9"),
        ],
    }
    prompt = read(answer)
    assert kinds(prompt) == [
        *(sealed({"first": 1}), sealed({"odd": 1}), "message", "call_1", sealed({"second": 1}), "call_2"),
        sealed({"last": 1}),
    ]
    assert prompt.untranslated == []


def test_item_of_a_seal_is_a_reasoning_item() -> None:
    items = read({"role": "assistant", "content": "Yes.", "reasoning_details": [detail({"a": 1})]}).items
    assert items[0] == EarlierReasoning(Position(0, "messages[0].reasoning_details[0]"), sealed({"a": 1}))


@pytest.mark.parametrize(
    "details",
    [
        [{"type": "reasoning.text", "text": "Hm.", "signature": "x"}],
        [{"type": "reasoning.encrypted", "data": "gAAAA", "format": "openai-responses-v1"}],
        [5, None, {"type": "reasoning.encrypted", "data": 5, "format": "waystone-v1"}],
        "none",
    ],
)
def test_details_of_others_are_left_out_and_said(details: Any) -> None:
    prompt = read({"role": "assistant", "content": "Yes.", "reasoning_details": details})
    assert (kinds(prompt), prompt.untranslated) == (["message"], ["messages[0].reasoning_details"])


def test_seal_is_known_without_its_format() -> None:
    bare = {"type": "reasoning.encrypted", "data": SEAL}
    assert kinds(read({"role": "assistant", "content": "", "reasoning_details": [bare]})) == [SEAL, "message"]


def test_body_without_seals_goes_as_it_came() -> None:
    body: Any = {
        "model": "m",
        "messages": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm."},
            {"role": "assistant", "content": "", "reasoning_details": [{"type": "reasoning.text", "text": "Hm."}]},
        ],
    }
    assert restored(body, opened) is body
    odd: Any = {"messages": "none"}
    assert restored(odd, opened) is odd


def test_author_gets_its_own_fields_back_in_place_of_the_seal() -> None:
    given = {"role": "assistant", "content": "Yes.", "reasoning_content": "As it was shown."}
    states: list[dict[str, Any]] = [{"reasoning_content": "As it "}, {"reasoning_content": "was."}]
    details = [detail(state, number) for number, state in enumerate(states)]
    body: Any = {"model": "m", "messages": [{**given, "reasoning_details": details}], "seed": 1}
    before = orjson.dumps(body)
    expected = {"role": "assistant", "content": "Yes.", "reasoning_content": "As it was."}
    assert restored(body, opened) == {"model": "m", "messages": [expected], "seed": 1}
    assert orjson.dumps(body) == before


def test_authors_details_join_those_that_are_not_sealed() -> None:
    own, other = {"type": "reasoning.text", "text": "Hm."}, {"type": "reasoning.text", "text": "So."}
    message = {"role": "assistant", "content": None, "reasoning_details": [own, detail({"reasoning_details": [other]})]}
    found = only_message({"messages": [message]})
    assert found["reasoning_details"] == [own, other]


@pytest.mark.parametrize(
    ("content", "expected"),
    [("Yes.", [{"type": "text", "text": "Yes."}]), (None, []), ([{"type": "text", "text": "a"}],) * 2],
)
def test_reasoning_that_stands_in_the_content_comes_first_there(content: Any, expected: list[Any]) -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}
    message = {"role": "assistant", "content": content, "reasoning_details": [detail({"content": [thought]})]}
    found = only_message({"messages": [message]})
    assert found["content"] == [thought, *expected]


def test_nobody_else_gets_a_seal_or_the_words_under_it() -> None:
    message = {"role": "assistant", "content": "Yes.", "reasoning_content": "Hm.", "reasoning": "Hm."}
    body: Any = {"messages": [{**message, "reasoning_details": [detail({"theirs": 1})], "tool_calls": [CALL]}]}
    expected = {"role": "assistant", "content": "Yes.", "tool_calls": [CALL]}
    assert restored(body, opened) == {"messages": [expected]}


def test_images_are_told_as_data_urls() -> None:
    jpeg = {**IMAGE, "result": "/9j/4AAQ"}
    told_kind = {**IMAGE, "result": "AAAA", "output_format": "webp"}
    message = told(
        Text("See."),
        *[ItemEnded(item) for item in (IMAGE, jpeg, told_kind, {**IMAGE, "result": None})],
        Finished("stop"),
    )
    assert [image["image_url"]["url"] for image in message["images"]] == [
        "data:image/png;base64,iVBORw0KGgo=",
        "data:image/jpeg;base64,/9j/4AAQ",
        "data:image/webp;base64,AAAA",
    ]
    assert {image["type"] for image in message["images"]} == {"image_url"}


def test_lists_in_a_stream_can_be_put_together_by_stock_clients() -> None:
    cited = Annotation({"type": "url_citation", **CITED})
    message = told(Text("So it is."), cited, cited, ItemEnded(IMAGE), ItemEnded(IMAGE), Finished("stop"))
    assert (len(message["annotations"]), len(message["images"])) == (2, 2)


_STATES = st.builds(ReasoningState, st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), min_size=1))
_SAID = st.one_of(
    st.builds(Text, st.sampled_from(["a", "ä🙂"])),
    st.builds(Refusal, st.just("no")),
    st.builds(Reasoning, st.just("hm")),
    _STATES,
    _STATES,
)


@settings(deadline=None)
@given(
    before=st.lists(_SAID, max_size=8),
    calls=st.integers(0, 3),
    between=st.lists(_STATES, max_size=4),
    is_last=st.booleans(),
)
def test_every_state_comes_back_in_its_place(
    before: list[Event], calls: int, between: list[Event], *, is_last: bool
) -> None:
    """What was thought before a call is before it again, and what was thought before the text before all of it."""
    events = [*before]
    for number in range(calls):
        events += [*between[number : number + 1], ToolCallBegan(number, f"call_{number}", "look")]
    events += between[-1:] if is_last else []
    message = told(*events, Finished("stop"))
    prompt = read(message)
    states = [event.state for event in events if isinstance(event, ReasoningState)]
    back = [opened(item.sealed or "") for item in prompt.items if isinstance(item, EarlierReasoning)]
    assert sorted(map(str, back)) == sorted(map(str, states))
    assert "reasoning_details" not in str(prompt.untranslated)
    order = kinds(prompt)
    for number in range(min(calls, len(between))):
        assert isinstance(prompt.items[order.index(f"call_{number}") - 1], EarlierReasoning)
