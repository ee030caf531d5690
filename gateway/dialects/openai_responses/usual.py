"""Recognises the usual event: one more piece of the text that is being told."""

from collections.abc import Callable, Sequence
from typing import Any

from gateway.events import Event

_PLACE = ("item_id", "output_index", "content_index", "summary_index")


class UsualDelta:
    """Knows the piece that came last, and by it the next ones. Nine events of ten are of this kind."""

    def __init__(self) -> None:
        self._kind: Any = None
        self._place: tuple[Any, ...] = ()
        self._pieces: list[str] = []
        self._tell: Callable[[str], Event]

    def learn(self, event: dict[str, Any], pieces: list[str], tell: Callable[[str], Event]) -> None:
        """Take an event as the measure: what brings text to the same place goes out the same way."""
        self._kind = event.get("type")
        self._place = tuple(event.get(name) for name in _PLACE)
        self._pieces = pieces
        self._tell = tell

    def forget(self) -> None:
        """Something else has happened."""
        self._kind = None

    def take(self, event: dict[str, Any]) -> Sequence[Event] | None:
        """The events of a piece like the last one; None for anything else."""
        kind, get = self._kind, event.get
        if kind is None or get("type") != kind or get("logprobs"):
            return None
        if (get("item_id"), get("output_index"), get("content_index"), get("summary_index")) != self._place:
            return None
        delta = get("delta")
        if type(delta) is not str:
            return None
        if not delta:
            return ()
        self._pieces.append(delta)
        return (self._tell(delta),)
