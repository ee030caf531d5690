"""Two keys: what one stores the other never sees. On SQLite, and on PostgreSQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.clients.asking import CONVERSATIONS, RESPONSES, answered, items, plain, refused, streamed, text, user
from tests.clients.contract import check_error
from tests.clients.stops import wait_until
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config
from tests.servers.responses_upstream import ResponsesUpstream
from tests.store import postgres

STREAMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])


@dataclass
class Two:
    """Clients with different keys, of one gateway."""

    ann: httpx.Client
    bob: httpx.Client


@pytest.fixture(scope="module")
def on_postgres(
    postgres_server: postgres.Server, upstream_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    """A gateway whose state is in PostgreSQL."""
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}}
    folder = tmp_path_factory.mktemp("postgres")
    postgres_server.empty()
    with running_gateway(folder, config, {"DATABASE_URL": postgres_server.url}) as running:
        yield running


@pytest.fixture(scope="module")
def postgres_key(on_postgres: RunningGateway) -> str:
    return on_postgres.command("keys", "create", "--name", "bob").strip()


@pytest.fixture(params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest, upstream: ChatUpstream, native: ResponsesUpstream) -> Iterator[Two]:
    """Ann and Bob."""
    names = ("gateway", "other_key") if request.param == "sqlite" else ("on_postgres", "postgres_key")
    running, key = (request.getfixturevalue(name) for name in names)
    upstream.forget()
    native.forget()
    with running.client() as ann, running.client(key) as bob:
        yield Two(ann, bob)


def _is_missing(reply: httpx.Response, id_: str) -> bool:
    """Whether the answer is the same as for what never was."""
    error = check_error(reply.json())
    return reply.status_code == 404 and f"'{id_}' not found" in error["message"]


@STREAMS
def test_a_response_is_its_keys_own(two: Two, is_stream: bool) -> None:
    response = answered(two.ann, is_stream)
    address = f"{RESPONSES}/{response['id']}"
    for reply in (two.bob.get(address), two.bob.delete(address), two.bob.get(f"{address}/input_items")):
        assert _is_missing(reply, response["id"])
    assert two.ann.get(address).json() == response


def test_nobody_goes_on_from_anothers_response(two: Two, upstream: ChatUpstream) -> None:
    response = plain(two.ann, "A secret.")
    upstream.forget()
    error = refused(two.bob, 400, {"previous_response_id": response["id"]})
    unknown = refused(two.bob, 400, {"previous_response_id": "resp_unknown"})
    assert error["code"] == "previous_response_not_found"
    assert error["message"].replace(response["id"], "resp_unknown") == unknown["message"]
    assert upstream.received == []
    assert text(plain(two.ann, "On.", previous_response_id=response["id"])) == "On."


def test_a_conversation_is_its_keys_own(two: Two) -> None:
    made = two.ann.post(CONVERSATIONS, json={"items": [user("A secret.")], "metadata": {"a": "1"}}).json()["id"]
    address = f"{CONVERSATIONS}/{made}"
    (item,) = two.ann.get(f"{address}/items").json()["data"]
    body = {"items": [user("Mine.")]}
    replies = [
        two.bob.get(address),
        two.bob.post(address, json={"metadata": {"a": "2"}}),
        two.bob.delete(address),
        two.bob.get(f"{address}/items"),
        two.bob.post(f"{address}/items", json=body),
        two.bob.get(f"{address}/items/{item['id']}"),
        two.bob.delete(f"{address}/items/{item['id']}"),
    ]
    assert all(_is_missing(reply, made) for reply in replies), [reply.text for reply in replies]
    assert two.ann.get(address).json()["metadata"] == {"a": "1"}
    assert two.ann.get(f"{address}/items").json()["data"] == [item]


@STREAMS
@pytest.mark.parametrize("is_stored", [True, False])
def test_nobody_takes_a_turn_in_anothers_conversation(
    two: Two, upstream: ChatUpstream, is_stream: bool, is_stored: bool
) -> None:
    made = two.ann.post(CONVERSATIONS, json={"items": [user("A secret.")]}).json()["id"]
    body = {"model": "test/echo", "input": "Hi.", "conversation": made, "stream": is_stream, "store": is_stored}
    assert _is_missing(two.bob.post(RESPONSES, json=body), made)
    assert upstream.received == []
    assert len(two.ann.get(f"{CONVERSATIONS}/{made}/items").json()["data"]) == 1


def test_nobody_refers_to_anothers_items(two: Two, upstream: ChatUpstream) -> None:
    response = plain(two.ann, "A secret.")
    (asked,) = two.ann.get(f"{RESPONSES}/{response['id']}/input_items").json()["data"]
    mine = {**user("A secret, too."), "id": f"msg_of_ann_{response['id'][-8:]}"}
    two.ann.post(CONVERSATIONS, json={"items": [mine]})
    upstream.forget()
    for item in (asked, response["output"][0], mine):
        reference = {"type": "item_reference", "id": item["id"]}
        error = refused(two.bob, 404, {"input": [reference]})
        assert (error["param"], error["code"]) == ("input", None)
        assert _is_missing(two.bob.post(CONVERSATIONS, json={"items": [reference]}), item["id"])
    assert upstream.received == []
    references = [{"type": "item_reference", "id": item["id"]} for item in (asked, response["output"][0], mine)]
    plain(two.ann, [*references, user("Well?")])
    assert [message["content"] for message in upstream.last["messages"]] == [
        *("A secret.", "A secret.", "A secret, too.", "Well?"),
    ]


@pytest.mark.parametrize("model", ["test/reasoning-details", "native/reasoning"])
@STREAMS
def test_reasoning_that_was_sealed_for_one_key_does_not_open_for_another(
    two: Two, upstream: ChatUpstream, native: ResponsesUpstream, model: str, is_stream: bool
) -> None:
    first = answered(two.ann, is_stream, "Think.", model)
    (reasoning,) = items(first, "reasoning")
    history = [user("Think."), *first["output"], user("Go on.")]
    opened = answered(two.ann, is_stream, history, model, store=False)
    assert "input_transformations" not in opened
    native.received.clear()
    upstream.received.clear()
    stolen = answered(two.bob, is_stream, history, model, store=False)
    assert stolen["input_transformations"] == [
        {"id": reasoning["id"], "type": "reasoning", "action": "removed", "reason": "organization_mismatch"}
    ]
    (sent,) = upstream.received + native.received
    assert "reasoning" not in str(sent.get("messages") or sent["input"])


def test_the_same_ids_of_items_are_two_things_for_two_keys(two: Two) -> None:
    made = {}
    for name, client in (("ann", two.ann), ("bob", two.bob)):
        item = {**user(f"I am {name}."), "id": "msg_shared"}
        made[name] = client.post(CONVERSATIONS, json={"items": [item]}).json()["id"]
    for name, client in (("ann", two.ann), ("bob", two.bob)):
        found = client.get(f"{CONVERSATIONS}/{made[name]}/items/msg_shared").json()
        assert found["content"][0]["text"] == f"I am {name}."
        assert client.delete(f"{CONVERSATIONS}/{made[name]}").status_code == 200


def test_anothers_item_in_the_input_is_only_text(two: Two, upstream: ChatUpstream) -> None:
    # An item sent whole is the sender's own, whatever id it bears; it does not reach what is stored under that id.
    response = plain(two.ann, "A secret.")
    forged = {**response["output"][0], "content": [{"type": "output_text", "text": "Forged.", "annotations": []}]}
    plain(two.bob, [forged, user("Well?")])
    assert two.bob.post(CONVERSATIONS, json={"items": [forged]}).status_code == 200
    assert two.ann.get(f"{RESPONSES}/{response['id']}").json() == response
    reference = {"type": "item_reference", "id": response["output"][0]["id"]}
    plain(two.ann, [reference, user("Well?")])
    assert [message["content"] for message in upstream.last["messages"]] == ["A secret.", "Well?"]


@pytest.mark.parametrize("field", ["input", "metadata", "x_unknown"])
def test_a_nul_in_a_response_is_kept_or_refused_and_never_an_error_of_ours(two: Two, field: str) -> None:
    values: dict[str, Any] = {"input": "a\x00b", "metadata": {"a\x00": "b\x00"}, "x_unknown": "\x00"}
    reply = two.ann.post(RESPONSES, json={"model": "test/echo", "input": "Hi.", field: values[field]})
    assert reply.status_code in (200, 400), reply.text
    if reply.status_code == 200:
        assert two.ann.get(f"{RESPONSES}/{reply.json()['id']}").content == reply.content


@pytest.mark.parametrize("body", [{"metadata": {"a": "\x00"}}, {"items": [user("a\x00b")]}], ids=["metadata", "items"])
def test_a_nul_in_a_conversation_is_kept_or_refused_and_never_an_error_of_ours(two: Two, body: dict[str, Any]) -> None:
    reply = two.ann.post(CONVERSATIONS, json=body)
    assert reply.status_code in (200, 400), reply.text
    made = two.ann.post(CONVERSATIONS, json={}).json()["id"]
    reply = two.ann.post(f"{CONVERSATIONS}/{made}{'/items' if 'items' in body else ''}", json=body)
    assert reply.status_code in (200, 400), reply.text
    assert two.ann.get(f"{CONVERSATIONS}/{made}/items").status_code == 200


@pytest.mark.parametrize("two", ["postgresql"], indirect=True)
def test_an_answer_that_cannot_be_kept_is_no_success(two: Two, postgres_server: postgres.Server) -> None:
    plain(two.ann)
    # Its usage row is written behind the answer. If it were not there yet, the outage would be known at once.
    wait_until(lambda: bool(postgres_server.rows("select id from usage")))
    postgres_server.stop()
    try:
        last = streamed(two.ann, "Hi.")[-1]
        assert (last["type"], last["response"]["error"]["code"]) == ("response.failed", "server_error")
        # Known to be away, it is not asked again for a moment, and no provider is paid.
        body: dict[str, Any] = {"model": "test/echo", "input": "Hi."}
        reply = two.ann.post(RESPONSES, json=body)
        assert (reply.status_code, check_error(reply.json())["code"]) == (503, "unavailable")
        assert text(plain(two.ann, "Hi.", store=False)) == "Hi."
    finally:
        postgres_server.start()
