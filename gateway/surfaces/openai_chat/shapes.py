"""Takes values out of a body that the contract leaves open, and says where one is not what it must be."""

from collections.abc import Collection
from typing import Any

from gateway.errors import InvalidRequest


def text_at(value: Any, place: str) -> str:
    """The text that stands at `place`, such as `messages[0].content`. Raises `InvalidRequest` if it is none."""
    if isinstance(value, str):
        return value
    raise misshapen(place, "a string")


def object_at(value: Any, place: str) -> dict[str, Any]:
    """The object that stands at `place`. Raises `InvalidRequest` if it is none."""
    if isinstance(value, dict):
        return value
    raise misshapen(place, "an object")


def list_at(value: Any, place: str) -> list[Any]:
    """The list that stands at `place`, empty for null. Raises `InvalidRequest` if it is none."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise misshapen(place, "an array")


def misshapen(place: str, expected: str) -> InvalidRequest:
    """The error for a value of another kind than `expected`."""
    return InvalidRequest(f"Invalid value for {place}: expected {expected}.", param=place, code="invalid_value")


def chat_only(place: str, what: str) -> InvalidRequest:
    """The error for what means something to the chat dialect alone, and to the answer."""
    message = f"The provider of this model does not speak the chat dialect, and cannot be given {what}; see {place}."
    return InvalidRequest(message, param=place, code="unsupported_parameter")


def left_over(given: dict[str, Any], known: Collection[str], place: str) -> list[str]:
    """The places of fields beside the known ones, where they say anything."""
    return [f"{place}.{name}" for name, value in given.items() if name not in known and value]
