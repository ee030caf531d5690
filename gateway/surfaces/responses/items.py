"""An output item while it is written: its fields so far, and the events that complete it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias, TypedDict

from gateway.neutral.json import Json, JsonObject

if TYPE_CHECKING:
    from generated import models

StreamEvent: TypeAlias = dict[str, object]
"""An event of the stream on its way to being written. The contract has a type for each kind: `ResponseStreamEvent`."""


_KEPT_BACK = ("id", "encrypted_content")


class ItemReference(TypedDict):
    """The fields by which an event names its item."""

    item_id: str
    output_index: int


class Item(Protocol):
    """One output item while it is written."""

    @property
    def item(self) -> models.OutputItem:
        """The item as it is now."""

    def close(self, status: models.ItemStatus) -> Iterator[StreamEvent]:
        """The events that complete it, all but `output_item.done`."""


def final_status(final: Mapping[str, Json]) -> models.ItemStatus:
    """The status of an item that an upstream has completed. One of its own kinds that failed is `incomplete`."""
    return "incomplete" if final.get("status") in ("incomplete", "failed") else "completed"


def unwritten_fields(given: Mapping[str, Json], written: Mapping[str, object]) -> JsonObject:
    """The fields of an upstream's item that the item written for it does not have.

    Its id stays there, and its state of its reasoning, which clients get sealed.
    """
    return {name: value for name, value in given.items() if name not in written and name not in _KEPT_BACK}
