"""Requests that nobody should send, and what a review found that they did."""

import json
from typing import Any

import httpx
import pytest

from tests.clients.asking import CONVERSATIONS, RESPONSES, output, plain, refused, streamed, text, user
from tests.clients.contract import check_error
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.told_upstream import ToldUpstream

MCP = {
    "type": "mcp",
    "server_label": "crm",
    "server_url": "https://user:SECRET1@crm.example/mcp?key=SECRET2",
    "authorization": "SECRET3",
    "headers": {"X-Key": "SECRET4"},
}


HOSTED = {"type": "crm_host", "Authorization": "SECRET6", "tools": [{"x_auth": "SECRET7"}], "max_tokens": 5}
ODD = [
    {**MCP, "type": "MCP"},
    {"type": "crm", "server_label": "crm", "x_auth": "SECRET5", "options": {"Api-Key": "SECRET5", "token_count": 3}},
]


def nested(depth: int) -> Any:
    value: Any = "deep"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("item", [{"type": "acme:x", "id": ["a"]}, {"type": "acme_output", "call_id": ["a"]}])
def test_identifiers_that_are_no_texts_break_nothing(client: httpx.Client, item: dict[str, Any]) -> None:
    for model in ("test/echo", "native/echo"):
        reply = client.post(RESPONSES, json={"model": model, "input": [user("Hello."), item]})
        # What the scripted upstream makes of it is its own affair.
        assert reply.status_code != 500, reply.text


@pytest.mark.parametrize("state", ["boom", {"role": "system"}])
def test_state_of_a_clients_own_making_is_nobodys_state(
    client: httpx.Client, native: ResponsesUpstream, state: Any
) -> None:
    client.post(RESPONSES, json={"model": "native/echo", "input": [{**user("Hello."), "state": state}]})
    (item,) = native.last["input"]
    assert (item["role"], item["state"]) == ("user", state)


def test_something_else_under_an_earlier_id_is_said(client: httpx.Client, upstream: ChatUpstream) -> None:
    first = plain(client, [{**user("First?"), "id": "m1"}])
    second = plain(client, [{**user("Second?"), "id": "m1"}], previous_response_id=first["id"])
    assert text(second) == "Second?"
    assert [message["content"] for message in upstream.last["messages"]] == ["First?", "First?", "Second?"]
    listed = client.get(f"{RESPONSES}/{second['id']}/input_items").json()["data"]
    assert [item["content"][0]["text"] for item in listed] == ["Second?"]
    assert listed[0]["id"] != "m1"


def test_edited_item_of_the_gateway_is_said_and_an_unchanged_one_is_not_said_twice(
    client: httpx.Client, upstream: ChatUpstream
) -> None:
    first = plain(client, "Hello?")
    (sent,) = client.get(f"{RESPONSES}/{first['id']}/input_items").json()["data"]
    again = [sent, *first["output"], user("And?")]
    plain(client, again, previous_response_id=first["id"])
    assert [message["content"] for message in upstream.last["messages"]] == ["Hello?", "Hello?", "And?"]
    edited = {**sent, "content": "Edited?"}
    assert text(plain(client, [edited], previous_response_id=first["id"])) == "Edited?"


def test_saying_the_same_again_is_not_asking_nothing(client: httpx.Client, upstream: ChatUpstream) -> None:
    first = plain(client, [{**user("Go on."), "id": "u1"}])
    plain(client, [{**user("Go on."), "id": "u1"}], previous_response_id=first["id"])
    assert upstream.last["messages"][-1]["role"] == "user"


def test_references_to_what_is_in_the_chain_add_nothing(client: httpx.Client, upstream: ChatUpstream) -> None:
    first = plain(client, "Hello?")
    reference = {"type": "item_reference", "id": first["output"][0]["id"]}
    plain(client, [reference], previous_response_id=first["id"])
    assert [message["content"] for message in upstream.last["messages"]] == ["Hello?", "Hello?"]


def test_secrets_of_tool_servers_are_neither_kept_nor_repeated(client: httpx.Client) -> None:
    inner = {"type": "namespace", "name": "n", "description": "d", "tools": [MCP]}
    items = [user("Hello."), {"type": "additional_tools", "role": "developer", "tools": [MCP]}]
    response = plain(client, items, model="drops/echo", tools=[MCP, inner])
    kept = client.get(f"{RESPONSES}/{response['id']}/input_items").text
    conversation = client.post(CONVERSATIONS, json={"items": items}).json()["id"]
    listed = client.get(f"{CONVERSATIONS}/{conversation}/items").text
    for shown in (str(response), kept, listed, client.get(f"{RESPONSES}/{response['id']}").text):
        assert "SECRET" not in shown
        assert "crm" in shown or shown is listed


@pytest.mark.parametrize("is_stream", [False, True])
def test_secrets_in_forms_that_nobody_has_listed_are_neither_kept_nor_repeated(
    client: httpx.Client, is_stream: bool
) -> None:
    unknown = {"type": "crm_session", "note": "crm", "credentials": {"key": "SECRET8"}, "hosted": HOSTED}
    items = [user("Hello."), {"type": "additional_tools", "role": "developer", "tools": [*ODD, HOSTED]}]
    events = streamed(client, items, model="drops/echo", tools=ODD) if is_stream else []
    response = events[-1]["response"] if is_stream else plain(client, items, model="drops/echo", tools=ODD)
    kept = client.get(f"{RESPONSES}/{response['id']}/input_items").text
    conversation = client.post(CONVERSATIONS, json={"items": [*items, unknown]}).json()["id"]
    listed = client.get(f"{CONVERSATIONS}/{conversation}/items").text
    for shown in (str(events), str(response), kept, listed, client.get(f"{RESPONSES}/{response['id']}").text):
        assert "SECRET" not in shown
    for shown in (kept, listed):
        assert '"max_tokens":5' in shown
        assert '"token_count":3' in shown


