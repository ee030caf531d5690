"""The ends of responses that did not end by themselves: cancelled, interrupted, refused, or queued for too long."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from gateway.neutral.json import JsonObject, parse_object, text_or_empty
from gateway.store.jobs import ANNOUNCED, Batch
from gateway.store.responses import StoredResponse
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.document import move_output_last, response_usage
from gateway.surfaces.responses.partial import partial_output
from gateway.wire import sse

_DATA = b"\ndata: "
_BEGUN = b"event: response.in_progress\n"


@dataclass(frozen=True, slots=True)
class EndedResponse:
    """A response with its end: the document up to its `output`, the output, and the last events of its stream."""

    status: str
    document: bytes
    output: bytes
    events: Batch | None
    text_bytes: int
    """Of what was produced."""


def cancelled(stored: StoredResponse, batches: Iterable[Batch]) -> EndedResponse:
    """A response that was cancelled, with what was produced. Its stream ends without another event, as OpenAI's."""
    response = _response(stored, batches)
    response["status"] = "cancelled"
    return _ended(response, None)


def failed(stored: StoredResponse, batches: Iterable[Batch], error: Mapping[str, object], number: int) -> EndedResponse:
    """A response that failed, with what was produced. `number` is that of its next event."""
    batches = [*batches]
    response = _response(stored, batches)
    last = number
    events: list[bytes] = []
    if number == ANNOUNCED and not any(_BEGUN in batch.data for batch in batches):
        response["status"] = "in_progress"
        events.append(_event("response.in_progress", response, number))
        last += 1
    response["status"], response["error"] = (
        "failed",
        {"code": text_or_empty(error["code"]), "message": text_or_empty(error["message"])},
    )
    response["usage"] = extensions(response_usage(None))
    move_output_last(response)
    events.append(_event("response.failed", response, last))
    return _ended(response, Batch(number, last, b"".join(events)))


def read_events(batches: Iterable[Batch]) -> Iterator[JsonObject]:
    """The events of stored batches."""
    for batch in batches:
        for block in batch.data.split(sse.END):
            event = parse_object(block.partition(_DATA)[2]) if block else None
            if event is not None:
                yield event


def _event(kind: str, response: JsonObject, number: int) -> bytes:
    return sse.named_event(kind, orjson.dumps({"type": kind, "response": response, "sequence_number": number}))


def _response(stored: StoredResponse, batches: Iterable[Batch]) -> JsonObject:
    response: JsonObject = orjson.loads(b"".join((stored.document, stored.output, b"}")))
    response["output"] = [*partial_output(read_events(batches))]
    return response


def _ended(response: JsonObject, events: Batch | None) -> EndedResponse:
    output = orjson.dumps(response["output"])
    body = orjson.dumps(response)
    return EndedResponse(
        text_or_empty(response["status"]), body[: -len(output) - 1], output, events, _text_bytes(response)
    )


def _text_bytes(response: JsonObject) -> int:
    # Quotes, names of fields and ids are no text of the model's; there is some of each in every item.
    return sum(len(text.encode("utf-8", "replace")) for text in _texts(response["output"]))


def _texts(value: object) -> Iterator[str]:
    match value:
        case {"type": "output_text" | "reasoning_text" | "summary_text", "text": str(text)}:
            yield text
        case {"refusal": str(text)} | {"arguments": str(text)} | {"input": str(text)}:
            yield text
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
