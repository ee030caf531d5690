"""Waystone's two documented operations, as a client that was written from the documents reads them."""

from typing import Any

import httpx
import jsonschema_rs
import pytest
import yaml

from tests.clients.contract import RESPONSES_PATH, check
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import ROOT

CHAT = "/api/gateway/v1/chat/completions"
DOCUMENTS = ROOT / "openapi" / "documents"


def _documented(file: str, path: str) -> jsonschema_rs.Draft202012Validator:
    document = yaml.safe_load((DOCUMENTS / file).read_text())
    content = document["paths"][path]["post"]["responses"]["200"]["content"]
    return jsonschema_rs.Draft202012Validator(content["application/json"]["schema"])


def _chat(client: httpx.Client, model: str = "test/echo", **more: Any) -> dict[str, Any]:
    body = {"model": model, "messages": [{"role": "user", "content": "Well?"}], **more}
    reply = client.post(CHAT, json=body)
    assert reply.status_code == 200, reply.text
    document: dict[str, Any] = reply.json()
    return document


@pytest.mark.parametrize(
    "model", ["echo", "tools", "parallel-tools", "reasoning", "refusal", "length", "sparse", "late-usage"]
)
def test_chat_reply_is_what_the_document_says(client: httpx.Client, model: str) -> None:
    document = _chat(client, f"test/{model}")
    _documented("waystone-create-chat-completion.yaml", CHAT).validate(document)
    check("ChatCompletion", document)


def test_chat_reply_serves_readers_of_the_document_and_of_openai(client: httpx.Client) -> None:
    document = _chat(client)
    (choice,) = document["choices"]
    message = choice["message"]
    assert message["contents"] == message["content"] == "Well?"
    assert choice["created"] == document["created"]
    assert (message["refusal"], message["annotations"], message["audio"]) == (None, [], None)


def test_every_choice_has_the_documents_fields(client: httpx.Client) -> None:
    choices = _chat(client, n=2)["choices"]
    assert [choice["index"] for choice in choices] == [0, 1]
    assert all(choice["message"]["contents"] == "Well?" for choice in choices)


@pytest.mark.parametrize("none", [0, 0.0])
def test_a_limit_of_0_is_none(client: httpx.Client, upstream: ChatUpstream, none: float) -> None:
    _chat(client, max_completion_tokens=none)
    assert "max_completion_tokens" not in upstream.last
    reply = client.post(RESPONSES_PATH, json={"model": "test/echo", "input": "Well?", "max_completion_tokens": none})
    assert reply.status_code == 200, reply.text
    assert not {name for name in upstream.last if name.startswith("max_")}


@pytest.mark.parametrize(("given", "sent"), [(2, 2), (2.0, 2), (1e3, 1000)])
def test_whole_numbers_go_upstream_as_integers(
    client: httpx.Client, upstream: ChatUpstream, given: float, sent: int
) -> None:
    _chat(client, max_completion_tokens=given)
    assert upstream.last["max_completion_tokens"] == sent
    assert isinstance(upstream.last["max_completion_tokens"], int)


@pytest.mark.parametrize("path", [CHAT, RESPONSES_PATH])
@pytest.mark.parametrize("name", ["n", "max_completion_tokens"])
@pytest.mark.parametrize("value", [1.5, 1e300])
def test_numbers_that_are_no_counts_are_refused(client: httpx.Client, path: str, name: str, value: float) -> None:
    body = {"model": "test/echo", "messages": [], "input": "", name: value}
    reply = client.post(path, json=body)
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, name)


def test_function_role_is_taken(client: httpx.Client, upstream: ChatUpstream) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "function", "name": "f", "content": "42"}]
    _chat(client, messages=messages)
    assert upstream.last["messages"] == messages


def test_content_as_an_array_of_strings_goes_upstream_as_parts(client: httpx.Client, upstream: ChatUpstream) -> None:
    document = _chat(client, messages=[{"role": "user", "content": ["One ", "two"]}])
    assert upstream.last["messages"][0]["content"] == [
        {"type": "text", "text": "One "},
        {"type": "text", "text": "two"},
    ]
    assert document["choices"][0]["message"]["contents"] == "One two"


@pytest.mark.parametrize("input_", [["a list"], [{"role": "user", "content": "x"}], None, 1])
def test_input_is_a_string_and_nothing_else(client: httpx.Client, input_: Any) -> None:
    reply = client.post(RESPONSES_PATH, json={"model": "test/echo", "input": input_})
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "input")


@pytest.mark.parametrize("model", ["echo", "tools", "parallel-tools", "reasoning", "refusal", "length", "sparse"])
def test_response_is_a_whole_response_object(client: httpx.Client, model: str) -> None:
    reply = client.post(RESPONSES_PATH, json={"model": f"test/{model}", "input": "Well?"})
    assert reply.status_code == 200
    check("Response", reply.json())


def test_response_repeats_what_it_was_asked_with(client: httpx.Client, upstream: ChatUpstream) -> None:
    asked = {"temperature": 0.5, "max_completion_tokens": 9, "metadata": {"a": "b"}, "user": "u"}
    reply = client.post(RESPONSES_PATH, json={"model": "test/echo", "input": "Well?", **asked}).json()
    assert (reply["temperature"], reply["max_output_tokens"], reply["store"]) == (0.5, 9, False)
    assert (reply["metadata"], reply["user"]) == ({"a": "b"}, "u")
    assert upstream.last["max_completion_tokens"] == 9


@pytest.mark.parametrize(("asked", "status"), [({}, 404), ({"store": False}, 404), ({"store": True}, 200)])
def test_response_is_kept_where_it_is_asked_for(client: httpx.Client, asked: dict[str, Any], status: int) -> None:
    body = {"model": "test/echo", "input": "Hello?", **asked}
    first = client.post(RESPONSES_PATH, json=body).json()
    kept = client.get(f"/v1/responses/{first['id']}")
    assert kept.status_code == status
    again = client.post(RESPONSES_PATH, json={**body, "previous_response_id": first["id"]})
    assert again.status_code == (200 if status == 200 else 400)
