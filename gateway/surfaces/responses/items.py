"""What the open item of a Response is: what it has become so far, and the events that complete it."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

StreamEvent = dict[str, Any]

_ENDS = ("completed", "incomplete", "failed")


class Item(Protocol):
    """One output item while it is written."""

    item: dict[str, Any]

    def close(self, status: str) -> Iterator[StreamEvent]:
        """The events that complete it, all but `output_item.done`."""


def ended_status(final: Mapping[str, Any]) -> str:
    """The status that an upstream's final item has."""
    status = final.get("status")
    return status if isinstance(status, str) and status in _ENDS else "completed"


def beyond(given: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What an upstream says of an item beyond what is known of it; its own id stays with it."""
    return {name: value for name, value in given.items() if name not in known and name != "id"}
