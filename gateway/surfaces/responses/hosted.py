"""An item of a kind that only its provider knows, passed on as it is told."""

from collections.abc import Iterator, Mapping
from typing import Any

from gateway.surfaces.responses.items import StreamEvent


class HostedItem:
    """A search, an image, a call of a tool that the provider runs, or anything yet to be invented."""

    def __init__(self, item_id: str, output_index: int, given: Mapping[str, Any]) -> None:
        self.item: dict[str, Any] = {**given, "id": item_id}
        self._place = {"item_id": item_id, "output_index": output_index}

    def progress(self, event: Mapping[str, Any]) -> StreamEvent:
        """An event of its own kind, at its place in this response."""
        return {name: self._place.get(name, value) for name, value in event.items() if name != "sequence_number"}

    def become(self, final: Mapping[str, Any]) -> None:
        """Take over what the upstream says at its end."""
        if final.get("type") == self.item.get("type"):
            self.item = {**self.item, **final, "id": self.item["id"]}

    def close(self, status: str) -> Iterator[StreamEvent]:
        if self.item.get("status") == "in_progress":
            self.item["status"] = status
        yield from ()
