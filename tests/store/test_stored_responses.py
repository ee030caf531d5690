"""Stored responses as clients read and delete them, and the items found in them."""

import time
from functools import partial
from typing import Any

import orjson
import pytest

from gateway.errors import InvalidRequest, NotFound, Unavailable
from gateway.memory.stored import StoredResponses
from gateway.neutral.identifiers import ResponseIds
from gateway.paging import Page
from gateway.store import conversations, responses, turns
from gateway.store.conversations import Conversation
from gateway.store.database import Database
from gateway.store.errors import Unreachable
from gateway.store.turns import Append
from tests.store.stored import response

pytestmark = pytest.mark.anyio


async def _store(database: Database, name: str = "a", **fields: Any) -> str:
    row = response(name, **{"expires_at": time.time() + 60, **fields})
    await database.write(partial(responses.add, rows=[row]))
    return row.id


def _input(count: int) -> bytes:
    return orjson.dumps([{"id": f"rs_{number}", "type": "reasoning"} for number in range(count)])


async def test_response_is_told_to_the_byte(database: Database) -> None:
    document, output = '{ "id":"resp_a",  "big":1e400, "text":"ü", "output":'.encode(), b'[ {"id":"rs_1"} ]'
    id_ = await _store(database, document=document, output=output)
    assert await StoredResponses(database).retrieve("ann", id_) == document + output + b"}"


async def test_deleted_response_is_not_found(database: Database) -> None:
    id_ = await _store(database)
    service = StoredResponses(database)
    assert await service.delete("ann", id_) == {"id": id_, "object": "response", "deleted": True}
    for call in (service.retrieve, service.delete):
        with pytest.raises(NotFound, match=r"^Response with id 'resp_a' not found\.$"):
            await call("ann", id_)


@pytest.mark.parametrize("reason", ["another key's", "unknown", "expired", "impossible"])
async def test_what_is_not_there_is_not_found_whatever_the_reason(database: Database, reason: str) -> None:
    id_ = await _store(database, expires_at=time.time() - (1 if reason == "expired" else -60))
    key_id = "bob" if reason == "another key's" else "ann"
    id_ = {"unknown": "resp_b", "impossible": "\x00"}.get(reason, id_)
    service = StoredResponses(database)
    for call in (service.retrieve(key_id, id_), service.delete(key_id, id_), service.input_items(key_id, id_, Page())):
        with pytest.raises(NotFound) as caught:
            await call
        assert caught.value.message == f"Response with id '{id_}' not found."


async def test_input_items_come_newest_first_unless_asked_otherwise(database: Database) -> None:
    id_ = await _store(database, input=_input(3))
    service = StoredResponses(database)
    newest: Any = await service.input_items("ann", id_, Page())
    assert [item["id"] for item in newest["data"]] == ["rs_2", "rs_1", "rs_0"]
    oldest = await service.input_items("ann", id_, Page(2, False))
    assert oldest == {
        "object": "list",
        "data": [
            {"id": "rs_0", "type": "reasoning", "summary": []},
            {"id": "rs_1", "type": "reasoning", "summary": []},
        ],
        "first_id": "rs_0",
        "last_id": "rs_1",
        "has_more": True,
    }


@pytest.mark.parametrize("is_descending", [False, True], ids=["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 9, 10, 11, 100])
async def test_walking_the_input_meets_every_item_once(database: Database, limit: int, is_descending: bool) -> None:
    id_ = await _store(database, input=_input(10))
    service = StoredResponses(database)
    met: list[str] = []
    page: Any = {"has_more": True, "last_id": None}
    while page["has_more"]:
        page = await service.input_items("ann", id_, Page(limit, is_descending, page["last_id"]))
        assert 0 < len(page["data"]) <= limit
        met += [item["id"] for item in page["data"]]
    assert met == [f"rs_{number}" for number in (reversed(range(10)) if is_descending else range(10))]


async def test_input_of_nothing_is_an_empty_list(database: Database) -> None:
    id_ = await _store(database, input=b"[]")
    empty: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert await StoredResponses(database).input_items("ann", id_, Page()) == empty


async def test_page_behind_an_unknown_input_item_is_refused(database: Database) -> None:
    id_ = await _store(database, input=_input(2))
    with pytest.raises(InvalidRequest) as caught:
        await StoredResponses(database).input_items("ann", id_, Page(after="msg_9"))
    assert caught.value.param == "after"


async def test_items_are_found_by_their_ids_wherever_they_are_kept(database: Database) -> None:
    ids = ResponseIds()
    asked, said, other = ({"id": ids.item(kind), "type": kind} for kind in ("message", "reasoning", "message"))
    await _store(database, id=ids.response, input=orjson.dumps([asked]), output=orjson.dumps([said, other]))
    await database.write(
        partial(conversations.create, key_id="ann", conversation=Conversation("conv_1", 1.0, {})),
    )
    append = Append(conversation_id="conv_1", key_id="ann", items=[("mine", b'{"id":"mine"}')])
    await database.write(partial(turns.store, turns=[(response("b"), append)]))
    service = StoredResponses(database)
    wanted = {asked["id"], said["id"], "mine", "unknown", "\x00", ResponseIds().item("message")}
    assert await service.items("ann", wanted) == {asked["id"]: asked, said["id"]: said, "mine": {"id": "mine"}}
    assert await service.items("bob", wanted) == {}


class _Away:
    is_sqlite = True

    async def read(self, *_: Any) -> Any:
        raise Unreachable("away")

    write = fetch = read


async def test_database_that_is_away_is_no_defect() -> None:
    away: Any = _Away()
    service = StoredResponses(away)
    calls = (service.retrieve("ann", "a"), service.delete("ann", "a"), service.input_items("ann", "a", Page()))
    for call in (*calls, service.items("ann", {"a"})):
        with pytest.raises(Unavailable):
            await call
