"""Bad input on every operation with state: each is refused by an error that says what is wrong."""

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.clients.asking import CONVERSATIONS, RESPONSES, plain, refused, user
from tests.clients.contract import check_error
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.responses_upstream import ResponsesUpstream

ODD_IDS = {
    "unknown": "resp_" + "0" * 40,
    "huge": "resp_" + "x" * 6000,
    "nul": "resp_\x00",
    "quotes": "resp_'\"; DROP TABLE responses; --",
    "percent": "resp_%",
    "slash": "resp_a/b",
    "beyond ASCII": "resp_é\U0001f600",
    "line end": "resp_\r\nx-evil: 1",
    "space": "resp_ ",
}
IDS = pytest.mark.parametrize("odd", ODD_IDS.values(), ids=ODD_IDS)
ON_RESPONSES = [("GET", ""), ("DELETE", ""), ("GET", "/input_items")]
ON_CONVERSATIONS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("POST", "", {"metadata": {}}),
    ("DELETE", "", None),
    ("GET", "/items", None),
    ("POST", "/items", {"items": [user("Hi.")]}),
    ("GET", "/items/msg_1", None),
    ("DELETE", "/items/msg_1", None),
]


def _error(reply: httpx.Response, status: int) -> dict[str, Any]:
    assert reply.status_code == status, reply.text
    error = check_error(reply.json())
    assert error["type"] == "invalid_request_error"
    assert len(error["message"]) < 10_000
    assert "x-evil" not in reply.headers
    return error


@pytest.fixture
def conversation(client: httpx.Client) -> str:
    """The path of a conversation with one item."""
    made = client.post(CONVERSATIONS, json={"items": [{**user("Hi."), "id": "msg_1"}]}).json()["id"]
    return f"{CONVERSATIONS}/{made}"


@IDS
@pytest.mark.parametrize(("method", "below"), ON_RESPONSES)
def test_a_response_that_is_not_there_is_404(client: httpx.Client, method: str, below: str, odd: str) -> None:
    _error(client.request(method, f"{RESPONSES}/{quote(odd, safe='')}{below}"), 404)


@IDS
@pytest.mark.parametrize(("method", "below", "body"), ON_CONVERSATIONS)
def test_a_conversation_that_is_not_there_is_404(
    client: httpx.Client, method: str, below: str, body: Any, odd: str
) -> None:
    _error(client.request(method, f"{CONVERSATIONS}/{quote(odd, safe='')}{below}", json=body), 404)


@IDS
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_item_that_is_not_there_is_404(client: httpx.Client, conversation: str, method: str, odd: str) -> None:
    _error(client.request(method, f"{conversation}/items/{quote(odd, safe='')}"), 404)
    assert len(client.get(f"{conversation}/items").json()["data"]) == 1


@IDS
def test_ids_in_a_body_that_are_not_there_are_refused(client: httpx.Client, upstream: ChatUpstream, odd: str) -> None:
    error = refused(client, 400, {"previous_response_id": odd})
    assert (error["param"], error["code"]) == ("previous_response_id", "previous_response_not_found")
    for conversation in (odd, {"id": odd}):
        error = refused(client, 404, {"conversation": conversation})
        assert error["param"] == "conversation"
    error = refused(client, 404, {"input": [{"type": "item_reference", "id": odd}]})
    assert (error["param"], error["code"]) == ("input", None)
    _error(client.post(CONVERSATIONS, json={"items": [{"type": "item_reference", "id": odd}]}), 404)
    assert upstream.received == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=-1", "limit=1.5", "limit=", "order=up"])
def test_pages_that_cannot_be_are_refused(client: httpx.Client, conversation: str, query: str) -> None:
    response = plain(client)
    for address in (f"{RESPONSES}/{response['id']}/input_items", f"{conversation}/items"):
        error = _error(client.get(f"{address}?{query}"), 400)
        assert error["param"] == query.partition("=")[0]


@pytest.mark.parametrize("after", ["msg_unknown", "", "\x00", "é", "'"])
def test_pages_after_an_item_that_is_not_there_are_refused(client: httpx.Client, conversation: str, after: str) -> None:
    response = plain(client)
    for address in (f"{RESPONSES}/{response['id']}/input_items", f"{conversation}/items"):
        assert _error(client.get(address, params={"after": after}), 400)["param"] == "after"


@pytest.mark.parametrize("limit", [1, 100])
def test_the_bounds_of_a_page_are_taken(client: httpx.Client, conversation: str, limit: int) -> None:
    response = plain(client)
    for address in (f"{RESPONSES}/{response['id']}/input_items", f"{conversation}/items"):
        assert len(client.get(address, params={"limit": limit}).json()["data"]) == 1


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("stream=true", "stream"),
        ("stream=true&starting_after=0", "stream"),
        ("stream=1", "stream"),
    ],
)
def test_a_response_of_the_foreground_cannot_be_streamed(client: httpx.Client, query: str, param: str) -> None:
    response = plain(client)
    assert _error(client.get(f"{RESPONSES}/{response['id']}?{query}"), 400)["param"] == param
    assert client.get(f"{RESPONSES}/{response['id']}?stream=false").status_code == 200


