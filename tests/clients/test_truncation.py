"""Requests that are beyond the window of their model: turns are left out, or nothing is sent."""

from collections.abc import Iterator

import httpx
import pytest

from tests.clients.asking import RESPONSES, Document
from tests.clients.windowed import MODEL, Upstreams, talk, windowed_gateway
from tests.servers.gateway import RunningGateway
from tests.servers.windowed_upstream import WindowedUpstream, text_of


@pytest.fixture(scope="module")
def upstreams() -> Upstreams:
    return Upstreams()


@pytest.fixture(scope="module")
def gateway(upstreams: Upstreams, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    with windowed_gateway(upstreams, tmp_path_factory.mktemp("windowed")) as running:
        yield running


@pytest.fixture
def upstream(upstreams: Upstreams) -> WindowedUpstream:
    upstreams.forget()
    return upstreams.windowed


@pytest.fixture
def client(gateway: RunningGateway, upstream: WindowedUpstream) -> Iterator[httpx.Client]:
    with gateway.client() as client:
        yield client


def test_truncation_leaves_out_whole_turns_and_reports_them(client: httpx.Client, upstream: WindowedUpstream) -> None:
    reply = client.post(RESPONSES, json={"model": MODEL, "input": talk(60), "truncation": "auto"})
    assert reply.status_code == 200, reply.text
    messages = upstream.received[-1]["messages"]
    assert upstream.sizes[-1] < upstream.window
    assert text_of(messages[0]) == "Be brief."
    assert messages[1]["role"] == "user"
    assert text_of(messages[-1]) == "the last question"
    dropped = reply.headers["x-waystone-dropped"].split(",")
    assert dropped[:2] == ["input[1]", "input[2]"]
    assert 1 + 2 * 60 + 1 - len(dropped) == len(messages)


def test_truncation_reports_what_it_leaves_out_of_the_chain(client: httpx.Client, upstream: WindowedUpstream) -> None:
    first = client.post(RESPONSES, json={"model": "larger/large", "input": talk(60)}).json()["id"]
    body = {"model": MODEL, "input": "and now?", "previous_response_id": first, "truncation": "auto"}
    reply = client.post(RESPONSES, json=body)
    assert reply.headers["x-waystone-dropped"].startswith("previous_response_id[1],previous_response_id[2]")
    assert upstream.sizes[-1] < upstream.window


@pytest.mark.parametrize("path", [RESPONSES, "/v1/chat/completions", "/api/gateway/v1/chat/completions"])
@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "stream"])
def test_what_is_far_beyond_the_window_is_refused_before_anything_is_sent(
    client: httpx.Client, upstream: WindowedUpstream, path: str, is_stream: bool
) -> None:
    def asked(text: str) -> Document:
        return {"input": text} if path == RESPONSES else {"messages": [{"role": "user", "content": text}]}

    reply = client.post(path, json={"model": MODEL, "stream": is_stream, **asked("word " * 14_000)})
    error = reply.json()["error"]
    assert (reply.status_code, error["code"]) == (400, "context_length_exceeded")
    assert upstream.received == []
    # Near it, the provider decides.
    near = asked("word " * 8_000)
    assert client.post(path, json={"model": MODEL, **near}).json()["error"]["code"] == "context_length_exceeded"
    assert upstream.refused == 1


def test_window_is_listed_with_its_model(client: httpx.Client) -> None:
    listed = {model["id"]: model.get("context_window") for model in client.get("/v1/models").json()["data"]}
    assert (listed["windowed/m"], listed["larger/large"], listed["unknown/m"]) == (8_000, 100_000, None)


def test_larger_model_of_the_same_provider_steps_in(client: httpx.Client, upstream: WindowedUpstream) -> None:
    body = {"model": MODEL, "models": ["windowed/large"], "input": "word " * 16_000}
    reply = client.post(RESPONSES, json=body)
    assert (reply.status_code, upstream.received[-1]["model"]) == (200, "large")


def test_truncated_response_repeats_what_was_requested(client: httpx.Client, upstream: WindowedUpstream) -> None:
    reply = client.post(RESPONSES, json={"model": MODEL, "input": talk(60), "truncation": "auto"})
    assert reply.json()["truncation"] == "auto"
