"""Asks for responses, plain and streamed, and holds every answer against the contract."""

from typing import Any

import httpx

from tests.clients.contract import check, check_error, response_events

RESPONSES = "/v1/responses"
CONVERSATIONS = "/v1/conversations"
Document = dict[str, Any]


def plain(client: httpx.Client, input: Any = "Hello there.", model: str = "test/echo", **more: Any) -> Document:
    """The whole answer."""
    reply = client.post(RESPONSES, json={"model": model, "input": input, **more})
    assert reply.status_code == 200, reply.text
    document: Document = reply.json()
    check("Response", document)
    return document


def streamed(
    client: httpx.Client, input: Any = "Hello there.", model: str = "test/echo", **more: Any
) -> list[Document]:
    """The events of the answer; the last one holds the whole of it."""
    body = {"model": model, "input": input, "stream": True, **more}
    with client.stream("POST", RESPONSES, json=body) as reply:
        assert reply.status_code == 200, reply.read()
        assert reply.headers["content-type"].startswith("text/event-stream")
        return response_events(reply.iter_lines())


def answered(client: httpx.Client, is_stream: bool, *args: Any, **more: Any) -> Document:
    """The whole answer, however it came."""
    if not is_stream:
        return plain(client, *args, **more)
    document: Document = streamed(client, *args, **more)[-1]["response"]
    return document


def refused(client: httpx.Client, status: int, body: Document) -> Document:
    """The error for a request that is refused, alike whether a stream was asked for."""
    errors = []
    for is_stream in (False, True):
        reply = client.post(RESPONSES, json={"model": "test/echo", "input": "Hello.", **body, "stream": is_stream})
        assert reply.status_code == status, reply.text
        errors.append(check_error(reply.json()))
    assert errors[0] == errors[1]
    return errors[0]


def text(response: Document) -> str:
    """What the answer says."""
    messages = [item for item in response["output"] if item["type"] == "message"]
    return "".join(part.get("text", "") for message in messages for part in message["content"])


def items(response: Document, kind: str) -> list[Document]:
    """The items of one kind in the output."""
    return [item for item in response["output"] if item["type"] == kind]


def kinds(events: list[Document]) -> list[str]:
    """The types of events, without the prefix that all have."""
    return [event["type"].removeprefix("response.") for event in events]


def function(name: str, *parameters: str, **more: Any) -> Document:
    """The definition of a function with texts as parameters."""
    properties = {parameter: {"type": "string"} for parameter in parameters}
    schema = {"type": "object", "properties": properties, "required": [*parameters], "additionalProperties": False}
    return {"type": "function", "name": name, "parameters": schema, **more}


def output(call: Document, said: Any = "done") -> Document:
    """The output of a call."""
    return {"type": f"{call['type']}_output", "call_id": call["call_id"], "output": said}


def user(said: Any) -> Document:
    """A message of the user's."""
    return {"type": "message", "role": "user", "content": said}
