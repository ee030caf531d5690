"""Reads a plain Response."""

import orjson

from gateway.dialects.base import Origin
from gateway.dialects.decoder import NotAnAnswer, bad_reply
from gateway.dialects.openai_responses.answer import Answer
from gateway.dialects.openai_responses.ending import conclusion, status_of, usage_of
from gateway.dialects.openai_responses.errors import error_in_band, failure
from gateway.dialects.openai_responses.fast_path import RepeatedDelta
from gateway.neutral.events import Done, Event, Failed
from gateway.neutral.json import Json, JsonObject, is_too_deep


def decode_reply(body: bytes, origin: Origin) -> list[Event]:
    """The events of one reply, ending in `Done`, or in `Failed` if it is no Response or one that failed."""
    try:
        document: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return [Failed(bad_reply(origin, "answered with something that is not JSON"))]
    try:
        if not isinstance(document, dict) or is_too_deep(body, document):
            raise NotAnAnswer
        if "output" not in document and document.get("object") != "response":
            return [_no_response(document, origin)]
        return _read(document, origin)
    except NotAnAnswer:
        return [Failed(bad_reply(origin, "answered with no Response"))]


def ended(answer: Answer, response: JsonObject, status: str, origin: Origin) -> list[Event]:
    """The last events of an answer, streamed or not, by the whole Response."""
    usage = usage_of(response)
    if status in ("failed", "cancelled"):
        return [*usage, Failed(failure(response, status, origin))]
    events = answer.ended(response.get("output"), "incomplete" if status == "incomplete" else "completed")
    return [*events, *conclusion(response, status, has_calls=answer.has_calls), *usage, Done()]


def _read(document: JsonObject, origin: Origin) -> list[Event]:
    status = status_of(document)
    if status in ("completed", "incomplete") and not isinstance(document.get("output"), list):
        raise NotAnAnswer
    return ended(Answer(RepeatedDelta()), document, status, origin)


def _no_response(document: JsonObject, origin: Origin) -> Failed:
    """An error with a status of success, or nothing that is known."""
    is_error = document.get("error") or document.get("object") == "error" or document.get("type") == "error"
    if not is_error and not isinstance(document.get("message") or document.get("detail"), str):
        raise NotAnAnswer
    return Failed(error_in_band(document, origin))
