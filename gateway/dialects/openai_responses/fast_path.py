"""Recognises the most frequent event: one more piece of the text that is being written."""

from collections.abc import Callable, Sequence

from gateway.neutral.events import Event
from gateway.neutral.json import Json, JsonObject

_PLACE = ("item_id", "output_index", "content_index", "summary_index")


class RepeatedDelta:
    """Knows the piece that came last, and by it the next ones. Nine events of ten are of this kind."""

    def __init__(self) -> None:
        self._kind: Json = None
        self._place: tuple[Json, ...] = ()
        self._pieces: list[str] = []
        self._make: Callable[[str], Event]

    def learn(self, event: JsonObject, pieces: list[str], make: Callable[[str], Event]) -> None:
        """Remember an event whose successors bring text to the same place; `make` makes events of their text."""
        self._kind = event.get("type")
        self._place = tuple(event.get(name) for name in _PLACE)
        self._pieces = pieces
        self._make = make

    def forget(self) -> None:
        """Something else has happened."""
        self._kind = None

    def take(self, event: JsonObject) -> Sequence[Event] | None:
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
        return (self._make(delta),)
