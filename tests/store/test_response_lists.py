"""Lists of stored responses: which ones, in which order, page by page, and to whom."""

import asyncio
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import InvalidRequest, Unavailable
from gateway.memory.stored import StoredResponses
from gateway.paging import Page, ResponseFilter
from gateway.store import responses
from gateway.store.database import Database
from gateway.store.errors import Missing, Unreachable
from gateway.store.responses import StoredResponse
from tests.store.stored import response

pytestmark = pytest.mark.anyio

STATUSES = ("queued", "in_progress", "completed", "incomplete", "failed", "cancelled")
EVERYTHING = ResponseFilter()
NOW = 1_500.0
LARGE = 5 * 1024 * 1024


def _own(rows: list[StoredResponse], key_id: str) -> list[StoredResponse]:
    return [row for row in rows if row.key_id == key_id]


async def _add(database: Database, *rows: StoredResponse) -> None:
    await database.write(partial(responses.add, rows=rows))


async def _ids(
    database: Database, wanted: ResponseFilter = EVERYTHING, page: Page | None = None, key_id: str = "ann"
) -> list[str]:
    page = page or Page(100, False)
    work = partial(responses.page, key_id=key_id, wanted=wanted, page=page, now=NOW, most=LARGE)
    listed, _ = await database.read(work)
    return [one.id for one in listed]


async def _listed(
    database: Database, page: Page | None = None, wanted: ResponseFilter = EVERYTHING, key_id: str = "ann"
) -> Any:
    return orjson.loads(await StoredResponses(database).list(key_id, wanted, page or Page()))


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "key_id": st.sampled_from(["ann", "ann", "bob"]),
            "created_at": st.sampled_from([1_000.0, 1_001.0, 1_002.0]),
            "expires_at": st.sampled_from([2_000.0, 2_000.0, 2_000.0, NOW]),
            "status": st.sampled_from(STATUSES),
            "conversation_id": st.sampled_from([None, "conv_1", "conv_2"]),
            "background": st.booleans(),
            "output": st.integers(1, 300).map(lambda size: b"x" * size),
        }
    ),
    max_size=12,
)
FILTERS = st.builds(
    ResponseFilter,
    st.sampled_from([None, None, *STATUSES]),
    st.sampled_from([None, None, "conv_1", "conv_3", "\x00"]),
    st.sampled_from([None, True, False]),
    st.sampled_from([None, None, 0, 1_000, 1_002]),
    st.sampled_from([None, None, 0, 1_001, 253_402_300_799]),
)


def _matches(row: StoredResponse, wanted: ResponseFilter) -> bool:
    return (
        row.expires_at > NOW
        and wanted.status in (None, row.status)
        and wanted.conversation_id in (None, row.conversation_id)
        and wanted.background in (None, row.background)
        and (wanted.created_after is None or row.created_at > wanted.created_after)
        and (wanted.created_before is None or row.created_at < wanted.created_before)
    )


def _pages(rows: list[StoredResponse], limit: int, most: int) -> list[list[str]]:
    """The pages that a list of rows makes."""
    pages: list[list[str]] = []
    size = 0
    for row in rows:
        weight = len(row.document) + len(row.output)
        if not pages or len(pages[-1]) == limit or size + weight > most:
            pages.append([])
            size = 0
        pages[-1].append(row.id)
        size += weight
    return pages


