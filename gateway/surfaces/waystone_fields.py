"""What Waystone's two operations have in common: numbers that must be whole."""

from typing import Any

from gateway.errors import InvalidRequest

# The documents call these numbers; to every upstream they are counts.
COUNTS = ("n", "max_completion_tokens")
_LARGEST = 2**53


def make_counts_whole(body: dict[str, Any]) -> None:
    """Turn 2.0 into 2, in place. Raises `InvalidRequest` for a fraction, and for what no upstream reads."""
    for name in COUNTS:
        value = body.get(name)
        if not isinstance(value, float):
            continue
        if not value.is_integer():
            raise InvalidRequest(f"{name} must be a whole number, got {value}.", param=name, code="invalid_value")
        if abs(value) > _LARGEST:
            raise InvalidRequest(f"{name} is too large, got {value}.", param=name, code="invalid_value")
        body[name] = int(value)