@pytest.mark.parametrize("depth", [100, 240, 252])
def test_what_is_kept_can_be_told(client: httpx.Client, depth: int) -> None:
    deep = {"type": "acme:deep", "value": nested(depth)}
    conversation = client.post(CONVERSATIONS, json={}).json()["id"]
    reply = client.post(f"{CONVERSATIONS}/{conversation}/items", json={"items": [deep]})
    assert reply.status_code in (200, 400, 413)
    assert client.get(f"{CONVERSATIONS}/{conversation}/items").status_code == 200
    reply = client.post(RESPONSES, json={"model": "native/echo", "input": [user("Hello."), deep]})
    if reply.status_code == 200:
        assert client.get(f"{RESPONSES}/{reply.json()['id']}/input_items").status_code == 200
    else:
        assert reply.status_code in (400, 413)


def test_two_items_under_one_id_are_both_listed(client: httpx.Client) -> None:
    response = plain(client, [{**user("One."), "id": "m"}, {**user("Two."), "id": "m"}])
    first = client.get(f"{RESPONSES}/{response['id']}/input_items", params={"limit": 1, "order": "asc"}).json()
    after = {"limit": 1, "order": "asc", "after": first["last_id"]}
    second = client.get(f"{RESPONSES}/{response['id']}/input_items", params=after).json()
    assert [page["data"][0]["content"][0]["text"] for page in (first, second)] == ["One.", "Two."]


@pytest.mark.parametrize(
    "delta",
    [
        {"annotations": [{"type": "file_citation", "file_citation": nested(245)}], "content": "x"},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": nested(245)}]},
    ],
)
def test_upstream_that_nests_too_deeply_ends_in_a_failure(
    client: httpx.Client, told: ToldUpstream, delta: dict[str, Any]
) -> None:
    begun = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": None}]}
    told.streams(begun, {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    events = streamed(client, model="told/x")
    assert events[-1]["type"] == "response.failed"
    assert client.get(f"{RESPONSES}/{events[-1]['response']['id']}").json()["status"] == "failed"


def test_references_are_resolved_once_and_only_so_many(client: httpx.Client, upstream: ChatUpstream) -> None:
    first = plain(client, "Hello?")
    reference = {"type": "item_reference", "id": first["output"][0]["id"]}
    plain(client, [*[reference] * 50, user("And?")])
    assert len(upstream.last["messages"]) == 2
    many = [{"type": "item_reference", "id": f"msg_{number}"} for number in range(1025)]
    assert refused(client, 400, {"input": many})["code"] == "too_many_references"


@pytest.mark.parametrize(("name", "value"), [("audio", {"voice": "a", "format": "wav"}), ("modalities", ["audio"])])
def test_sound_is_refused_where_a_response_has_no_item_for_it(client: httpx.Client, name: str, value: Any) -> None:
    error = refused(client, 400, {name: value})
    assert (error["param"], error["code"]) == (name, "unsupported_parameter")
    assert "test" in error["message"]


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"background": True}, "store"),
        ({"previous_response_id": "resp_1", "conversation": "conv_1"}, "previous_response_id"),
    ],
)
def test_waystones_own_operation_refuses_what_cannot_be(client: httpx.Client, body: Any, param: str) -> None:
    reply = client.post("/api/gateway/v1/responses", json={"model": "test/echo", "input": "Hello.", **body})
    assert reply.status_code == 400
    assert check_error(reply.json())["param"] == param


def test_include_values_that_nobody_knows_are_said_or_passed_on(
    client: httpx.Client, native: ResponsesUpstream
) -> None:
    include = ["reasoning.encrypted_content", "new.thing"]
    reply = client.post(RESPONSES, json={"model": "test/echo", "input": "Hello.", "include": include})
    assert reply.headers["x-waystone-dropped"] == "include[1]"


def test_output_without_its_call_is_refused_by_its_place(client: httpx.Client) -> None:
    lonely = output({"type": "function_call", "call_id": "call_none"})
    assert refused(client, 400, {"input": [user("Hello."), lonely]})["param"] == "input[1].call_id"


def test_tools_among_the_items_that_are_nested_as_deeply_as_json_is_read(client: httpx.Client) -> None:
    tool = {"type": "function", "name": "f", "parameters": {"deep": None}}
    item = {"type": "additional_tools", "role": "developer", "tools": [tool]}
    # Nested by hand: Python's own writer does not go so deep.
    for path, body in ((CONVERSATIONS, {"items": [item]}), (RESPONSES, {"model": "test/echo", "input": [item]})):
        deep = json.dumps(body).replace("null", "[" * 900 + "]" * 900)
        reply = client.post(path, content=deep, headers={"content-type": "application/json"})
        assert reply.status_code == 413
        assert "nested too deeply" in check_error(reply.json())["message"]
