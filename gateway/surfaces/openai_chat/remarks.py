"""Says which parts of a chat body an upstream of another dialect does without, and which it cannot be given."""

from collections.abc import Set
from typing import Any

from gateway.errors import InvalidRequest


class Remarks:
    """What one translation leaves out, and the words in which it refuses what it cannot leave out."""

    def __init__(self, provider: str) -> None:
        self.untranslated: list[str] = []
        self._provider = provider

    def left_over(self, given: dict[str, Any], known: Set[str], place: str) -> None:
        """Note the places of fields beside the known ones, where they say anything."""
        if given.keys() <= known:
            return
        self.untranslated += [f"{place}.{name}" for name, value in given.items() if name not in known and value]

    def chat_only(self, what: str, place: str) -> InvalidRequest:
        """The error for what changes the answer, and can be said in the chat dialect alone."""
        message = f"{self._provider} does not speak the chat dialect, and cannot be given {what}; see {place}."
        return InvalidRequest(message, param=place, code="unsupported_parameter")
