"""Behaviours that gateways get wrong: state, references, and formats (facts on the Responses API, section 4)."""

from typing import Any

import httpx
import pytest

from tests.clients.asking import CONVERSATIONS, RESPONSES, answered, function, items, output, plain, refused, text, user
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.responses_upstream import ResponsesUpstream

STREAMS = pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
FORMAT = {
    "type": "json_schema",
    "name": "answer",
    "strict": True,
    "schema": {
        "type": "object",
        "properties": {"a": {"type": "string"}},
        "required": ["a"],
        "additionalProperties": False,
    },
}


def _heard(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Who said what, in the words that an upstream was sent."""
    if "messages" in body:
        return [(message["role"], str(message["content"])) for message in body["messages"]]
    return [(item["role"], _words(item["content"])) for item in body["input"] if item["type"] == "message"]


def _words(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


@pytest.mark.parametrize("provider", ["test", "native"])
@STREAMS
def test_behaviour_17_a_previous_response_is_replayed_once_and_in_order(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream, provider: str, is_stream: bool
) -> None:
    previous: dict[str, Any] = {}
    for number in range(4):
        response = answered(client, is_stream, f"Turn {number}.", f"{provider}/echo", **previous)
        previous = {"previous_response_id": response["id"]}
    expected = [(role, f"Turn {number}.") for number in range(4) for role in ("user", "assistant")][:-1]
    assert _heard((upstream if provider == "test" else native).last) == expected


@pytest.mark.parametrize("provider", ["test", "native"])
def test_behaviour_17_instructions_are_not_carried_over_and_system_items_are(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream, provider: str
) -> None:
    said = [
        {"type": "message", "role": "system", "content": "Be kind."},
        {"type": "message", "role": "developer", "content": "Be brief."},
        user("Hi."),
    ]
    first = plain(client, said, f"{provider}/echo", instructions="Speak like a pirate.")
    second = plain(
        client, "Go on.", f"{provider}/echo", previous_response_id=first["id"], instructions="Speak like a king."
    )
    third = plain(client, "Go on.", f"{provider}/echo", previous_response_id=second["id"])
    sent = (upstream if provider == "test" else native).received
    assert "pirate" in str(sent[0])
    assert "pirate" not in str(sent[1])
    assert "king" in str(sent[1])
    assert "king" not in str(sent[2])
    for body in sent:
        heard = "\n".join(words for _, words in _heard(body))
        assert heard.index("Be kind.") < heard.index("Be brief.") < heard.index("Hi.")
    assert (second["instructions"], third["instructions"]) == ("Speak like a king.", None)


def test_behaviour_17_the_provider_can_change_in_mid_chain(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream
) -> None:
    tools = [function("f0", "city")]
    first = plain(client, "One.", "test/tools", tools=tools)
    outputs = [output(call) for call in items(first, "function_call")]
    second = plain(client, outputs, "native/echo", previous_response_id=first["id"], tools=tools)
    third = plain(client, "Three.", "native/web-search", previous_response_id=second["id"])
    fourth = plain(client, "Four.", "test/echo", previous_response_id=third["id"])
    assert text(fourth) == "Four."
    assert [role for role, _ in _heard(upstream.last)] == ["user", "assistant", "tool", *["assistant", "user"] * 2]


@pytest.mark.parametrize("field", ["previous_response_id", "conversation"])
def test_behaviour_17_ids_of_ours_never_go_upstream(
    client: httpx.Client, native: ResponsesUpstream, upstream: ChatUpstream, field: str
) -> None:
    first = plain(client, "One.", "native/parallel-tools", tools=[function("f0"), function("f1")])
    outputs = [output(call) for call in items(first, "function_call")]
    if field == "conversation":
        made = client.post(CONVERSATIONS, json={"items": [user("One."), *first["output"]]})
        assert made.status_code == 200, made.text
        state = {"conversation": made.json()["id"]}
    else:
        state = {"previous_response_id": first["id"]}
    second = plain(client, outputs, "native/echo", **state)
    ours = [first["id"], second["id"], *(item["id"] for item in first["output"])]
    assert field not in native.last
    assert native.last["store"] is False
    assert not any(one in str(native.last) for one in ours)
    plain(client, "Go on.", **({"previous_response_id": second["id"]} if field != "conversation" else state))
    assert not upstream.last.keys() & {"previous_response_id", "conversation", "store"}


def test_behaviour_17_a_response_can_be_gone_on_from_as_soon_as_it_ended(client: httpx.Client) -> None:
    previous: dict[str, Any] = {}
    for number in range(20):
        response = answered(client, bool(number % 2), "On.", **previous)
        previous = {"previous_response_id": response["id"]}
        assert client.get(f"{RESPONSES}/{response['id']}").json() == response


def test_behaviour_17_an_unknown_previous_response_is_refused_and_not_ignored(
    client: httpx.Client, upstream: ChatUpstream
) -> None:
    error = refused(client, 400, {"previous_response_id": "resp_nobody"})
    assert error == {
        "message": "Previous response with id 'resp_nobody' not found.",
        "type": "invalid_request_error",
        "param": "previous_response_id",
        "code": "previous_response_not_found",
    }
    assert upstream.received == []


@STREAMS
def test_behaviour_18_store_false_keeps_nothing(client: httpx.Client, is_stream: bool) -> None:
    response = answered(client, is_stream, store=False)
    assert response["store"] is False
    assert client.get(f"{RESPONSES}/{response['id']}").status_code == 404
    assert client.get(f"{RESPONSES}/{response['id']}/input_items").status_code == 404
    assert client.delete(f"{RESPONSES}/{response['id']}").status_code == 404
    error = refused(client, 400, {"previous_response_id": response["id"]})
    assert error["code"] == "previous_response_not_found"
    item = response["output"][0]["id"]
    assert refused(client, 404, {"input": [{"type": "item_reference", "id": item}]})["param"] == "input"


@pytest.mark.parametrize("has_type", [True, False])
@pytest.mark.parametrize("model", ["test/echo", "native/echo"])
@STREAMS
def test_behaviour_18_references_to_items_are_resolved_from_our_store(
    client: httpx.Client,
    upstream: ChatUpstream,
    native: ResponsesUpstream,
    has_type: bool,
    model: str,
    is_stream: bool,
) -> None:
    # As the AI SDK does: every earlier part of the assistant's becomes a reference.
    tools = [function("f0", "city"), function("f1", "city")]
    first = plain(client, "Weather?", "test/reasoning-tools", tools=tools)
    kind = {"type": "item_reference"} if has_type else {}
    references = [{**kind, "id": item["id"]} for item in first["output"]]
    outputs = [output(call) for call in items(first, "function_call")]
    history = [user("Weather?"), *references, *outputs, user("Well?")]
    assert text(answered(client, is_stream, history, model, tools=tools)) == "Well?"
    if model == "native/echo":
        assert [item["type"] for item in native.last["input"]] == [
            "message",
            *["function_call"] * 2,
            *["function_call_output"] * 2,
            "message",
        ]
    else:
        assert [message["role"] for message in upstream.last["messages"]] == [
            *("user", "assistant", "tool", "tool", "user"),
        ]


@pytest.mark.parametrize("item_id", ["rs_123", "msg_" + "0" * 44, "fc_" + "f" * 44, "x", "a'b\"c/d"])
def test_behaviour_18_a_reference_to_what_is_not_there_is_refused_in_openais_own_form(
    client: httpx.Client, upstream: ChatUpstream, item_id: str
) -> None:
    error = refused(client, 404, {"input": [user("Hi."), {"type": "item_reference", "id": item_id}]})
    assert error == {
        "message": f"Item with id '{item_id}' not found.",
        "type": "invalid_request_error",
        "param": "input",
        "code": None,
    }
    assert upstream.received == []


@STREAMS
def test_behaviour_20_a_json_schema_is_carried_to_every_dialect(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream, is_stream: bool
) -> None:
    for model in ("test/echo", "native/echo"):
        response = answered(client, is_stream, "Hi.", model, text={"format": FORMAT})
        assert response["text"]["format"] == {**FORMAT, "description": None}
    schema = {name: value for name, value in FORMAT.items() if name != "type"}
    assert upstream.last["response_format"] == {"type": "json_schema", "json_schema": schema}
    assert native.last["text"] == {"format": FORMAT}


def test_behaviour_20_json_mode_and_chats_response_format_are_carried(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream
) -> None:
    plain(client, "JSON!", text={"format": {"type": "json_object"}})
    assert upstream.last["response_format"] == {"type": "json_object"}
    nested = {name: value for name, value in FORMAT.items() if name != "type"}
    for asked, sent in [
        ({"type": "json_object"}, {"type": "json_object"}),
        ({"type": "json_schema", "json_schema": nested}, FORMAT),
    ]:
        body = {"messages": [{"role": "user", "content": "JSON!"}], "model": "native/echo", "response_format": asked}
        assert client.post("/v1/chat/completions", json=body).status_code == 200
        assert native.last["text"]["format"] == sent


def test_behaviour_20_an_omitted_strict_means_what_its_own_dialect_says(
    client: httpx.Client, upstream: ChatUpstream, native: ResponsesUpstream
) -> None:
    native.wants_strict = True
    loose = {"type": "function", "function": {"name": "f0", "parameters": {"type": "object", "properties": {}}}}
    body = {"messages": [{"role": "user", "content": "Hi."}], "model": "native/echo", "tools": [loose]}
    assert client.post("/v1/chat/completions", json=body).status_code == 200
    assert native.last["tools"][0]["strict"] is False, "false in chat"
    plain(client, "Hi.", tools=[function("f0", "city")])
    assert upstream.last["tools"][0]["function"]["strict"] is True, "true in the Responses API"
    plain(client, "Hi.", tools=[function("f0", "city", strict=False)])
    assert upstream.last["tools"][0]["function"]["strict"] is False
