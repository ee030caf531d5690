"""Holds replies and event streams against the contract that the server is run by."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs
import orjson

from gateway.contract.bundle import Bundle
from tests.unit.stream_grammar import Machine

CHAT_PATHS = ("/v1/chat/completions", "/api/gateway/v1/chat/completions")
RESPONSES_PATH = "/api/gateway/v1/responses"
PATHS = (*CHAT_PATHS, RESPONSES_PATH)
DONE = "[DONE]"


@dataclass(frozen=True)
class ServerSentEvent:
    """One event as it came."""

    name: str | None
    data: str

    @property
    def document(self) -> dict[str, Any]:
        parsed: dict[str, Any] = orjson.loads(self.data)
        return parsed


def request(path: str, model: str = "test/echo", text: str = "Hello there.", **more: Any) -> dict[str, Any]:
    """The least request that an operation takes."""
    said = {"input": text} if path == RESPONSES_PATH else {"messages": [{"role": "user", "content": text}]}
    return {"model": model, **said, **more}


@cache
def bundle() -> Bundle:
    """The contract."""
    return Bundle.load()


@cache
def _validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(bundle().schema({"$ref": f"#/components/schemas/{name}"}))


def check(name: str, document: Any) -> None:
    """Fail if a document is not what one of the contract's schemas says."""
    errors = [f"{list(error.instance_path)}: {error.message}" for error in _validator(name).iter_errors(document)]
    assert not errors, errors


def check_error(document: Any) -> dict[str, Any]:
    """The fields of the one envelope, which has nothing else in it."""
    check("ErrorResponse", document)
    assert document.keys() == {"error"}
    assert document["error"].keys() == {"message", "type", "param", "code"}
    fields: dict[str, Any] = document["error"]
    return fields


def events(lines: Iterable[str]) -> Iterable[ServerSentEvent]:
    """The events in the lines of a stream, as they come. Any field but `event` and `data` fails."""
    name: str | None = None
    data: list[str] = []
    for line in lines:
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match field:
            case "" if line:
                continue
            case "":
                if data:
                    yield ServerSentEvent(name, "\n".join(data))
                name, data = None, []
            case "event":
                name = value
            case "data":
                data.append(value)
            case other:
                raise AssertionError(f"a client may stumble over the field {other!r}")
    assert not data, "the last event is not closed by a blank line"


def chat_chunks(lines: Iterable[str]) -> list[dict[str, Any]]:
    """The chunks of a chat stream that ended well, each checked."""
    *chunks, last = events(lines)
    assert last.data == DONE
    assert all(event.name is None for event in chunks)
    for event in chunks:
        check("ChatCompletionChunk", event.document)
    documents = [event.document for event in chunks]
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in documents}) == 1
    return documents


def response_events(lines: Iterable[str]) -> list[dict[str, Any]]:
    """The events of a Responses stream, each checked, in the order of the grammar, `[DONE]` after their one end."""
    *told, last = events(lines)
    assert last.data == DONE
    assert last.name is None
    machine = Machine()
    documents = [event.document for event in told]
    for event, document in zip(told, documents, strict=True):
        check("ResponseStreamEvent", document)
        assert event.name == document["type"]
        machine.read(document)
    assert machine.is_over, "the stream has no terminal event"
    check("Response", documents[-1]["response"])
    return documents
