"""One turn of the Responses API: recalls what came before it, and keeps what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from gateway.errors import InvalidRequest, ItemNotFound
from gateway.generation import Generation
from gateway.memory.failures import explained
from gateway.memory.history import History, Items
from gateway.memory.items import WITH_TOOLS, given_id, is_same, normalise_item
from gateway.memory.stored import MAX_BYTES
from gateway.redaction import without_entrances
from gateway.store import turns
from gateway.store.journal import Append, Journal
from gateway.store.responses import StoredResponse
from gateway.surfaces.base import Ended


@dataclass(frozen=True, slots=True)
class Archive:
    """Where turns are kept, and for how long (seconds)."""

    history: History
    journal: Journal
    retention: float


class Turn:
    """The memory of one request. Whatever it finds and keeps belongs to the request's key."""

    def __init__(self, archive: Archive, key_id: str) -> None:
        self._archive = archive
        self._key_id = key_id
        self._previous_id: str | None = None
        self._conversation_id: str | None = None
        self._is_stored = True
        self._depth = 0
        self._before = 0
        self._input = b"[]"
        self._own: list[dict[str, Any]] = []

    async def recall(self, generation: Generation) -> None:
        asked = generation.asked
        self._is_stored = asked.get("store") is not False
        self._previous_id = _text(asked.get("previous_response_id"))
        conversation = asked.get("conversation")
        self._conversation_id = _text(conversation.get("id") if isinstance(conversation, dict) else conversation)
        if self._is_kept:
            with explained():
                self._archive.journal.raise_if_away()
        earlier: Items = []
        if self._previous_id is not None:
            chain = await self._archive.history.chain(self._key_id, self._previous_id)
            earlier, self._depth, self._before = chain.items, chain.depth, chain.size
        elif self._conversation_id is not None:
            chain = await self._archive.history.conversation(self._key_id, self._conversation_id)
            earlier, self._before = chain.items, chain.size
        own = await self._resolved(generation.items, earlier)
        taken = {_text(item.get("id")) for item in earlier} if self._is_kept else set()
        self._own = [_identified(item, generation, taken) for item in own] if self._is_kept else []
        self._input = _json(self._own)
        if self._before + len(self._input) > MAX_BYTES:
            message = f"The input and what it goes on from are larger than {MAX_BYTES // 1024 // 1024} MiB."
            raise InvalidRequest(message, param="input", code="context_too_large")
        generation.items = [*earlier, *own]
        generation.history = len(earlier)

    async def keep(self, ended: Ended) -> None:
        if not self._is_kept:
            return
        document, body = ended.document, ended.body
        append = None
        # A turn that failed is no part of the conversation.
        if self._conversation_id is not None and document["status"] in ("completed", "incomplete"):
            append = self._append(self._conversation_id, document["output"])
        with explained():
            if self._is_stored:
                await self._archive.journal.add(self._row(document, body), append)
            elif append is not None:
                await self._archive.journal.write(partial(turns.append_all, appends=[append]))

    @property
    def _is_kept(self) -> bool:
        return self._is_stored or self._conversation_id is not None

    def _row(self, document: dict[str, Any], body: bytes) -> StoredResponse:
        output = orjson.dumps(document["output"])
        size = len(self._input) + len(output)
        return StoredResponse(
            id=document["id"],
            key_id=self._key_id,
            previous_id=self._previous_id,
            conversation_id=self._conversation_id,
            created_at=document["created_at"],
            expires_at=document["created_at"] + self._archive.retention,
            status=document["status"],
            depth=self._depth + 1,
            size=size,
            chain_size=size if self._previous_id is None else self._before + size,
            # The output stands last in the body, so it can be kept apart, where chains are read from.
            document=body[: -len(output) - 1],
            output=output,
            input=self._input,
        )

    def _append(self, conversation_id: str, output: Sequence[dict[str, Any]]) -> Append:
        items = [(item["id"], orjson.dumps(item)) for item in [*self._normal(), *output]]
        return Append(conversation_id=conversation_id, key_id=self._key_id, items=items)

    def _normal(self) -> Items:
        return [normalise_item(item, item["id"]) for item in self._own]

    async def _resolved(self, items: Items, earlier: Items) -> Items:
        """The request's own items, each reference replaced by what it refers to, and none that was said before."""
        wanted = [item["id"] for item in items if item["type"] == "item_reference"]
        known = {item["id"]: item for item in earlier if isinstance(item.get("id"), str)} if earlier else {}
        found = await self._archive.history.find(self._key_id, set(wanted) - known.keys()) if wanted else {}
        resolved: Items = []
        for item in items:
            if item["type"] == "item_reference":
                if item["id"] in known:
                    continue
                if item["id"] not in found:
                    raise ItemNotFound(item["id"])
                item = known[item["id"]] = found[item["id"]]
            elif (earlier_item := known.get(_text(item.get("id")) or "")) is not None and is_same(item, earlier_item):
                # Clients that send everything again get it once: twice it would cost twice, and confuse the model.
                continue
            resolved.append(item)
        # A client that says the same again says it: the model must not be asked nothing.
        return resolved or [item for item in items[-1:] if item["type"] != "item_reference"]


def _identified(item: dict[str, Any], generation: Generation, taken: set[str | None]) -> dict[str, Any]:
    """The item as it is kept: under its own id, or under a new one where that is none or another item's."""
    if (own := given_id(item)) is None or own in taken:
        item = {**item, "id": generation.ids.item(item["type"])}
    taken.add(item["id"])
    return without_entrances(item) if item["type"] in WITH_TOOLS else item


def _text(value: Any) -> str | None:
    # Waystone's own operation says nothing of these fields, so there they may be anything.
    return value if isinstance(value, str) else None


def _json(items: Items) -> bytes:
    if not items:
        return b"[]"
    try:
        # As deep as it will stand in a list, in an event and in a request: what can be kept can be told.
        return orjson.dumps([[[items]]])[3:-3]
    except orjson.JSONEncodeError:
        raise InvalidRequest("The body is nested too deeply.", param="input", code="invalid_value") from None
