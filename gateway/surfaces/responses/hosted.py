"""An item of a kind that only its provider knows, passed on as the provider writes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from gateway.neutral.json import Json, JsonObject
from gateway.surfaces.responses.items import ItemReference, StreamEvent

if TYPE_CHECKING:
    from generated import models


class HostedItem:
    """A search, an image, a call of a tool that the provider runs, or an item of a type that is not known yet."""

    def __init__(self, item_id: str, output_index: int, given: Mapping[str, Json]) -> None:
        self._fields: JsonObject = {**given, "id": item_id}
        self._reference: ItemReference = {"item_id": item_id, "output_index": output_index}

    @property
    def item(self) -> models.OutputItem:
        """The item as it is now."""
        # What providers make of items of their own kinds is not checked here.
        return cast("models.OutputItem", self._fields)

    def progress(self, event: Mapping[str, Json]) -> StreamEvent:
        """An event of the item's own kind, with the item's id and index in this response."""
        reference: Mapping[str, object] = self._reference
        return {name: reference.get(name, value) for name, value in event.items() if name != "sequence_number"}

    def complete(self, final: Mapping[str, Json]) -> None:
        """Take over the fields of the upstream's final item."""
        if final.get("type") == self._fields.get("type"):
            self._fields = {**self._fields, **final, "id": self._fields["id"]}

    def close(self, status: models.ItemStatus) -> Iterator[StreamEvent]:
        if self._fields.get("status") == "in_progress":
            self._fields["status"] = status
        yield from ()
