"""What a message says about itself as a whole: why it ended, what it cost, where it ran."""

from typing import Any

from gateway.dialects.anthropic.tokens import merged, read_usage
from gateway.events import Event, Told, Usage

# OpenAI's names for the tiers that an answer can come from.
_TIERS = {"standard": "default", "priority": "priority"}


class Ending:
    """Collects what the beginning and the end of a message say of it; the end counts where both do."""

    def __init__(self) -> None:
        self.reason: Any = None
        self.details: Any = None
        self._raw: dict[str, Any] = {}
        self._container: Any = None

    def note(self, message: dict[str, Any]) -> None:
        """Take in a message, or what has changed of it."""
        self.reason = message.get("stop_reason") or self.reason
        self.details = message.get("stop_details") or self.details
        self._container = message.get("container") or self._container
        self._raw = merged(self._raw, message.get("usage"))

    @property
    def usage(self) -> Usage | None:
        """The tokens so far; None where none were told."""
        return read_usage(self._raw) if self._raw else None

    def told(self) -> list[Event]:
        """The tier and the container, where they were told. The container's id is needed to go on in it."""
        fields: dict[str, Any] = {}
        tier = self._raw.get("service_tier")
        if isinstance(tier, str) and tier in _TIERS:
            fields["service_tier"] = _TIERS[tier]
        if isinstance(self._container, dict):
            fields["container"] = self._container
        return [Told(fields)] if fields else []
