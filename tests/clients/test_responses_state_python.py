"""The official Python SDK on what `/v1` keeps: stored responses, their input, conversations and their items."""

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import openai
import pytest
from openai import OpenAI
from openai.types.responses import ResponseInputItemParam

from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway

MODEL = "test/echo"


def user(text: str) -> ResponseInputItemParam:
    return {"type": "message", "role": "user", "content": text}


@pytest.fixture
def sdk(sdk_of_v1: OpenAI, upstream: ChatUpstream) -> OpenAI:
    upstream.forget()
    return sdk_of_v1


@pytest.fixture(scope="module")
def strangers_key(agent_gateway: RunningGateway) -> str:
    return agent_gateway.command("keys", "create", "--name", "stranger").strip()


@pytest.fixture
def stranger(sdk: OpenAI, strangers_key: str) -> OpenAI:
    """The same client with another key."""
    return sdk.copy(api_key=strangers_key)


def test_a_response_is_retrieved_as_it_was_and_deleted(sdk: OpenAI) -> None:
    response = sdk.responses.create(model=MODEL, input="Keep this.")
    assert sdk.responses.retrieve(response.id, include=["reasoning.encrypted_content"]) == response
    sdk.responses.delete(response.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(response.id)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.delete(response.id)


def test_a_response_that_was_not_to_be_stored_is_not_there(sdk: OpenAI) -> None:
    response = sdk.responses.create(model=MODEL, input="Forget this.", store=False)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(response.id)
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.responses.create(model=MODEL, input="Go on.", previous_response_id=response.id)
    assert caught.value.code == "previous_response_not_found"


def test_input_items_are_listed_page_by_page(sdk: OpenAI) -> None:
    response = sdk.responses.create(model=MODEL, input=[user(f"{number}") for number in range(7)])
    page = sdk.responses.input_items.list(response.id, limit=3, order="asc", include=["message.input_image.image_url"])
    assert (len(page.data), page.has_more, page.has_next_page()) == (3, True, True)
    forwards = _texts(page)
    backwards = _texts(sdk.responses.input_items.list(response.id, limit=2))
    assert forwards == ["0", "1", "2", "3", "4", "5", "6"]
    assert backwards == forwards[::-1]
    with pytest.raises(openai.BadRequestError) as caught:
        sdk.responses.input_items.list(response.id, after="msg_nowhere")
    assert caught.value.param == "after"


def test_turns_follow_each_other_by_previous_response_id(sdk: OpenAI, upstream: ChatUpstream) -> None:
    first = sdk.responses.create(model=MODEL, input="One.")
    second = sdk.responses.create(model=MODEL, input="Two.", previous_response_id=first.id)
    with sdk.responses.stream(model=MODEL, input="Three.", previous_response_id=second.id) as stream:
        third = stream.until_done().get_final_response()
    assert third.previous_response_id == second.id
    said = [(message["role"], message["content"]) for message in upstream.last["messages"]]
    assert [text for _, text in said] == ["One.", "One.", "Two.", "Two.", "Three."]
    assert [role for role, _ in said] == ["user", "assistant"] * 2 + ["user"]
    assert _texts(sdk.responses.input_items.list(third.id)) == ["Three."]


def test_an_item_is_referred_to_by_its_id(sdk: OpenAI, upstream: ChatUpstream) -> None:
    first = sdk.responses.create(model=MODEL, input="One.")
    assert first.output[0].id is not None
    again: list[ResponseInputItemParam] = [{"type": "item_reference", "id": first.output[0].id}, user("Two.")]
    sdk.responses.create(model=MODEL, input=again)
    assert [message["role"] for message in upstream.last["messages"]] == ["assistant", "user"]
    with pytest.raises(openai.NotFoundError) as caught:
        sdk.responses.create(model=MODEL, input=[{"type": "item_reference", "id": "msg_nowhere"}])
    assert (caught.value.param, caught.value.code) == ("input", None)
    assert caught.value.body == {
        "message": "Item with id 'msg_nowhere' not found.",
        "type": "invalid_request_error",
        "param": "input",
        "code": None,
    }


def test_a_conversation_is_created_read_updated_and_deleted(sdk: OpenAI) -> None:
    made = sdk.conversations.create(metadata={"topic": "tea"}, items=[user("Hello.")])
    assert made.id.startswith("conv_")
    assert sdk.conversations.retrieve(made.id) == made
    updated = sdk.conversations.update(made.id, metadata={"topic": "coffee"})
    assert (updated.id, updated.metadata) == (made.id, {"topic": "coffee"})
    assert sdk.conversations.retrieve(made.id).metadata == {"topic": "coffee"}
    deleted = sdk.conversations.delete(made.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (made.id, True, "conversation.deleted")
    with pytest.raises(openai.NotFoundError):
        sdk.conversations.retrieve(made.id)


def test_items_of_a_conversation_are_added_listed_read_and_deleted(sdk: OpenAI) -> None:
    id_ = sdk.conversations.create(items=[user("Zero.")]).id
    added = sdk.conversations.items.create(id_, items=[user("One."), user("Two."), user("Three.")])
    assert _texts(added.data) == ["One.", "Two.", "Three."]
    forwards = _texts(sdk.conversations.items.list(id_, order="asc", limit=2))
    assert forwards == ["Zero.", "One.", "Two.", "Three."]
    assert _texts(sdk.conversations.items.list(id_)) == forwards[::-1]
    item_id = str(getattr(added.data[1], "id", None))
    assert sdk.conversations.items.retrieve(item_id, conversation_id=id_) == added.data[1]
    assert sdk.conversations.items.delete(item_id, conversation_id=id_).id == id_
    assert _texts(sdk.conversations.items.list(id_, order="asc")) == ["Zero.", "One.", "Three."]
    with pytest.raises(openai.NotFoundError):
        sdk.conversations.items.retrieve(item_id, conversation_id=id_)


def test_turns_of_a_conversation_follow_each_other(sdk: OpenAI, upstream: ChatUpstream) -> None:
    id_ = sdk.conversations.create(items=[user("Zero.")]).id
    sdk.responses.create(model=MODEL, input="One.", conversation=id_)
    with sdk.responses.stream(model=MODEL, input="Two.", conversation={"id": id_}) as stream:
        response = stream.until_done().get_final_response()
    assert response.conversation is not None
    assert response.conversation.id == id_
    said = [message["content"] for message in upstream.last["messages"]]
    assert said == ["Zero.", "One.", "One.", "Two."]
    assert _texts(sdk.conversations.items.list(id_, order="asc")) == [*said, "Two."]


def test_a_turn_that_failed_leaves_the_conversation_as_it_was(sdk: OpenAI) -> None:
    id_ = sdk.conversations.create(items=[user("Zero.")]).id
    with sdk.responses.create(model="test/cut", input="A long story.", conversation=id_, stream=True) as stream:
        *_, last = stream
    assert last.type == "response.failed"
    assert _texts(sdk.conversations.items.list(id_)) == ["Zero."]


def test_what_one_key_keeps_another_never_sees(sdk: OpenAI, stranger: OpenAI) -> None:
    response = sdk.responses.create(model=MODEL, input="Secret.")
    conversation = sdk.conversations.create(items=[user("Secret.")])
    item = sdk.conversations.items.list(conversation.id).data[0]
    attempts: list[Callable[[], Any]] = [
        lambda: stranger.responses.retrieve(response.id),
        lambda: stranger.responses.delete(response.id),
        lambda: stranger.responses.input_items.list(response.id),
        lambda: stranger.responses.create(model=MODEL, input="Go on.", conversation=conversation.id),
        lambda: stranger.responses.create(
            model=MODEL, input=[{"type": "item_reference", "id": str(response.output[0].id)}]
        ),
        lambda: stranger.conversations.retrieve(conversation.id),
        lambda: stranger.conversations.update(conversation.id, metadata={"mine": "now"}),
        lambda: stranger.conversations.delete(conversation.id),
        lambda: stranger.conversations.items.list(conversation.id),
        lambda: stranger.conversations.items.create(conversation.id, items=[user("I was here.")]),
        lambda: stranger.conversations.items.retrieve(str(item.id), conversation_id=conversation.id),
        lambda: stranger.conversations.items.delete(str(item.id), conversation_id=conversation.id),
    ]
    for attempt in attempts:
        with pytest.raises(openai.NotFoundError):
            attempt()
    with pytest.raises(openai.BadRequestError) as caught:
        stranger.responses.create(model=MODEL, input="Go on.", previous_response_id=response.id)
    assert caught.value.code == "previous_response_not_found"
    assert sdk.responses.retrieve(response.id) == response
    assert sdk.conversations.items.list(conversation.id).data == [item]
    assert sdk.conversations.retrieve(conversation.id) == conversation


def test_what_is_not_there_is_an_error_of_its_kind(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as previous:
        sdk.responses.create(model=MODEL, input="Go on.", previous_response_id="resp_nowhere", stream=True)
    assert (previous.value.code, previous.value.param) == ("previous_response_not_found", "previous_response_id")
    with pytest.raises(openai.NotFoundError) as unknown:
        sdk.responses.create(model=MODEL, input="Go on.", conversation="conv_nowhere")
    assert unknown.value.param == "conversation"
    with pytest.raises(openai.BadRequestError) as both:
        sdk.responses.create(
            model=MODEL, input="Go on.", conversation="conv_nowhere", previous_response_id="resp_nowhere"
        )
    assert both.value.code == "mutually_exclusive_parameters"


def _texts(items: Iterable[Any]) -> list[str]:
    """The texts of messages of one part each; of so many at most, lest a list without end be followed."""
    return [part.text for item in islice(items, 50) for [part] in [item.content]]
