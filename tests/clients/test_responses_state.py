"""What is kept of an answer, when, and how it is gone on from."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.memory.history import MAX_DEPTH
from gateway.memory.stored import MAX_BYTES
from tests.clients.asking import CONVERSATIONS, RESPONSES, answered, items, output, plain, refused, streamed, text, user
from tests.clients.chunks import chunked
from tests.clients.contract import check, check_error
from tests.clients.shelf import fill_conversation, held, put_chain
from tests.servers.chat_scripts import SIGNED
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import RunningGateway, running_gateway, scripted_config

STREAMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
SCRIPTS = ["test/echo", "test/reasoning-tools", "test/length", "native/web-search", "native/reasoning"]
DEADLINE = 20.0
A_MOMENT = 0.3


@pytest.mark.parametrize("model", SCRIPTS)
def test_a_stored_response_is_to_the_byte_what_was_sent(client: httpx.Client, model: str) -> None:
    reply = client.post(RESPONSES, json={"model": model, "input": "Hi."})
    stored = client.get(f"{RESPONSES}/{reply.json()['id']}")
    assert stored.content == reply.content
    check("Response", stored.json())


@pytest.mark.parametrize("model", [*SCRIPTS, "test/cut", "native/failed-in-stream"])
def test_a_response_is_there_when_its_end_is_told(gateway: RunningGateway, client: httpx.Client, model: str) -> None:
    client.get("/health/live")  # a connection is ready: nothing is waited for below
    with chunked(gateway.url, RESPONSES, {"model": model, "input": "Hi.", "stream": True}) as reply:
        told = reply.until(b"data: [DONE]\n\n")
        terminal = told[told.rindex(b"event: response.") :]
        body = terminal[terminal.index(b'"response":') + 11 : terminal.rindex(b',"sequence_number"')]
        response_id = body[7:52].decode().partition('"')[0]
        stored = client.get(f"{RESPONSES}/{response_id}")
    assert stored.content == body


@pytest.mark.parametrize("field", ["store", "conversation"])
def test_no_end_is_told_before_the_commit(
    gateway: RunningGateway, client: httpx.Client, upstream: ChatUpstream, field: str
) -> None:
    conversation = client.post(CONVERSATIONS, json={}).json()["id"]
    kept = {"store": True} if field == "store" else {"store": False, "conversation": conversation}
    body = {"input": "A text of more than one piece.", **kept}
    streaming = {"model": "test/pause", "stream": True, **body}
    with ThreadPoolExecutor(1) as others, chunked(gateway.url, RESPONSES, streaming) as stream:
        stream.until(b"output_text.delta")
        with held(gateway):
            upstream.go_on.set()
            whole = others.submit(client.post, RESPONSES, json={"model": "test/echo", **body})
            stream.opened.settimeout(A_MOMENT)
            with pytest.raises(TimeoutError):
                stream.until(b"response.completed")
            with pytest.raises(TimeoutError):
                whole.result(A_MOMENT)
        assert whole.result(DEADLINE).json()["status"] == "completed"


@STREAMS
def test_what_was_asked_is_kept_beside_the_answer(client: httpx.Client, is_stream: bool) -> None:
    said = [user("One."), {"role": "user", "content": [{"type": "input_text", "text": "Two."}]}]
    first = answered(client, is_stream, said)
    second = answered(client, is_stream, "Three.", previous_response_id=first["id"])
    listed = client.get(f"{RESPONSES}/{first['id']}/input_items", params={"order": "asc"}).json()
    check("ResponseItemList", listed)
    assert [item["content"] for item in listed["data"]] == [
        [{"type": "input_text", "text": t}] for t in ("One.", "Two.")
    ]
    listed = client.get(f"{RESPONSES}/{second['id']}/input_items").json()
    assert [item["content"][0]["text"] for item in listed["data"]] == ["Three."], "without what came before"


def test_input_items_come_in_pages(client: httpx.Client) -> None:
    response = plain(client, [user(f"{number}") for number in range(5)])
    address = f"{RESPONSES}/{response['id']}/input_items"
    for order, expected in (("asc", "01234"), ("desc", "43210")):
        seen, after = "", dict[str, str]()
        for more in (True, True, False):
            page = client.get(address, params={"limit": 2, "order": order, **after}).json()
            assert page["has_more"] is more
            seen += "".join(item["content"][0]["text"] for item in page["data"])
            assert (page["first_id"], page["last_id"]) == (page["data"][0]["id"], page["data"][-1]["id"])
            after = {"after": page["last_id"]}
        assert seen == expected


def test_a_response_that_is_deleted_is_gone(client: httpx.Client) -> None:
    response = plain(client)
    address = f"{RESPONSES}/{response['id']}"
    assert client.delete(address).json() == {"id": response["id"], "object": "response", "deleted": True}
    for reply in (client.get(address), client.delete(address), client.get(f"{address}/input_items")):
        assert reply.status_code == 404
        assert check_error(reply.json())["message"] == f"Response with id '{response['id']}' not found."


def test_a_chain_with_a_link_missing_is_refused_by_the_missing_one(client: httpx.Client) -> None:
    first = plain(client, "One.")
    second = plain(client, "Two.", previous_response_id=first["id"])
    third = plain(client, "Three.", previous_response_id=second["id"])
    client.delete(f"{RESPONSES}/{second['id']}")
    error = refused(client, 400, {"previous_response_id": third["id"]})
    assert (error["code"], second["id"] in error["message"]) == ("previous_response_not_found", True)
    assert client.get(f"{RESPONSES}/{third['id']}").status_code == 200
    assert text(plain(client, "On.", previous_response_id=first["id"])) == "On."


def test_items_that_a_client_sends_again_are_told_once(client: httpx.Client, upstream: ChatUpstream) -> None:
    first = plain(client, "One.", "test/tools")
    (call,) = items(first, "function_call")
    asked = client.get(f"{RESPONSES}/{first['id']}/input_items").json()["data"]
    again = [*asked, *first["output"], output(call), user("Two.")]
    second = plain(client, again, previous_response_id=first["id"])
    assert [message["role"] for message in upstream.last["messages"]] == ["user", "assistant", "tool", "user"]
    listed = client.get(f"{RESPONSES}/{second['id']}/input_items").json()["data"]
    assert [item["type"] for item in listed] == ["message", "function_call_output"]


def test_a_chain_is_as_long_as_1024_responses_and_no_longer(
    gateway: RunningGateway, client: httpx.Client, upstream: ChatUpstream
) -> None:
    last = put_chain(gateway, "long", MAX_DEPTH - 1)
    response = plain(client, "The last.", previous_response_id=last)
    assert len(upstream.last["messages"]) == 2 * (MAX_DEPTH - 1) + 1
    assert [message["content"] for message in upstream.last["messages"][:3]] == ["Say 1.", "1.", "Say 2."]
    error = refused(client, 400, {"previous_response_id": response["id"]})
    assert (error["code"], error["param"]) == ("response_chain_too_long", "previous_response_id")


def test_a_chain_is_as_large_as_32_mib_and_no_larger(gateway: RunningGateway, client: httpx.Client) -> None:
    nearly = put_chain(gateway, "nearly", 1, chain_size=MAX_BYTES - 1000)
    assert text(plain(client, "On.", previous_response_id=nearly)) == "On."
    error = refused(client, 400, {"input": "x" * 1000, "previous_response_id": nearly})
    assert (error["code"], error["param"]) == ("context_too_large", "input")
    over = put_chain(gateway, "over", 1, chain_size=MAX_BYTES + 1)
    error = refused(client, 400, {"previous_response_id": over})
    assert (error["code"], error["param"]) == ("response_chain_too_large", "previous_response_id")


def test_the_size_of_a_chain_is_counted(gateway: RunningGateway, client: httpx.Client) -> None:
    last = put_chain(gateway, "counted", 1, chain_size=MAX_BYTES - 1000)
    response = plain(client, "x" * 600, previous_response_id=last)  # the answer repeats it
    assert refused(client, 400, {"previous_response_id": response["id"]})["code"] == "response_chain_too_large"


@STREAMS
@pytest.mark.parametrize("form", ["id", "object"])
def test_a_conversation_goes_before_a_turn_and_takes_it_in(
    client: httpx.Client, upstream: ChatUpstream, form: str, is_stream: bool
) -> None:
    made = client.post(CONVERSATIONS, json={"items": [{"role": "system", "content": "Be kind."}]}).json()["id"]
    conversation = made if form == "id" else {"id": made}
    for number in range(3):
        response = answered(client, is_stream, f"Turn {number}.", conversation=conversation)
        assert response["conversation"] == {"id": made}
    said = [message["content"] for message in upstream.last["messages"]]
    assert said == ["Be kind.", *("Turn 0.", "Turn 0.", "Turn 1.", "Turn 1.", "Turn 2.")]
    listed = client.get(f"{CONVERSATIONS}/{made}/items", params={"limit": 100, "order": "asc"}).json()["data"]
    assert [item["role"] for item in listed] == ["system", *["user", "assistant"] * 3]
    assert listed[-1] == response["output"][0]


def test_a_conversation_takes_turns_in_whether_or_not_they_are_stored(client: httpx.Client) -> None:
    made = client.post(CONVERSATIONS, json={}).json()["id"]
    response = plain(client, "Hi.", conversation=made, store=False)
    assert client.get(f"{RESPONSES}/{response['id']}").status_code == 404
    assert len(client.get(f"{CONVERSATIONS}/{made}/items").json()["data"]) == 2


def test_turns_at_the_same_time_do_not_mix(client: httpx.Client) -> None:
    made = client.post(CONVERSATIONS, json={}).json()["id"]

    def turn(number: int) -> str:
        said = [user(f"{number} one"), user(f"{number} two")]
        return str(answered(client, bool(number % 2), said, conversation=made)["id"])

    with ThreadPoolExecutor(8) as threads:
        assert len(set(threads.map(turn, range(16)))) == 16
    listed = client.get(f"{CONVERSATIONS}/{made}/items", params={"limit": 100, "order": "asc"}).json()["data"]
    said = [(item["role"], item["content"][0]["text"]) for item in listed]
    turns = [said[start : start + 3] for start in range(0, len(said), 3)]
    expected = [[("user", f"{n} one"), ("user", f"{n} two"), ("assistant", f"{n} two")] for n in range(16)]
    assert sorted(turns) == sorted(expected)


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_turn_whose_conversation_is_deleted_meanwhile_is_answered(
    client: httpx.Client, gateway: RunningGateway, upstream: ChatUpstream, is_stored: bool
) -> None:
    made = client.post(CONVERSATIONS, json={}).json()["id"]
    with ThreadPoolExecutor(1) as others:
        asked = others.submit(plain, client, "Hi.", "test/stall", conversation=made, store=is_stored)
        assert upstream.began.wait(DEADLINE)
        with gateway.client() as other:
            assert other.delete(f"{CONVERSATIONS}/{made}").status_code == 200
        upstream.go_on.set()
        response = asked.result(DEADLINE)
    assert response["status"] == "completed"
    assert client.get(f"{RESPONSES}/{response['id']}").status_code == (200 if is_stored else 404)
    assert client.get(f"{CONVERSATIONS}/{made}").status_code == 404
    assert refused(client, 404, {"conversation": made})["param"] == "conversation"


def test_a_conversation_is_as_large_as_32_mib_and_no_larger(gateway: RunningGateway, client: httpx.Client) -> None:
    made = client.post(CONVERSATIONS, json={}).json()["id"]
    fill_conversation(gateway, made, MAX_BYTES)
    assert text(plain(client, "Hi.", conversation=made)) == "Hi."
    reply = client.post(f"{CONVERSATIONS}/{made}/items", json={"items": [user("Hi.")]})
    error = check_error(reply.json())
    assert (reply.status_code, error["code"]) == (400, "conversation_too_large")
    error = refused(client, 400, {"conversation": made})
    assert (error["code"], error["param"]) == ("conversation_too_large", "conversation")


def test_references_reach_conversations_too(client: httpx.Client, upstream: ChatUpstream) -> None:
    item = {"type": "message", "role": "user", "content": "Remember this.", "id": "msg_mine_1"}
    made = client.post(CONVERSATIONS, json={"items": [item]}).json()["id"]
    plain(client, [{"type": "item_reference", "id": "msg_mine_1"}, user("Well?")])
    assert [message["content"] for message in upstream.last["messages"]] == ["Remember this.", "Well?"]
    added = {"items": [{"type": "item_reference", "id": "msg_mine_1"}]}
    other = client.post(CONVERSATIONS, json=added)
    assert other.status_code == 200, other.text
    client.delete(f"{CONVERSATIONS}/{made}/items/msg_mine_1")
    listed = client.get(f"{CONVERSATIONS}/{other.json()['id']}/items").json()["data"]
    assert listed[0]["content"] == [{"type": "input_text", "text": "Remember this."}]


@pytest.fixture(scope="module")
def forgetful(upstream_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a gateway that keeps responses for a moment only."""
    config = {**scripted_config(upstream_url), "retention_days": 1.5 / 86_400, "embedded": {"enabled": False}}
    folder: Path = tmp_path_factory.mktemp("forgetful")
    with running_gateway(folder, config) as running, running.client() as client:
        yield client


