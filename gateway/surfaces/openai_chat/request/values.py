"""Takes values out of a chat body, and refuses those that are not of the type that is needed at their path.

A body that passed its contract has the types which that lists. Checks are for what a contract leaves open: fields of
tools and calls in Waystone's own chat operation, and those that only some clients know.
"""

from typing import TypeVar

from gateway.errors import misshapen

T = TypeVar("T")


def text_at(value: object, path: str) -> str:
    """The text at `path`, such as `messages[0].content`. Raises `InvalidRequest` if it is none."""
    if isinstance(value, str):
        return value
    raise misshapen(path, "a string")


def optional_text_at(value: object, path: str) -> str | None:
    """The text at `path`, or None for null. Raises `InvalidRequest` for anything else."""
    return None if value is None else text_at(value, path)


def require_object(value: object, path: str) -> None:
    """Raise `InvalidRequest` if the value at `path` is no object."""
    if not isinstance(value, dict):
        raise misshapen(path, "an object")


def object_at(value: T | None, path: str) -> T:
    """The object at `path`, with its type. Raises `InvalidRequest` if it is none."""
    if value is None or not isinstance(value, dict):
        raise misshapen(path, "an object")
    return value


def list_at(value: list[T] | None, path: str) -> list[T]:
    """The list at `path`, empty for null. Raises `InvalidRequest` if it is none."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise misshapen(path, "an array")
