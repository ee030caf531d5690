"""Compaction items: what stands for the conversation so far, sealed for its gateway key, whichever model reads it."""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial

import orjson

from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty, objects_in, text_or_empty
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
_MANY = 200
"""Items and bytes of a seal that take a millisecond and more: they are looked at beside the loop."""

Fingerprint = Callable[[JsonObject], str]
WithoutSecrets = Callable[[JsonObject], JsonObject]


@value
class Expanded:
    """The items that are sent in the place of a conversation with a compaction item in it.

    `history` is how many of them do not come from the request itself, `first` the index of the next one among those
    that the client sent.
    """

    items: list[JsonObject]
    history: int
    first: int
    covered: Sequence[str]
    """What tells the items apart that it stands for."""


class CompactionSeals:
    """Seals the items that stand for a conversation, and puts them back where their compaction item is found."""

    def __init__(self, sealer: Sealer, fingerprint: Fingerprint, without_secrets: WithoutSecrets) -> None:
        self._sealer = sealer
        self._fingerprint = fingerprint
        self._without_secrets = without_secrets

    def seal(
        self, key_id: str, items: Sequence[JsonObject], before: Sequence[JsonObject], covered: Sequence[str]
    ) -> str:
        """The `encrypted_content` of a compaction item: the items that stand for those `before`.

        Among these may be what an earlier compaction item stood for, which was `covered` by that.
        """
        kept = [self._without_secrets(item) for item in items]
        plain = orjson.dumps({"items": kept, "covered": [*covered, *map(self._fingerprint, before)]})
        return _PREFIX + urlsafe_b64encode(self._sealer.seal_bytes(key_id, _PURPOSE, plain)).decode()

    async def expanded(self, key_id: str, items: Sequence[JsonObject], history: int, first: int) -> Expanded | None:
        """The items with the last compaction item of the gateway's opened, and without what it stands for.

        What stands in front of it and was not there when it was made stays. None where there is no such item. The
        first `history` items are not the request's own; the next one is the request's item `first`. Raises
        `InvalidRequest` for one that was sealed for another key, or changed.
        """
        found = next((index for index in range(len(items) - 1, -1, -1) if _content(items[index])), None)
        if found is None:
            return None
        content = _content(items[found])
        work = partial(self._opened, key_id, content, items[:found])
        is_large = len(content) > _BESIDE_BYTES or found > _MANY
        opened = await asyncio.to_thread(work) if is_large else work()
        if opened is None:
            where = f"input[{found - history + first}].encrypted_content" if found >= history else "input"
            message = "The compaction item was not made for this key, or has been changed since."
            raise InvalidRequest(message, param=where, code="invalid_value")
        kept, covered = opened
        own, left = max(0, found + 1 - history), max(0, history - found - 1)
        return Expanded([*kept, *items[found + 1 :]], len(kept) + left, first + own, covered)

    def _opened(
        self, key_id: str, content: str, before: Sequence[JsonObject]
    ) -> tuple[list[JsonObject], list[str]] | None:
        """What stands in the place of the items before, and those of them that it does not stand for."""
        try:
            sealed = urlsafe_b64decode(content.removeprefix(_PREFIX))
        except ValueError:
            return None
        plain = self._sealer.open_bytes(key_id, _PURPOSE, sealed)
        if plain is None:
            return None
        kept = object_or_empty(orjson.loads(plain))
        marks = [*map(str, list_or_empty(kept.get("covered")))]
        covered = Counter(marks)
        others: list[JsonObject] = []
        for item in before:
            if item.get("type") in (COMPACTION, TRIGGER):
                continue
            mark = self._fingerprint(item)
            if covered[mark]:
                covered[mark] -= 1
            else:
                others.append(item)
        return [*others, *objects_in(kept.get("items"))], marks


def _content(item: JsonObject) -> str:
    """The sealed text of an item that the gateway has made; empty for any other."""
    content = text_or_empty(item.get("encrypted_content")) if item.get("type") == COMPACTION else ""
    return content if content.startswith(_PREFIX) else ""


def is_triggered(items: Json) -> bool:
    """Whether a request's input asks for the conversation before its last item to be compacted."""
    return (
        isinstance(items, list) and bool(items) and isinstance(last := items[-1], dict) and last.get("type") == TRIGGER
    )


def has_compaction(items: Sequence[JsonObject]) -> bool:
    """Whether there is a compaction item among them, whoever made it."""
    return any(item.get("type") == COMPACTION for item in items)
