"""One turn of the Responses API: recalls what came before it, and keeps what came of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import orjson

from gateway.errors import InvalidRequest, ItemNotFound
from gateway.generation import Generation
from gateway.memory.committer import Append, Committer
from gateway.memory.failures import explained
from gateway.memory.history import History, Items
from gateway.memory.items import given_id, normalise_item
from gateway.store import turns
from gateway.store.responses import StoredResponse
from gateway.surfaces.base import Ended


@dataclass(frozen=True, slots=True)
class Archive:
    """Where turns are kept, and for how long (seconds)."""

    history: History
    committer: Committer
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
        earlier: Items = []
        if self._previous_id is not None:
            chain = await self._archive.history.chain(self._key_id, self._previous_id)
            earlier, self._depth, self._before = chain.items, chain.depth, chain.size
        elif self._conversation_id is not None:
            earlier = await self._archive.history.conversation(self._key_id, self._conversation_id)
        own = await self._resolved(generation.items, earlier)
        self._own = [_identified(item, generation) for item in own] if self._is_kept else []
        self._input = _json(self._own)
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
                await self._archive.committer.add(self._row(document, body), append)
            elif append is not None:
                await self._archive.committer.write(partial(turns.append_all, appends=[append]))

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
            chain_size=self._before + size,
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
                item = found[item["id"]]
            elif item.get("id") in known:
                # Clients that send everything again get it once: twice it would cost twice, and confuse the model.
                continue
            resolved.append(item)
        return resolved


def _identified(item: dict[str, Any], generation: Generation) -> dict[str, Any]:
    return item if given_id(item) else {**item, "id": generation.ids.item(item["type"])}


def _text(value: Any) -> str | None:
    # Waystone's own operation says nothing of these fields, so there they may be anything.
    return value if isinstance(value, str) else None


def _json(items: Items) -> bytes:
    try:
        return orjson.dumps(items) if items else b"[]"
    except orjson.JSONEncodeError:
        raise InvalidRequest("The body is nested too deeply.", param="input", code="invalid_value") from None