def test_a_response_that_has_expired_is_not_there(forgetful: httpx.Client) -> None:
    made = forgetful.post(CONVERSATIONS, json={}).json()["id"]
    response = streamed(forgetful, "Hi.", conversation=made)[-1]["response"]
    deadline = time.monotonic() + DEADLINE
    while (reply := forgetful.get(f"{RESPONSES}/{response['id']}")).status_code == 200:
        assert time.monotonic() < deadline
    assert reply.status_code == 404
    assert forgetful.get(f"{RESPONSES}/{response['id']}/input_items").status_code == 404
    error = refused(forgetful, 400, {"previous_response_id": response["id"]})
    assert error["code"] == "previous_response_not_found"
    assert len(forgetful.get(f"{CONVERSATIONS}/{made}/items").json()["data"]) == 2, "conversations are kept"


def test_an_item_of_a_response_that_has_expired_is_not_there(forgetful: httpx.Client) -> None:
    response = plain(forgetful, "Hi.")
    body = {"model": "test/echo", "input": [{"type": "item_reference", "id": response["output"][0]["id"]}]}
    deadline = time.monotonic() + DEADLINE
    while (reply := forgetful.post(RESPONSES, json=body)).status_code == 200:
        assert time.monotonic() < deadline
    assert (reply.status_code, check_error(reply.json())["param"]) == (404, "input")


