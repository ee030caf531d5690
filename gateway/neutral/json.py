"""Reads values out of untrusted JSON, as an upstream or a client wrote it.

Every function takes any value and raises nothing. What is not of the requested type is None, or empty:
`text_or_none(reply.get("id"))`, `object_or_empty(reply.get("usage")).get("details")`.
"""

from typing import TypeAlias

import orjson

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]

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
