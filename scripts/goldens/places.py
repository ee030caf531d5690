"""Every place in a JSON value, and the value with something else in that place."""

import copy
from collections.abc import Iterator
from typing import Any

Place = tuple[str | int, ...]
NOTHING = ...
"""Instead of a value: the place is taken out."""


def places(value: Any, place: Place = ()) -> Iterator[tuple[str, Place]]:
    """The name and the way to everything in a value, without the value itself."""
    if place:
        yield ".".join(map(str, place)), place
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in inner:
        yield from places(part, (*place, name))


def replaced(value: Any, place: Place, other: Any) -> Any:
    """A copy of the value with another one in this place."""
    changed: Any = copy.deepcopy(value)
    outer = changed
    for name in place[:-1]:
        outer = outer[name]
    if other is NOTHING:
        del outer[place[-1]]
    else:
        outer[place[-1]] = other
    return changed