def test_a_response_and_a_conversation_cannot_both_come_before(client: httpx.Client, conversation: str) -> None:
    response = plain(client)
    state = {"previous_response_id": response["id"], "conversation": conversation.rpartition("/")[2]}
    error = refused(client, 400, state)
    assert "conversation" in error["message"]
    assert error["param"] in ("previous_response_id", "conversation")


def test_a_stored_prompt_is_refused_by_field_and_provider_where_there_are_none(
    client: httpx.Client, native: ResponsesUpstream
) -> None:
    error = refused(client, 400, {"prompt": {"id": "pmpt_1"}})
    assert error["param"] == "prompt"
    assert "test" in error["message"]
    plain(client, "Hi.", "native/echo", prompt={"id": "pmpt_1"})
    assert native.last["prompt"] == {"id": "pmpt_1"}


def test_what_is_dropped_without_harm_is_said(client: httpx.Client) -> None:
    asked = {"truncation": "auto", "max_tool_calls": 2, "reasoning": {"effort": "low", "summary": "auto"}}
    reply = client.post(RESPONSES, json={"model": "test/echo", "input": "Hi.", **asked})
    assert reply.status_code == 200
    dropped = reply.headers["x-waystone-dropped"].split(",")
    assert {"truncation", "max_tool_calls"} == set(dropped)


BAD_BODIES: list[tuple[dict[str, Any], str]] = [
    ({"max_output_tokens": 15}, "max_output_tokens"),
    ({"top_logprobs": 21}, "top_logprobs"),
    ({"temperature": 2.1}, "temperature"),
    ({"top_p": -0.1}, "top_p"),
    ({"metadata": {str(number): "" for number in range(17)}}, "metadata"),
    ({"metadata": {"k" * 65: ""}}, "metadata"),
    ({"metadata": {"k": "v" * 513}}, "metadata.k"),
    ({"safety_identifier": "x" * 129}, "safety_identifier"),
    ({"input": [{"type": "message", "role": "robot", "content": "Hi."}]}, "input[0].role"),
    ({"input": [{"type": "function_call", "name": "f", "call_id": "c"}]}, "input[0].arguments"),
    ({"input": 7}, "input"),
    ({"store": "yes"}, "store"),
    ({"stream_options": 1}, "stream_options"),
    ({"previous_response_id": 1}, "previous_response_id"),
    ({"conversation": {"name": "x"}}, "conversation"),
]


@pytest.mark.parametrize(("body", "param"), BAD_BODIES, ids=[f"{i} {param}" for i, (_, param) in enumerate(BAD_BODIES)])
def test_a_body_that_breaks_the_contract_is_refused_by_the_place(
    client: httpx.Client, upstream: ChatUpstream, body: dict[str, Any], param: str
) -> None:
    reply = client.post(RESPONSES, json={"model": "test/echo", "input": "Hi.", **body})
    found = _error(reply, 400)["param"]
    assert str(found).startswith(param), found
    assert upstream.received == []


@pytest.mark.parametrize("body", [{"items": [user("Hi.")] * 21}, {"items": "x"}, {"metadata": {"k" * 65: ""}}, []])
def test_a_conversation_that_breaks_the_contract_is_refused(client: httpx.Client, body: Any) -> None:
    _error(client.post(CONVERSATIONS, json=body), 400)


@pytest.mark.parametrize("body", [{"items": [user("Hi.")] * 21}, {"items": None}, {}, {"items": [{"type": 1}]}])
def test_items_that_break_the_contract_are_refused(client: httpx.Client, conversation: str, body: Any) -> None:
    _error(client.post(f"{conversation}/items", json=body), 400)
    assert len(client.get(f"{conversation}/items").json()["data"]) == 1


@pytest.mark.parametrize(
    "address", [RESPONSES, f"{RESPONSES}/x", f"{RESPONSES}/x/input_items", CONVERSATIONS, f"{CONVERSATIONS}/x/items"]
)
def test_methods_that_are_not_there_are_405(client: httpx.Client, address: str) -> None:
    reply = client.put(address, json={})
    assert reply.status_code == 405
    check_error(reply.json())


def test_every_operation_wants_a_key(client: httpx.Client, conversation: str) -> None:
    response = plain(client)
    addresses: list[tuple[str, str, Any]]
    addresses = [(method, f"{RESPONSES}/{response['id']}{below}", None) for method, below in ON_RESPONSES]
    addresses += [(method, conversation + below, body) for method, below, body in ON_CONVERSATIONS]
    for method, address, body in [*addresses, ("POST", RESPONSES, {}), ("POST", CONVERSATIONS, {})]:
        reply = client.request(method, address, json=body, headers={"authorization": ""})
        assert reply.status_code == 401, address
        check_error(reply.json())


def test_a_lone_surrogate_in_the_input_is_refused_and_not_stored(client: httpx.Client) -> None:
    raw = b'{"model": "test/echo", "input": "\\ud800"}'
    reply = client.post(RESPONSES, content=raw, headers={"content-type": "application/json"})
    assert reply.status_code == 400
    assert check_error(reply.json())["code"] == "invalid_json"
