"""Serialises interleaved output: what belongs to a later item or part is buffered until the first is done."""

from collections import deque

from gateway.neutral.events import Event


class QueuedOutput:
    """The events of one item, or of one part of an item."""

    def __init__(self) -> None:
        self.buffered: list[Event] = []
        self.is_done = False


class OutputQueue:
    """Emits the events of the first output that is not done; those of later ones are buffered until it is.

    The last one stays open to what comes late, until there is another.
    """

    def __init__(self) -> None:
        self._outputs: deque[QueuedOutput] = deque()

    def is_first(self, output: QueuedOutput) -> bool:
        """Whether events of this output are emitted at once."""
        return self._outputs[0] is output

    def add(self, output: QueuedOutput) -> None:
        """Put an output behind the others."""
        self._outputs.append(output)
        # Nothing is buffered in a new one, so nothing is emitted.
        self._advance()

    def emit(self, output: QueuedOutput, events: list[Event]) -> list[Event]:
        """Emit events, or buffer them. What comes after an output's end, when others have begun, is lost."""
        if self._outputs[0] is output:
            return events
        if not output.is_done:
            output.buffered += events
        return []

    def close(self, output: QueuedOutput) -> list[Event]:
        """The output is done: what was buffered until then."""
        output.is_done = True
        return self._advance()

    def _advance(self) -> list[Event]:
        emitted: list[Event] = []
        while len(self._outputs) > 1 and self._outputs[0].is_done:
            self._outputs.popleft()
            emitted += self._outputs[0].buffered
            self._outputs[0].buffered = []
        return emitted
