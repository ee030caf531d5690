"""The Responses API: answers that continue earlier ones, and are stored for later ones."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import orjson

from gateway.engine import Engine
from gateway.errors import InvalidRequest, ItemNotFound
from gateway.fitting import Fitted
from gateway.http import Body, Reply, Request, StreamReply
from gateway.memory.failures import explained
from gateway.memory.history import History, Items
from gateway.memory.items import PLAIN_MESSAGE, given_id, is_same, normalise_item, without_secrets_of
from gateway.memory.stored import MAX_BYTES, StoredResponses
from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import Json, JsonObject, objects_in, text_or_empty, text_or_none
from gateway.neutral.values import value
from gateway.paging import Page, ResponseFilter
from gateway.routing.plan import Lane
from gateway.store import turns
from gateway.store.journal import Append, Journal
from gateway.store.responses import StoredResponse
from gateway.surfaces.base import Ended, Surface
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.request.prompt import create_response, typed_items
from gateway.tokens.counter import InputCounter
from gateway.window.seals import TRIGGER, has_compaction
from gateway.window.service import ContextWindow

if TYPE_CHECKING:
    from generated import models

_AT_ONCE = 1000
"""Items that are looked at before others go on: some 3 ms."""


@value
class Archive:
    """Where turns are kept, and for how long (seconds); and what makes them fit their models."""

    history: History
    journal: Journal
    retention: float
    window: ContextWindow


class Responses:
    """What the operations on responses do."""

    def __init__(self, engine: Engine, archive: Archive, stored: StoredResponses, counter: InputCounter) -> None:
        self._engine = engine
        self._archive = archive
        self._stored = stored
        self._counter = counter

    async def create(self, request: Request[Body], surface: Surface[Body]) -> Reply | StreamReply:
        """Answer, and store the answer unless the request has `store: false`. Raises as `Engine.answer` does."""
        return await self._engine.answer(request, surface, Turn(self._archive, request.key_id))

    async def compact(self, request: Request[Body], surface: Surface[Body]) -> Reply | StreamReply:
        """Make one item of a conversation. Nothing is stored. Raises as `Engine.answer` does."""
        return await self._engine.answer(request, surface, Turn(self._archive, request.key_id, keeps=False))

    async def count(self, request: Request[Body], surface: Surface[Body]) -> Reply:
        """The tokens of an input, and of what comes before it. Nothing is stored. Raises as `create` does."""
        memory = Turn(self._archive, request.key_id, keeps=False)
        counted, lane = await self._engine.count(request, surface, memory, self._counter)
        body = {"object": "response.input_tokens", "input_tokens": counted.tokens}
        headers = [*lane.headers, (b"x-waystone-token-count", counted.source.encode())]
        return Reply(orjson.dumps(body), headers=headers)

    async def retrieve(self, key_id: str, response_id: str) -> bytes:
        """A stored response as it is now. Raises `NotFound`."""
        return await self._stored.retrieve(key_id, response_id)

    async def list(self, key_id: str, wanted: ResponseFilter, page: Page) -> bytes:
        """A page of the key's stored responses. Raises `InvalidRequest` for an unknown `page.after`."""
        return await self._stored.list(key_id, wanted, page)

    async def delete(self, key_id: str, response_id: str) -> models.DeletedResponse:
        """Forget a stored response. Raises `NotFound`."""
        return await self._stored.delete(key_id, response_id)

    async def input_items(self, key_id: str, response_id: str, page: Page) -> JsonObject:
        """A page of what a stored response answers: the request's own items. Raises `NotFound`."""
        return await self._stored.input_items(key_id, response_id, page)


