"""Reads counts that an upstream may have written in any way."""

_LARGEST = 2**53


def count(details: object, name: str) -> int:
    """The count under this name, 0 where there is none."""
    value = details.get(name) if type(details) is dict else None
    if type(value) is int:
        return value if 0 <= value < _LARGEST else 0
    return int(value) if type(value) is float and 0 <= value < _LARGEST else 0


def is_whole(value: object) -> bool:
    """Whether this is a count as it should be."""
    return type(value) is int and 0 <= value < _LARGEST
