"""Reads values out of untrusted JSON, as an upstream or a client wrote it; writes requests and replies as JSON.

Every function takes any value and raises nothing. What is not of the requested type is None, or empty:
`text_or_none(reply.get("id"))`, `object_or_empty(reply.get("usage")).get("details")`.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import orjson

from gateway.errors import InvalidRequest, UpstreamDown

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]

# The gateway's answers have what an upstream sends some levels deeper; orjson writes 254.
_DEEPEST = 200
# Integers above it are not exact in every JSON reader, and no count is so large.
_EXACT = 2**53


def parse(body: bytes | str) -> Json:
    """The value that `body` is the JSON of; None if it is not valid JSON."""
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return value


def parse_object(body: bytes | str) -> JsonObject | None:
    """The object that `body` is the JSON of; None if it is not valid JSON or no object."""
    return object_or_none(parse(body))


def text_or_none(value: object) -> str | None:
    """The string, which may be empty."""
    return value if type(value) is str else None


def text_or_empty(value: object) -> str:
    """The string."""
    return value if type(value) is str else ""


def boolean_or_none(value: object) -> bool | None:
    """True or False; 0 and 1 are integers."""
    return value if type(value) is bool else None


def integer_or_none(value: object) -> int | None:
    """The integer of any sign; True, False and 1.0 are none."""
    return value if type(value) is int else None


def number_or_none(value: object) -> int | float | None:
    """The integer or float; True and False are none."""
    return value if type(value) is int or type(value) is float else None


def count_or_none(value: object) -> int | None:
    """The integer from 0 to 2**53 (excluded): an index, or a number of tokens written as it should be."""
    return value if type(value) is int and 0 <= value < _EXACT else None


def count_or_zero(value: object) -> int:
    """The number from 0 to 2**53 (excluded), rounded down: some upstreams write numbers of tokens as floats."""
    if (type(value) is int or type(value) is float) and 0 <= value < _EXACT:
        return int(value)
    return 0


def list_or_none(value: object) -> list[Json] | None:
    """The list, whatever it contains."""
    return value if type(value) is list else None


def list_or_empty(value: object) -> list[Json]:
    """The list, whatever it contains; otherwise a new empty one."""
    return value if type(value) is list else []


def object_or_none(value: object) -> JsonObject | None:
    """The object."""
    return value if type(value) is dict else None


def object_or_empty(value: object) -> JsonObject:
    """The object; otherwise a new empty one."""
    return value if type(value) is dict else {}


def objects_in(value: object) -> list[JsonObject]:
    """The objects in a list, in order, without its other entries; empty if it is no list."""
    return [entry for entry in value if type(entry) is dict] if type(value) is list else []


def texts_in(value: object) -> list[str]:
    """The strings in a list, in order, without its other entries; empty if it is no list."""
    return [entry for entry in value if type(entry) is str] if type(value) is list else []


def written(body: object) -> bytes:
    """The body of a request as JSON. Raises `InvalidRequest` for one that is too deep."""
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        raise InvalidRequest("The body is nested too deeply.", code="invalid_value") from None


def parse_all(payloads: Sequence[bytes]) -> list[Json]:
    """The documents in texts that came together, by one parse; none where it cannot be told which is whose."""
    try:
        documents: Json = orjson.loads(b"[%b]" % b",".join(payloads))
    except orjson.JSONDecodeError:
        return []
    return documents if type(documents) is list and len(documents) == len(payloads) else []


def is_too_deep(payload: bytes, document: Json) -> bool:
    """Whether a document could not be passed on. Only one with many brackets has to be looked at."""
    if payload.count(b"[") + payload.count(b"{") <= _DEEPEST:
        return False
    level: list[Json] = [document]
    for _ in range(_DEEPEST):
        level = [inner for outer in level for inner in _inner(outer)]
        if not level:
            return False
    return True


def _inner(value: Json) -> list[Json]:
    if isinstance(value, dict):
        return [inner for inner in value.values() if isinstance(inner, dict | list)]
    return [inner for inner in value if isinstance(inner, dict | list)] if isinstance(value, list) else []


def write_document(document: Mapping[str, object]) -> bytes:
    """A reply, or an event, as JSON. Raises `UpstreamDown` for one that is nested too deeply to be written."""
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:
        message = "The upstream answered with a reply that is nested too deeply."
        raise UpstreamDown(message, code="upstream_bad_reply") from None
