"""A request in which there is nothing to answer is refused before any provider is called, and charges."""

from typing import Any

import httpx
import pytest

V1, OWN_RESPONSES, OWN_CHAT = "/v1/responses", "/api/gateway/v1/responses", "/api/gateway/v1/chat/completions"


@pytest.mark.parametrize("model", ["test/echo", "native/echo", "down/any"])
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("path", "body", "param"),
    [
        (V1, {}, "input"),
        (V1, {"input": []}, "input"),
        (V1, {"instructions": "Be brief."}, "input"),
        (V1, {"input": [], "previous_response_id": None, "conversation": None}, "input"),
        (OWN_RESPONSES, {"input": ""}, "input"),
        (OWN_CHAT, {"messages": []}, "messages"),
        ("/v1/chat/completions", {"messages": []}, "messages"),
    ],
)
def test_it_is_a_400_that_names_the_field(
    client: httpx.Client, model: str, is_stream: bool, path: str, body: Any, param: str
) -> None:
    response = client.post(path, json={"model": model, "stream": is_stream, **body})
    assert response.status_code == 400, response.text
    assert response.json()["error"]["param"] == param
    # `down` cannot be reached, which would have been another error.
    assert "x-waystone-provider" not in response.headers or model != "down/any"


def test_what_continues_something_needs_no_input(client: httpx.Client) -> None:
    first = client.post(V1, json={"model": "test/echo", "input": "Hi"}).json()
    again = client.post(V1, json={"model": "test/echo", "previous_response_id": first["id"]})
    assert again.status_code == 200, again.text
    assert client.post(V1, json={"model": "test/echo", "input": ""}).status_code == 200
