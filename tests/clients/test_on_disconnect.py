"""What becomes of an answer whose client leaves: by the settings, by its key, by a header where the key allows it."""

import asyncio
from itertools import product
from typing import Any

import httpx
import pytest

from gateway.auth import KeyRing
from gateway.store.database import Database
from tests.clients.asking import RESPONSES
from tests.clients.contract import check_error
from tests.clients.keyed import begun, keyed, post, query, usage
from tests.clients.stops import CHAT, STREAMS, Serve, asked, wait_until
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway

HEADER = "x-waystone-on-disconnect"
ABORTED = (499, None, 1)
DRAINED = (200, None, 0)


def key_of(gateway: RunningGateway, on_disconnect: str | None = None, *, may_choose: bool = False) -> str:
    """A new key."""

    async def create() -> str:
        database = await Database.open(f"sqlite:///{gateway.folder}/data/waystone.db")
        new = await KeyRing(database, None).create("k", None, on_disconnect, may_choose=may_choose)
        await database.close()
        return new.secret

    return asyncio.run(create())


def leave(gateway: RunningGateway, upstream: ChatUpstream, key: str, headers: dict[str, str]) -> Any:
    """Leave in mid-stream. The usage row, once the answer is over."""
    upstream.forget()
    body = asked(RESPONSES, "test/pause", stream=True)
    with gateway.client(key) as client, client.stream("POST", RESPONSES, json=body, headers=headers) as reply:
        next(reply.iter_lines())
        assert upstream.began.wait(10)
        id_ = reply.headers["x-request-id"]
    wait_until(lambda: id_ in gateway.log.read_text())
    upstream.go_on.set()
    found = f"select status, outcome, estimated from usage where request_id = '{id_}'"
    wait_until(lambda: bool(query(gateway, found)))
    return query(gateway, found)[0]


# A chat has no response that could go on in the background.
@pytest.mark.parametrize(("path", "action"), [*((path, "drain") for path in STREAMS), (CHAT, "background")])
def test_drained_answer_is_made_to_its_end_accounted_and_stored(
    serve: Serve, upstream: ChatUpstream, path: str, action: str
) -> None:
    gateway = serve(on_disconnect=action)
    with begun(gateway, path, {}):
        assert upstream.began.wait(10)
    wait_until(lambda: "499" in gateway.log.read_text())
    assert not upstream.left.is_set()
    upstream.go_on.set()
    wait_until(lambda: len(usage(gateway)) == 1)
    assert usage(gateway) == [DRAINED]
    # Waystone's own operation stores what its request has `store: true` for.
    assert query(gateway, "select status from responses") == [("completed",)] * (path == RESPONSES)
    assert query(gateway, "select state from jobs") == []


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_plain_answer_is_drained(serve: Serve, upstream: ChatUpstream, path: str) -> None:
    gateway = serve(on_disconnect="drain")
    with gateway.client(timeout=0.5) as client, pytest.raises(httpx.TimeoutException):
        post(client, path, {}, "test/stall")
    assert not upstream.left.is_set()
    upstream.go_on.set()
    wait_until(lambda: usage(gateway) == [DRAINED])
    assert len(query(gateway, "select id from responses")) == (path == RESPONSES)


def test_answer_is_the_same_whether_or_not_it_would_be_drained(serve: Serve) -> None:
    actions = [{HEADER: action} for action in ("abort", "drain", "background")]
    with serve(may_choose_on_disconnect=True).client() as client:
        for path, is_stream in product(STREAMS, (False, True)):
            replies = [post(client, path, sent, stream=is_stream) for sent in ({}, *actions)]
            assert {(reply.status_code, len(reply.content)) for reply in replies} == {(200, len(replies[0].content))}
            assert len({tuple(sorted(reply.headers)) for reply in replies}) == 1


NONE: dict[str, str] = {}


@pytest.mark.parametrize(
    ("settings", "cases"),
    [
        (
            {},
            [
                ({}, NONE, ABORTED),
                ({"on_disconnect": "drain"}, NONE, DRAINED),
                ({"on_disconnect": "background"}, NONE, DRAINED),
                ({"may_choose": True}, {HEADER: "drain"}, DRAINED),
                ({"on_disconnect": "drain", "may_choose": True}, {HEADER: "abort"}, ABORTED),
            ],
        ),
        ({"on_disconnect": "drain"}, [({}, NONE, DRAINED), ({"on_disconnect": "abort"}, NONE, ABORTED)]),
        (
            {"may_choose_on_disconnect": True},
            [({}, NONE, ABORTED), ({}, {HEADER: "drain"}, DRAINED), ({}, keyed(**{HEADER: "abort"}), DRAINED)],
        ),
    ],
    ids=["by the key", "by the settings", "by the request"],
)
def test_what_becomes_of_the_answer(
    serve: Serve, upstream: ChatUpstream, settings: dict[str, Any], cases: list[tuple[Any, dict[str, str], Any]]
) -> None:
    gateway = serve(**settings)
    for options, headers, row in cases:
        assert leave(gateway, upstream, key_of(gateway, **options), headers) == row
        assert upstream.left.is_set() is (row == ABORTED)


def test_header_is_refused_where_it_cannot_be_followed(serve: Serve, upstream: ChatUpstream) -> None:
    gateway = serve(may_choose_on_disconnect=True)
    fixed = key_of(gateway, "drain")
    with gateway.client() as client, gateway.client(fixed) as other:
        for path, extra in product(STREAMS, ({}, keyed())):
            unknown = post(client, path, {HEADER: "linger", **extra})
            forbidden = post(other, path, {HEADER: "drain", **extra})
            assert (unknown.status_code, check_error(unknown.json())["param"]) == (400, HEADER)
            assert (forbidden.status_code, check_error(forbidden.json())["type"]) == (403, "permission_error")
    assert upstream.received == []


def test_drained_answer_counts_its_body_as_in_flight_until_its_end(serve: Serve, upstream: ChatUpstream) -> None:
    bounds = {"request": {"bytes_in_flight": 1024 * 1024}}
    gateway = serve(on_disconnect="drain", max_body_bytes=900_000, bounds=bounds)
    large = {**asked(CHAT, "test/stall", stream=True), "user": "u" * 600_000}
    with gateway.client(timeout=1) as leaving, pytest.raises(httpx.TimeoutException):
        leaving.post(CHAT, json=large)
    with gateway.client() as client:
        assert client.post(CHAT, json=large).status_code == 503
        upstream.go_on.set()
        wait_until(lambda: len(usage(gateway)) == 1)
        wait_until(lambda: client.post(CHAT, json=large).status_code == 200)
        assert client.post(CHAT, json=large).status_code == 200


def test_keys_are_listed_with_what_becomes_of_their_answers(serve: Serve) -> None:
    gateway = serve()
    gateway.command("keys", "create", "--name", "one", "--on-disconnect", "drain", "--may-choose-on-disconnect")
    gateway.command("keys", "create", "--name", "two")
    listed = gateway.command("keys", "list")
    (one,) = (line for line in listed.splitlines() if "one" in line)
    (two,) = (line for line in listed.splitlines() if "two" in line)
    assert "drain, may choose" in one
    assert "drain" not in two
