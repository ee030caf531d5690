"""The official Python SDK on responses in the background: created, polled, streamed, resumed, cancelled."""

import threading

import openai
import pytest
from openai import OpenAI
from openai.types.responses import Response

from tests.servers.chat_upstream import ChatUpstream

ECHO = "test/echo"
WORDS = "A text that is long enough to come in more than three pieces."


@pytest.fixture
def sdk(sdk_of_v1: OpenAI, upstream: ChatUpstream) -> OpenAI:
    upstream.forget()
    return sdk_of_v1


def polled(sdk: OpenAI, response_id: str) -> Response:
    """The response, once it is over."""
    pause = threading.Event()
    for _ in range(600):
        response = sdk.responses.retrieve(response_id)
        if response.status not in ("queued", "in_progress"):
            return response
        pause.wait(0.05)
    raise AssertionError(response.status)


def test_response_is_created_in_the_background_and_polled(sdk: OpenAI) -> None:
    queued = sdk.responses.create(model=ECHO, input=WORDS, background=True)
    assert (queued.status, queued.background, queued.output) == ("queued", True, [])
    done = polled(sdk, queued.id)
    assert (done.status, done.output_text) == ("completed", WORDS)


def test_stream_is_resumed_with_its_cursor(sdk: OpenAI) -> None:
    seen, response_id = [], ""
    with sdk.responses.create(model=ECHO, input=WORDS, background=True, stream=True) as stream:
        for event in stream:
            seen.append(event)
            if event.type == "response.created":
                response_id = event.response.id
            if event.type == "response.output_text.delta":
                break
    cursor = seen[-1].sequence_number
    rest = list(sdk.responses.retrieve(response_id, stream=True, starting_after=cursor))
    assert [event.sequence_number for event in rest] == list(range(cursor + 1, cursor + 1 + len(rest)))
    last = rest[-1]
    assert last.type == "response.completed"
    assert last.response.output_text == WORDS
    assert list(sdk.responses.retrieve(response_id, stream=True))[: len(seen)] == seen


def test_helper_takes_up_a_stream_by_its_id(sdk: OpenAI) -> None:
    queued = sdk.responses.create(model=ECHO, input=WORDS, background=True)
    with sdk.responses.stream(response_id=queued.id, starting_after=3) as stream:
        final = stream.get_final_response()
    assert final.output_text == WORDS


def test_response_is_cancelled_twice(sdk: OpenAI, upstream: ChatUpstream) -> None:
    queued = sdk.responses.create(model="test/pause", input=WORDS, background=True)
    cancelled = sdk.responses.cancel(queued.id)
    assert cancelled.status == "cancelled"
    assert sdk.responses.cancel(queued.id) == cancelled == sdk.responses.retrieve(queued.id)
    upstream.go_on.set()


def test_refusals_have_their_classes(sdk: OpenAI) -> None:
    with pytest.raises(openai.BadRequestError):
        sdk.responses.create(model=ECHO, input=WORDS, background=True, store=False)
    plain = sdk.responses.create(model=ECHO, input=WORDS)
    with pytest.raises(openai.BadRequestError):
        sdk.responses.cancel(plain.id)
    with pytest.raises(openai.BadRequestError):
        sdk.responses.retrieve(plain.id, stream=True)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.cancel("resp_of_nobody")
