"""Takes values out of a body that the contract leaves open, and says where one is not what it must be."""

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