@given(ROWS, FILTERS, st.integers(1, 8), st.booleans(), st.sampled_from([1, 400, LARGE]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_walking_the_pages_meets_every_response_that_matches_once(
    database: Database,
    drawn: list[dict[str, Any]],
    wanted: ResponseFilter,
    limit: int,
    is_descending: bool,
    most: int,
) -> None:
    run = uuid.uuid4().hex
    rows = [
        response(f"{run}_{number:02}", **{**fields, "key_id": f"{fields['key_id']}_{run}"})
        for number, fields in enumerate(drawn)
    ]
    await _add(database, *rows)
    for key_id in (f"ann_{run}", f"bob_{run}"):
        matching = [row for row in _own(rows, key_id) if _matches(row, wanted)]
        matching.sort(key=lambda row: (row.created_at, row.id), reverse=is_descending)
        met: list[list[str]] = []
        after, has_more = None, True
        while has_more:
            page = Page(limit, is_descending, after)
            work = partial(responses.page, key_id=key_id, wanted=wanted, page=page, now=NOW, most=most)
            listed, has_more = await database.read(work)
            met += [[one.id for one in listed]] if listed else []
            assert len(met) <= len(rows), "pages without end"
            after = listed[-1].id if listed else None
            by_id = {row.id: row for row in matching}
            assert all(one == (one.id, *_parts(by_id[one.id])) for one in listed)
        assert met == _pages(matching, limit, most)


def _parts(row: StoredResponse) -> tuple[str, bytes, bytes]:
    return row.status, row.document, row.output


async def test_newest_responses_come_first_unless_requested_otherwise(database: Database) -> None:
    await _add(database, *(response(str(number), created_at=1_000.0 + number % 2) for number in range(4)))
    assert await _ids(database, page=Page()) == ["resp_3", "resp_1", "resp_2", "resp_0"]
    assert await _ids(database, page=Page(is_descending=False)) == ["resp_0", "resp_2", "resp_1", "resp_3"]


@pytest.mark.parametrize("after", ["resp_b", "resp_of_bob", "", "\x00", "é" * 5_000])
async def test_page_behind_an_unknown_response_is_refused(database: Database, after: str) -> None:
    in_a_minute = time.time() + 60
    await _add(database, response("a", expires_at=in_a_minute))
    await _add(database, response("of_bob", key_id="bob", expires_at=in_a_minute))
    with pytest.raises(Missing):
        await _ids(database, page=Page(after=after))
    with pytest.raises(InvalidRequest) as caught:
        await _listed(database, Page(after=after))
    assert (caught.value.status, caught.value.param) == (400, "after")


async def test_walk_goes_on_behind_a_response_that_has_expired_since(database: Database) -> None:
    await _add(database, response("a", expires_at=NOW), response("b"))
    assert await _ids(database) == ["resp_b"]
    assert await _ids(database, page=Page(20, False, "resp_a")) == ["resp_b"]


async def test_response_that_does_not_match_is_a_place_to_go_on_from(database: Database) -> None:
    await _add(database, response("a", status="queued"), response("b", status="completed"))
    assert await _ids(database, ResponseFilter(status="completed"), Page(20, False, "resp_a")) == ["resp_b"]


async def test_pages_end_before_they_are_too_large(database: Database) -> None:
    large, in_a_minute = b'["%b"]' % (b"x" * LARGE), time.time() + 60
    rows = [response(name, expires_at=in_a_minute, output=large) for name in "ab"]
    huge = response("c", expires_at=in_a_minute, output=b'["%b"]' % (b"x" * 2 * LARGE))
    await _add(database, *rows, huge, response("d", expires_at=in_a_minute))
    pages, after = [], None
    for _ in range(4):
        listed = await _listed(database, Page(20, False, after))
        pages.append([document["id"] for document in listed["data"]])
        after = listed["last_id"]
        assert listed["has_more"] is (len(pages) < 4)
    assert pages == [["resp_a"], ["resp_b"], ["resp_c"], ["resp_d"]]


async def test_list_of_nothing_is_empty(database: Database) -> None:
    empty: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
    assert await _listed(database) == empty
    await _add(database, response("a", expires_at=time.time() + 60), response("b", expires_at=time.time() - 1))
    assert await _listed(database, key_id="bob") == empty
    assert await _listed(database, Page(after="resp_a")) == empty
    assert [document["id"] for document in (await _listed(database))["data"]] == ["resp_a"]


@pytest.mark.parametrize("status", STATUSES)
async def test_status_of_what_has_not_ended_is_the_rows(database: Database, status: str) -> None:
    """The document is written when the work begins and when it ends; in between only the row keeps up."""
    document = b'{"id":"resp_a","status":"queued","text":"\\"status\\":\xc3\xbc","output":'
    await _add(database, response("a", status=status, document=document, output=b"[]", expires_at=time.time() + 60))
    retrieved = await StoredResponses(database).retrieve("ann", "resp_a")
    listed = await StoredResponses(database).list("ann", EVERYTHING, Page())
    assert b'"data":[' + retrieved + b"]" in listed
    if status in ("queued", "in_progress"):
        assert orjson.loads(retrieved) == {"id": "resp_a", "status": status, "text": '"status":ü', "output": []}
    else:
        assert retrieved == document + b"[]}"


async def test_pages_stay_whole_while_responses_come_and_go(database: Database) -> None:
    in_a_minute = time.time() + 60
    kept = [response(f"kept_{number}", expires_at=in_a_minute) for number in range(9)]
    gone = [response(f"gone_{number}", expires_at=in_a_minute) for number in range(9)]
    await _add(database, *kept, *gone)

    async def delete() -> None:
        for row in gone:
            await StoredResponses(database).delete("ann", row.id)

    async def walk() -> list[str]:
        met: list[str] = []
        listed: Any = {"has_more": True, "last_id": None}
        while listed["has_more"]:
            try:
                listed = await _listed(database, Page(2, True, listed["last_id"]))
            except InvalidRequest:  # the one to go on from has been deleted
                met, listed = [], {"has_more": True, "last_id": None}
                continue
            assert listed["data"] or not listed["has_more"]
            met += [document["id"] for document in listed["data"]]
            assert len(met) <= len(kept) + len(gone), "pages without end"
        return met

    walked, *_ = await asyncio.gather(walk(), delete(), walk())
    assert [id_ for id_ in walked if "kept" in id_] == [row.id for row in reversed(kept)]


class _Away:
    async def read(self, work: Callable[..., Any]) -> Any:
        raise Unreachable("away")


async def test_database_that_is_away_is_no_defect() -> None:
    away: Any = _Away()
    with pytest.raises(Unavailable):
        await StoredResponses(away).list("ann", EVERYTHING, Page())
