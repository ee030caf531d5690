"""Conversations: what clients see of them, and what they never see of each other's."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import InvalidRequest, NotFound, Unavailable
from gateway.memory import conversations as module
from gateway.memory.conversations import Conversations
from gateway.paging import Page
from gateway.store.database import Database
from gateway.store.errors import Unreachable
from gateway.store.journal import Journal
from generated.models import EasyInputMessage, InputItem

pytestmark = pytest.mark.anyio

USER: EasyInputMessage = {"role": "user", "content": "hello"}


@pytest.fixture
def service(database: Database, journal: Journal) -> Conversations:
    return Conversations(database, journal)


async def _with_items(service: Conversations, count: int) -> str:
    made = await service.create("ann", {})
    items: list[InputItem] = [{"type": "message", "id": f"msg_{number}", **USER} for number in range(count)]
    await service.add_items("ann", made["id"], items)
    return str(made["id"])


async def _ids(service: Conversations, id_: str, page: Page | None = None) -> list[str]:
    listed: Any = await service.list_items("ann", id_, page or Page(100, False))
    return [item["id"] for item in listed["data"]]


async def test_new_conversation_is_told_as_openai_tells_it(service: Conversations) -> None:
    made = await service.create("ann", {"metadata": {"topic": "\x00ü"}, "items": [USER]})
    assert made["id"].startswith("conv_")
    assert made == {
        "id": made["id"],
        "object": "conversation",
        "created_at": made["created_at"],
        "metadata": {"topic": "\x00ü"},
    }
    assert type(made["created_at"]) is int
    assert await service.retrieve("ann", made["id"]) == made
    assert len(await _ids(service, made["id"])) == 1


async def test_conversation_without_anything_is_empty(service: Conversations) -> None:
    made = await service.create("ann", {"metadata": None, "items": None})
    assert made["metadata"] == {}
    empty: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert await service.list_items("ann", made["id"], Page()) == empty


async def test_metadata_is_replaced(service: Conversations) -> None:
    made = await service.create("ann", {"metadata": {"a": "1", "b": "2"}})
    changed = await service.update("ann", made["id"], {"b": "3"})
    assert changed == made | {"metadata": {"b": "3"}}
    assert await service.retrieve("ann", made["id"]) == changed


async def test_deleted_conversation_is_gone_with_its_items(service: Conversations, database: Database) -> None:
    id_ = await _with_items(service, 3)
    other = await service.create("ann", {"items": [USER]})
    assert await service.delete("ann", id_) == {"id": id_, "object": "conversation.deleted", "deleted": True}
    with pytest.raises(NotFound, match=rf"^Conversation with id '{id_}' not found\.$"):
        await service.retrieve("ann", id_)
    left = await database.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM conversation_items").scalar())
    assert left == 1
    assert len(await _ids(service, other["id"])) == 1


@pytest.mark.parametrize("target", ["its own key", "another key", "unknown", "\x00"])
async def test_what_another_key_stored_is_not_there(service: Conversations, target: str) -> None:
    id_ = await _with_items(service, 2)
    key_id = "ann" if target == "its own key" else "bob"
    id_ = id_ if "key" in target else target
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: service.retrieve(key_id, id_),
        lambda: service.update(key_id, id_, {"a": "b"}),
        lambda: service.list_items(key_id, id_, Page()),
        lambda: service.list_items(key_id, id_, Page(after="msg_1")),
        lambda: service.all_items(key_id, id_),
        lambda: service.add_items(key_id, id_, [USER]),
        lambda: service.retrieve_item(key_id, id_, "msg_0"),
        lambda: service.delete_item(key_id, id_, "msg_0"),
        lambda: service.delete(key_id, id_),
    ]
    for call in calls:
        if target == "its own key":
            await call()
        else:
            with pytest.raises(NotFound, match=r"^Conversation with id .* not found\.$"):
                await call()
    if target == "another key":
        assert await _ids(service, id_) == ["msg_0", "msg_1"]
        assert (await service.retrieve("ann", id_))["metadata"] == {}


async def test_added_items_are_listed_with_ids_status_and_parts(service: Conversations) -> None:
    made = await service.create("ann", {})
    call: InputItem = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
    answer: InputItem = {
        "type": "message",
        "role": "assistant",
        "id": "msg_mine",
        "content": "hi",
        "status": "incomplete",
    }
    added: Any = await service.add_items("ann", made["id"], [USER, call, answer])
    first, second, third = added["data"]
    assert first["id"].startswith("msg_")
    assert first == {
        "id": first["id"],
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "hello"}],
        "status": "completed",
    }
    assert second["id"].startswith("fc_")
    assert second == {"id": second["id"], **call, "status": "completed"}
    parts = [{"type": "output_text", "text": "hi", "annotations": [], "logprobs": []}]
    assert third == {**answer, "content": parts}
    assert (added["first_id"], added["last_id"], added["has_more"]) == (first["id"], "msg_mine", False)
    listed = await service.list_items("ann", made["id"], Page(is_descending=False))
    assert listed == added
    assert await service.all_items("ann", made["id"]) == added["data"]
    assert await service.retrieve_item("ann", made["id"], second["id"]) == second


async def test_item_that_comes_again_gets_another_id(service: Conversations) -> None:
    id_ = await _with_items(service, 2)
    added: Any = await service.add_items("ann", id_, [{"type": "message", "id": "msg_1", **USER}])
    assert added["last_id"].startswith("msg_")
    assert await _ids(service, id_) == ["msg_0", "msg_1", added["last_id"]]
    assert await service.retrieve_item("ann", id_, added["last_id"]) == added["data"][0]


@pytest.mark.parametrize("given_id", ["", " ", "\x00", "m" * 5_000, 7, None], ids=repr)
async def test_id_that_cannot_be_kept_is_replaced(service: Conversations, given_id: Any) -> None:
    made = await service.create("ann", {"items": [USER | {"id": given_id}]})
    [found] = await _ids(service, made["id"])
    assert found.startswith("msg_")
    assert (await service.retrieve_item("ann", made["id"], found))["id"] == found


async def test_item_that_is_nested_too_deeply_is_refused(service: Conversations) -> None:
    deep: Any = []
    for _ in range(300):
        deep = [deep]
    with pytest.raises(InvalidRequest, match="nested too deeply") as caught:
        await service.create("ann", {"items": [USER, {"type": "reasoning", "summary": deep}]})
    assert caught.value.param == "items[1]"


async def test_deleted_item_is_gone_and_its_place_is_not_given_again(service: Conversations) -> None:
    id_ = await _with_items(service, 3)
    told = await service.delete_item("ann", id_, "msg_2")
    assert told == await service.retrieve("ann", id_)
    for call in (service.retrieve_item, service.delete_item):
        with pytest.raises(NotFound, match=r"^Item with id 'msg_2' not found\.$"):
            await call("ann", id_, "msg_2")
    await service.delete_item("ann", id_, "msg_0")
    await service.add_items("ann", id_, [USER | {"id": "msg_2"}])
    assert await _ids(service, id_) == ["msg_1", "msg_2"]


@pytest.mark.parametrize("after", ["msg_9", "", "\x00"])
async def test_page_behind_an_unknown_item_is_refused(service: Conversations, after: str) -> None:
    id_ = await _with_items(service, 2)
    with pytest.raises(InvalidRequest) as caught:
        await service.list_items("ann", id_, Page(after=after))
    assert caught.value.param == "after"


async def test_conversation_holds_no_more_than_its_limit(
    service: Conversations, monkeypatch: pytest.MonkeyPatch
) -> None:
    id_ = await _with_items(service, 2)
    size = 2 * len(b'{"id":"msg_0","type":"message","role":"user","content":[],"status":"completed"}')
    monkeypatch.setattr(module, "MAX_BYTES", size + 500)
    with pytest.raises(InvalidRequest) as caught:
        await service.add_items("ann", id_, [{"role": "user", "content": "x" * 500}])
    assert (caught.value.code, caught.value.param) == ("conversation_too_large", "items")
    assert await _ids(service, id_) == ["msg_0", "msg_1"]
    await service.delete_item("ann", id_, "msg_0")
    await service.add_items("ann", id_, [{"role": "user", "content": "x" * 300}])
    monkeypatch.setattr(module, "MAX_BYTES", size)
    with pytest.raises(InvalidRequest, match="Start another one"):
        await service.all_items("ann", id_)


async def test_items_that_are_added_at_once_stay_together(service: Conversations) -> None:
    made = await service.create("ann", {})
    batches = [[USER | {"id": f"msg_{batch}_{number}"} for number in range(5)] for batch in range(12)]
    await asyncio.gather(*(service.add_items("ann", made["id"], items) for items in batches))
    owners = [id_.split("_")[1] for id_ in await _ids(service, made["id"])]
    assert len(owners) == 60
    assert all(len(set(owners[start : start + 5])) == 1 for start in range(0, 60, 5))


@given(st.integers(1, 12), st.sets(st.integers(0, 11)), st.integers(1, 14), st.booleans())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_walking_the_pages_meets_every_item_once(
    service: Conversations, count: int, deleted: set[int], limit: int, is_descending: bool
) -> None:
    id_ = await _with_items(service, count)
    for number in deleted & set(range(count)):
        await service.delete_item("ann", id_, f"msg_{number}")
    met: list[str] = []
    page: Any = {"has_more": True, "last_id": None}
    while page["has_more"]:
        page = await service.list_items("ann", id_, Page(limit, is_descending, page["last_id"]))
        ids = [item["id"] for item in page["data"]]
        assert len(ids) <= limit
        assert (page["first_id"], page["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
        met += ids
    expected = [f"msg_{number}" for number in range(count) if number not in deleted]
    assert met == (expected[::-1] if is_descending else expected)


async def test_reference_is_refused_where_nothing_resolves_it(service: Conversations) -> None:
    with pytest.raises(InvalidRequest) as caught:
        await service.create("ann", {"items": [USER, {"type": "item_reference", "id": "msg_1"}]})
    assert caught.value.param == "items[1].type"


async def test_reference_becomes_the_item(database: Database, journal: Journal) -> None:
    asked: list[Any] = []

    async def resolve(key_id: str, ids: Collection[str]) -> Mapping[str, dict[str, Any]]:
        asked.append((key_id, set(ids)))
        return {"msg_1": {"id": "msg_1", "type": "message", **USER}}

    service = Conversations(database, journal, resolve)
    made = await service.create("ann", {"items": [{"id": "msg_1"}]})
    assert asked == [("ann", {"msg_1"})]
    (item,) = await service.all_items("ann", made["id"])
    assert item["id"] == "msg_1"
    assert item["content"] == [{"type": "input_text", "text": "hello"}]
    with pytest.raises(InvalidRequest, match="more than once"):
        await service.add_items("ann", made["id"], [{"id": "msg_1"}, {"type": "item_reference", "id": "msg_1"}])
    with pytest.raises(NotFound, match=r"^Item with id 'rs_2' not found\.$"):
        await service.add_items("ann", made["id"], [{"type": "item_reference", "id": "rs_2"}])


class _Away:
    async def read(self, work: Callable[..., Any]) -> Any:
        raise Unreachable("away")

    write = read


async def test_database_that_is_away_is_no_defect() -> None:
    away: Any = _Away()
    service = Conversations(away, away)
    for call in (service.create("ann", {}), service.retrieve("ann", "conv_1"), service.delete("ann", "conv_1")):
        with pytest.raises(Unavailable):
            await call
