"""Idempotency keys on responses in the background: one response for one key, until it fails or is cancelled."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.clients import background
from tests.clients.asking import RESPONSES, text
from tests.clients.background import blocks, cancel, order, streamed, until
from tests.clients.contract import check_error
from tests.servers.gateway import running_gateway
from tests.servers.paced_upstream import PacedUpstream, text_of
from tests.servers.thread import serving


@pytest.fixture(scope="module")
def client(paced: PacedUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("keyed")
    with (
        serving(paced) as url,
        running_gateway(folder, background.settings(url)) as gateway,
        gateway.client() as client,
    ):
        yield client


def keyed(client: httpx.Client, key: str, name: str, **more: object) -> httpx.Response:
    return client.post(RESPONSES, json=order(name, 3, hold=2) | more, headers={"idempotency-key": key})


def test_queued_response_is_created_once(client: httpx.Client, paced: PacedUpstream) -> None:
    first, second = (keyed(client, "once", "once") for _ in range(2))
    assert (first.json(), second.headers["x-waystone-replayed"]) == (second.json(), "true")
    paced.let_go("once")
    done = until(client, first.json()["id"])
    assert (text(done), paced.begun["once"]) == (text_of("once"), 1)
    assert keyed(client, "once", "once").json() == first.json()
    other = keyed(client, "once", "another")
    assert (other.status_code, check_error(other.json())["type"]) == (409, "idempotency_error")


def test_cancelled_response_makes_room_for_another(client: httpx.Client, paced: PacedUpstream) -> None:
    first = keyed(client, "cancelled", "cancelled").json()["id"]
    cancel(client, first)
    second = keyed(client, "cancelled", "cancelled").json()["id"]
    assert second != first
    paced.let_go("cancelled")
    assert until(client, second)["status"] == "completed"


def test_stream_of_the_background_is_replayed(client: httpx.Client, paced: PacedUpstream) -> None:
    paced.let_go("streamed")
    first, second = (keyed(client, "streamed", "streamed", stream=True) for _ in range(2))
    assert second.headers["x-waystone-replayed"] == "true"
    assert second.headers["content-type"] == first.headers["content-type"]
    assert blocks(first.content) == blocks(second.content)
    assert paced.begun["streamed"] == 1


def test_stream_that_was_cancelled_is_not_replayed(client: httpx.Client, paced: PacedUpstream) -> None:
    body, headers = order("gone", 3, hold=2, stream=True), {"idempotency-key": "gone"}
    with client.stream("POST", RESPONSES, json=body, headers=headers) as reply:
        pieces = reply.iter_raw()
        seen = b""
        while b"gone 1. " not in seen:
            seen += next(pieces)
        listed = client.get(RESPONSES, params={"status": "in_progress"}).json()["data"]
        cancel(client, listed[0]["id"])
        seen += b"".join(pieces)
    assert blocks(streamed(client, listed[0]["id"])) == blocks(seen)
    paced.let_go("gone")
    again = client.post(RESPONSES, json=body, headers=headers)
    assert "x-waystone-replayed" not in again.headers
    assert b"response.completed" in again.content
    assert paced.begun["gone"] == 2


@pytest.mark.parametrize("is_background", [True, False], ids=["background", "foreground"])
@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "plain"])
def test_deleted_response_is_forgotten(
    client: httpx.Client, paced: PacedUpstream, is_background: bool, is_stream: bool
) -> None:
    name = f"deleted-{is_background}-{is_stream}"
    paced.let_go(name)
    first = keyed(client, name, name, stream=is_stream, background=is_background)
    id_ = id_of(first)
    assert client.delete(f"{RESPONSES}/{id_}").status_code == 200
    again = keyed(client, name, name, stream=is_stream, background=is_background)
    assert "x-waystone-replayed" not in again.headers
    assert id_of(again) != id_


def id_of(reply: httpx.Response) -> str:
    """The id of the response that an answer is, or is the stream of."""
    found = re.search(r'"id":"(resp_[^"]+)"', reply.text)
    assert found is not None
    return found[1]


def test_stream_under_way_is_followed_by_who_repeats_the_request(client: httpx.Client, paced: PacedUpstream) -> None:
    body, headers = order("followed", 3, hold=2, stream=True), {"idempotency-key": "followed"}
    with (
        client.stream("POST", RESPONSES, json=body, headers=headers) as first,
        client.stream("POST", RESPONSES, json=body, headers=headers) as second,
    ):
        assert second.headers["x-waystone-replayed"] == "true"
        paced.let_go("followed")
        assert blocks(first.read()) == blocks(second.read())
    assert paced.begun["followed"] == 1
