"""What an operator decides about compaction, as this room needs it."""

from typing import Protocol


class CompactionOptions(Protocol):
    """How conversations are compacted by the gateway itself."""

    @property
    def model(self) -> str | None:
        """The model that writes summaries; None for the one of the request."""

    @property
    def threshold(self) -> float:
        """The share of a model's window from which on a conversation is compacted."""
