"""Recorded answers are told with null only where OpenAI's own description has it: strict clients refuse others."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.errors import GatewayError
from gateway.surfaces.base import Author, Ended
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.wire.sse import Reader
from tests.replay.recordings import Recording, name_of, recordings_of

SURFACE = OpenAIResponsesSurface()
AUTHOR = Author("lab", "m", lambda state: "sealed")
APIS = {
    "chat_completions": "openai-chat",
    "messages": "anthropic-messages",
    "converse": "bedrock-converse",
    "converse_stream": "bedrock-converse",
    "v2_chat": "cohere",
    "generateContent": "gemini",
    "streamGenerateContent": "gemini",
    "responses": "openai-responses",
}
ANSWERS = [(api, recording) for api in APIS for recording in recordings_of(api) if recording.status == 200]
# OpenAI itself sends it until the end (recording openai/065), and Open Responses requires the field.
UNTIL_THE_END = {("response.created", "response.usage"), ("response.in_progress", "response.usage")}
Found = set[tuple[str, str]]


@cache
def schemas() -> dict[str, Any]:
    folder = Path(__file__).resolve().parents[3] / "shared" / "specs"
    found: dict[str, Any] = json.loads((folder / "openai.json").read_bytes())["components"]["schemas"]
    return found


@cache
def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": schemas()}}
    )


@cache
def events() -> dict[str, str]:
    """The name of an event's schema, by its type."""
    union = schemas()["ResponseStreamEvent"]
    names = [one["$ref"].rpartition("/")[2] for one in (*union.get("anyOf", ()), *union.get("oneOf", ()))]
    return {schemas()[name]["properties"]["type"]["enum"][0]: name for name in names}


def nulls(document: Any, *path: str | int) -> Iterator[tuple[str | int, ...]]:
    if isinstance(document, dict | list):
        for name, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from nulls(value, *path, name)
    elif document is None:
        yield path


def complaints(name: str, document: Any) -> int:
    """How much there is to complain of, within the branches of every choice, too."""
    errors = validator(name).iter_errors(document)
    return sum(1 + sum(map(len, getattr(error.kind, "context", ()))) for error in errors)


def refused(kind: str, name: str, document: dict[str, Any]) -> Found:
    """The nulls without which there is less to complain of."""
    before = complaints(name, document)
    found = set()
    for path in nulls(document) if before else ():
        without: Any = json.loads(json.dumps(document))
        inner = without
        for step in path[:-1]:
            inner = inner[step]
        del inner[path[-1]]
        if complaints(name, without) < before:
            found.add((kind, ".".join("[]" if isinstance(step, int) else step for step in path)))
    return found


def told(api: str, recording: Recording) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """What a client of the Responses API is told: the kind of each document, its schema's name, and itself."""
    body: Any = {"model": "m", "input": "Hi", "stream": recording.is_stream}
    dialect, generation, origin = DIALECTS[APIS[api]], SURFACE.read(body), Origin("lab", "m")
    writer = SURFACE.writer(generation, AUTHOR)
    if not recording.is_stream:
        reply = writer.reply(dialect.decode_reply(recording.body(), generation, origin, is_native=False))
        yield "response", "Response", json.loads(reply.body if isinstance(reply, Ended) else reply)
        return
    decoder, reader = dialect.decoder(generation, origin, is_native=False), dialect.reader()
    payloads = [*reader.feed(recording.body()), *reader.end()]
    written = writer.write([*decoder.feed_all(payloads), *decoder.end()]) + writer.end()
    for payload in Reader().feed(written):
        if payload != b"[DONE]":
            document = json.loads(payload)
            yield document["type"], events()[document["type"]], document


@pytest.mark.parametrize(("api", "recording"), ANSWERS, ids=[name_of(recording) for _, recording in ANSWERS])
def test_nulls_are_those_that_openai_allows(api: str, recording: Recording) -> None:
    try:
        documents = [*told(api, recording)]
    except GatewayError:
        pytest.skip("an answer that failed")
    found = {one for kind, name, document in documents for one in refused(kind, name, document)}
    assert found <= UNTIL_THE_END
