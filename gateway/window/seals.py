"""Compaction items: what stands for the conversation so far, sealed for its gateway key, whichever model reads it."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

import orjson

from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, objects_in, text_or_empty
from gateway.neutral.values import value
from gateway.sealing import Sealer

COMPACTION = "compaction"
"""The type of such items."""
TRIGGER = "compaction_trigger"
"""The type of an item by which a client has the conversation before it compacted."""
MOST_BYTES = 20_971_520
"""Of the sealed text: more, the API does not take."""
_PREFIX = "waystone.compaction.1."
_PURPOSE = "compaction"
_BESIDE_BYTES = 256 * 1024
"""What is opened beside the loop: a millisecond and more."""


@value
class Expanded:
    """The items that are sent in the place of a conversation with a compaction item in it.

    `history` is how many of them do not come from the request itself, `first` the index of the next one among those
    that the client sent.
    """

    items: list[JsonObject]
    history: int
    first: int


class CompactionSeals:
    """Seals the items that stand for a conversation, and puts them back where their compaction item is found."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def seal(self, key_id: str, items: Sequence[JsonObject]) -> str:
        """The `encrypted_content` of a compaction item."""
        sealed = self._sealer.seal_bytes(key_id, _PURPOSE, orjson.dumps(items))
        return _PREFIX + urlsafe_b64encode(sealed).decode()

    async def expanded(self, key_id: str, items: Sequence[JsonObject], history: int, first: int) -> Expanded | None:
        """The items with the last compaction item of the gateway's opened, and without what it stands for.

        None where there is none. The first `history` items are not the request's own; the next one is the request's
        item `first`. Raises `InvalidRequest` for one that was sealed for another key, or changed.
        """
        for index in range(len(items) - 1, -1, -1):
            item = items[index]
            content = text_or_empty(item.get("encrypted_content")) if item.get("type") == COMPACTION else ""
            if not content.startswith(_PREFIX):
                continue
            is_large = len(content) > _BESIDE_BYTES
            opened = (
                await asyncio.to_thread(self._opened, key_id, content) if is_large else self._opened(key_id, content)
            )
            if opened is None:
                where = f"input[{index - history + first}].encrypted_content" if index >= history else "input"
                raise InvalidRequest(
                    "The compaction item was not made for this key, or has been changed since.",
                    param=where,
                    code="invalid_value",
                )
            after = [*items[index + 1 :]]
            own = max(0, index + 1 - history)
            left = max(0, history - index - 1)
            return Expanded([*opened, *after], len(opened) + left, first + own)
        return None

    def _opened(self, key_id: str, content: str) -> list[JsonObject] | None:
        try:
            sealed = urlsafe_b64decode(content.removeprefix(_PREFIX))
        except ValueError:
            return None
        plain = self._sealer.open_bytes(key_id, _PURPOSE, sealed)
        return None if plain is None else objects_in(orjson.loads(plain))


def is_triggered(items: Json) -> bool:
    """Whether a request's input asks for the conversation before its last item to be compacted."""
    return (
        isinstance(items, list) and bool(items) and isinstance(last := items[-1], dict) and last.get("type") == TRIGGER
    )


def has_compaction(items: Sequence[JsonObject]) -> bool:
    """Whether there is a compaction item among them, whoever made it."""
    return any(item.get("type") == COMPACTION for item in items)