class Turn:
    """The memory of one request. Whatever it finds and keeps belongs to the request's key."""

    def __init__(self, archive: Archive, key_id: str, *, keeps: bool = True) -> None:
        """`keeps`: whether the answer becomes part of a chain or a conversation."""
        self._archive = archive
        self._keeps = keeps
        self._key_id = key_id
        self._previous_id: str | None = None
        self._conversation_id: str | None = None
        self._is_stored = True
        self._is_kept = True
        """Whether the response is stored, or its items are added to a conversation."""
        self._depth = 0
        self._before = 0
        self._input = b"[]"
        self._own: Items = []

    async def recall(self, generation: Generation) -> Generation:
        body = create_response(generation.body)
        self._is_stored = body.get("store") is not False
        self._previous_id = text_or_none(body.get("previous_response_id"))
        self._conversation_id = _conversation_id(body)
        self._is_kept = self._keeps and (self._is_stored or self._conversation_id is not None)
        if self._is_kept:
            with explained():
                self._archive.journal.raise_if_away()
        elif (self._previous_id or self._conversation_id) is None and isinstance(body.get("input"), str):
            # Nothing came before, and nothing is to be found again.
            return generation
        earlier: Items = []
        if self._previous_id is not None:
            chain = await self._archive.history.chain(self._key_id, self._previous_id)
            earlier, self._depth, self._before = chain.items, chain.depth, chain.size
        elif self._conversation_id is not None:
            chain = await self._archive.history.conversation(self._key_id, self._conversation_id)
            earlier, self._before = chain.items, chain.size
        # A prompt template's messages stand in front of everything, and are neither kept nor found again.
        given = typed_items(body.get("input"))[generation.history :]
        own, first = await self._resolved(given, earlier)
        taken = {text_or_none(item.get("id")) for item in earlier} if earlier else set()
        ids = generation.ids or ResponseIds()
        self._own = []
        for start in range(0, len(own) if self._is_kept else 0, _AT_ONCE):
            if start:
                await asyncio.sleep(0)
            some = own[start : start + _AT_ONCE]
            self._own += [_identified(item, ids, taken) for item in some if item.get("type") != TRIGGER]
        self._input = _json(self._own)
        if self._before + len(self._input) > MAX_BYTES:
            message = f"The input and what it goes on from are larger than {MAX_BYTES // 1024 // 1024} MiB."
            raise InvalidRequest(message, param="input", code="context_too_large")
        written = body.get("input")
        if not earlier and type(written) is str:
            return generation
        return await self._continued(generation, given, earlier, own, first)

    async def fit(self, request: Request[Body], generation: Generation, lanes: Sequence[Lane]) -> Fitted | None:
        return await self._archive.window.fit(request, generation, lanes)

    def admissible(self, generation: Generation) -> Fitted | None:
        return self._archive.window.admissible(generation)

    async def keep(self, ended: Ended) -> None:
        if not self._is_kept:
            return
        append = None if self._conversation_id is None else self.append(ended.document)
        with explained():
            if self._is_stored:
                await self._archive.journal.add(self.row(ended), append)
            elif append is not None:
                await self._archive.journal.write(partial(turns.append_all, appends=[append]))

    def append(self, document: models.Response) -> Append | None:
        """What the turn adds to its conversation. One that failed is no part of that."""
        if self._conversation_id is None or document["status"] not in ("completed", "incomplete"):
            return None
        return self._append(self._conversation_id, document["output"])

    def row(self, ended: Ended) -> StoredResponse:
        """The response as it is stored, with what it answers."""
        document, body = ended.document, ended.body
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
            background=document["background"] is True,
        )

    def _append(self, conversation_id: str, output: Sequence[models.OutputItem]) -> Append:
        items = [(text_or_empty(item["id"]), orjson.dumps(item)) for item in [*self._normal(), *output]]
        return Append(conversation_id=conversation_id, key_id=self._key_id, items=items)

    def _normal(self) -> Items:
        return [normalise_item(item, text_or_empty(item["id"])) for item in self._own]

    async def _continued(
        self, generation: Generation, given: Sequence[models.InputItem], earlier: Items, own: Items, first: int
    ) -> Generation:
        """The request with what came before; a compaction item stands for all in front of it."""
        items, history, front = [*earlier, *own], len(earlier), generation.history
        covered: Sequence[str] = ()
        if has_compaction(items):
            expanded = await self._archive.window.seals.expanded(self._key_id, items, history, first)
            if expanded is not None:
                items, history, first, covered = expanded.items, expanded.history, expanded.first, expanded.covered
        written = generation.body.get("input")
        if not history and items == (written[front:] if isinstance(written, list) else given):
            return generation
        whole: list[Json] = [*objects_in(written)[:front], *items]
        body: JsonObject = {**generation.body, "input": whole}
        return replace(generation, body=body, history=front + history, first=first, covered=covered)

    async def _resolved(self, items: Sequence[models.InputItem], earlier: Items) -> tuple[Items, int]:
        """The request's own items, each reference replaced by its item, and none that came before.

        And the index of the first of them among all that the client sent.
        """
        referenced = {item["id"] for item in items if item["type"] == "item_reference"}
        known: dict[str, JsonObject] = {}
        for before in earlier:
            if (id_ := text_or_none(before.get("id"))) is not None:
                known[id_] = before
        found = await self._archive.history.find(self._key_id, referenced - known.keys()) if referenced else {}
        resolved: Items = []
        first = 0
        for number, item in enumerate(items, 1):
            if number % _AT_ONCE == 0:
                await asyncio.sleep(0)
            if item["type"] == "item_reference":
                if item["id"] in known:
                    continue
                if item["id"] not in found:
                    raise ItemNotFound(item["id"])
                own = known[item["id"]] = found[item["id"]]
            else:
                own = extensions(item)
                earlier_item = known.get(text_or_empty(own.get("id")))
                if earlier_item is not None and is_same(own, earlier_item):
                    # Clients that send everything again get it once: twice it would cost twice, and confuse the model.
                    continue
            first = first if resolved else number - 1
            resolved.append(own)
        # A client that repeats itself gets an answer, too: the model must not be sent nothing.
        if not resolved and items and items[-1]["type"] != "item_reference":
            return [extensions(items[-1])], len(items) - 1
        return resolved, first


def _conversation_id(body: models.CreateResponse) -> str | None:
    # Waystone's own document does not list these fields, so there they may be anything.
    conversation = body.get("conversation")
    return text_or_none(conversation.get("id") if isinstance(conversation, dict) else conversation)


def _identified(item: JsonObject, ids: ResponseIds, taken: set[str | None]) -> JsonObject:
    """The item as it is kept: under its own id, or under a new one where that is none or another item's."""
    kind = text_or_empty(item["type"])
    if (own := given_id(item)) is None or own in taken:
        own = ids.item(kind)
        item = {**item, "id": own}
    taken.add(own)
    return item if kind == "message" and item.keys() <= PLAIN_MESSAGE else without_secrets_of(item)


def _json(items: Items) -> bytes:
    if not items:
        return b"[]"
    try:
        # As deep as it will stand in a list, in an event and in a request: what can be kept can be sent.
        return orjson.dumps([[[items]]])[3:-3]
    except orjson.JSONEncodeError:
        raise InvalidRequest("The body is nested too deeply.", param="input", code="invalid_value") from None