def test_several_workers_share_state_and_seals(upstream_url: str, upstream: ChatUpstream, tmp_path: Path) -> None:
    config = {**scripted_config(upstream_url), "embedded": {"enabled": False}}
    previous: dict[str, Any] = {}
    with running_gateway(tmp_path, config, {"WORKERS": "2"}) as running:
        for number in range(6):
            with running.client() as client:  # a new connection, which either worker may take
                response = plain(client, f"Turn {number}.", "test/reasoning-details", **previous)
                assert "input_transformations" not in response
                assert client.get(f"{RESPONSES}/{response['id']}").json() == response
            previous = {"previous_response_id": response["id"]}
    said = [message for message in upstream.last["messages"] if message["role"] == "assistant"]
    assert [message["reasoning_details"] for message in said] == [[SIGNED]] * 5


def test_defaults_and_effective_values_are_kept(client: httpx.Client) -> None:
    expected: dict[str, Any] = {
        **{"temperature": 1, "top_p": 1, "top_logprobs": 0, "truncation": "disabled", "background": False},
        **{"store": True, "service_tier": "default", "parallel_tool_calls": True, "tool_choice": "auto", "tools": []},
        **{"instructions": None, "previous_response_id": None, "metadata": {}, "object": "response"},
    }
    stored = client.get(f"{RESPONSES}/{plain(client)['id']}").json()
    assert {name: stored[name] for name in expected} == expected
    assert isinstance(stored["created_at"], int)
