"""What an operator decides about responses in the background, as the background needs it."""

from typing import Protocol


class BackgroundOptions(Protocol):
    """Times in seconds."""

    @property
    def running(self) -> int:
        """Responses that one process works on at once."""

    @property
    def active(self) -> int:
        """Responses queued and running, in all."""

    @property
    def active_per_key(self) -> int:
        """Those of one key."""

    @property
    def attempts(self) -> int:
        """How often a response is begun at most, where the process that worked on it died."""

    @property
    def queued_seconds(self) -> float:
        """How long a response may wait before it is begun."""

    @property
    def events_seconds(self) -> float:
        """How long the events of a response stay after its end."""
