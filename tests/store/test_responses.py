"""Stored responses: what comes back, to whom, and in which order."""

from functools import partial

import pytest
from sqlalchemy import func, select

from gateway.store import responses
from gateway.store.database import Database
from gateway.store.errors import Missing
from gateway.store.responses import Head, StoredResponse
from gateway.store.tables import responses as table
from tests.store.stored import response

pytestmark = pytest.mark.anyio


async def _add(database: Database, *rows: StoredResponse) -> None:
    await database.write(partial(responses.add, rows=rows))


async def _find(database: Database, id_: str, key_id: str = "ann", now: float = 1_500.0) -> StoredResponse | None:
    return await database.read(partial(responses.find, key_id=key_id, id_=id_, now=now))


async def _head(database: Database, id_: str, key_id: str = "ann", now: float = 1_500.0) -> Head | None:
    return await database.read(partial(responses.head, key_id=key_id, id_=id_, now=now))


async def _chain(database: Database, id_: str, key_id: str = "ann") -> list[str]:
    return [link.id for link in await database.read(partial(responses.chain, key_id=key_id, id_=id_))]


async def _links(database: Database, count: int) -> None:
    names = ["0", *(str(number) for number in range(1, count))]
    await _add(database, *(response(name, before) for name, before in zip(names, [None, *names], strict=False)))


async def test_response_comes_back_as_it_was_given(database: Database) -> None:
    given = response(
        "a",
        "z",
        conversation_id="conv_1",
        created_at=1_900_000_000.125,
        expires_at=2_000_000_000.5,
        status="incomplete",
        depth=3,
        size=2**40,
        chain_size=2**41,
        document='{"text":"\\u0000 ü \U0001f600"}'.encode(),
        input=b"[]",
    )
    await _add(database, given)
    assert await _find(database, "resp_a") == given
    assert await _head(database, "resp_a") == Head(3, 2**41, "conv_1", "incomplete")


async def test_response_of_another_key_is_not_there(database: Database) -> None:
    await _add(database, response("a"))
    assert await _find(database, "resp_a", "bob") is None
    assert await _head(database, "resp_a", "bob") is None
    assert not await database.write(partial(responses.delete, key_id="bob", id_="resp_a", now=1_500.0))
    with pytest.raises(Missing):
        await _chain(database, "resp_a", "bob")
    assert await _find(database, "resp_a") is not None


async def test_expired_response_is_not_there(database: Database) -> None:
    await _add(database, response("a"))
    assert await _find(database, "resp_a", now=1_999.9) is not None
    assert await _find(database, "resp_a", now=2_000.0) is None
    assert await _head(database, "resp_a", now=2_000.0) is None
    assert not await database.write(partial(responses.delete, key_id="ann", id_="resp_a", now=2_000.0))


@pytest.mark.parametrize("id_", ["", "resp_b", "\x00", "é" * 5_000])
async def test_id_that_was_never_given_finds_nothing(database: Database, id_: str) -> None:
    await _add(database, response("a"))
    assert await _find(database, id_) is None
    assert await _head(database, id_) is None
    assert not await database.write(partial(responses.delete, key_id="ann", id_=id_, now=1_500.0))
    with pytest.raises(Missing):
        await _chain(database, id_)


async def test_response_that_comes_again_is_stored_once(database: Database) -> None:
    await _add(database, response("a", status="completed"))
    await _add(database, response("a", status="failed"), response("b"), response("b", status="failed"))
    for id_ in ("resp_a", "resp_b"):
        found = await _find(database, id_)
        assert found is not None
        assert found.status == "completed"


async def test_more_responses_than_one_statement_holds(database: Database) -> None:
    await _add(database, *(response(str(number)) for number in range(215)))
    assert await database.read(lambda c: c.execute(select(func.count()).select_from(table)).scalar()) == 215


async def test_deleted_response_is_gone(database: Database) -> None:
    await _add(database, response("a"), response("b"))
    assert await database.write(partial(responses.delete, key_id="ann", id_="resp_a", now=1_500.0))
    assert await _find(database, "resp_a") is None
    assert await _find(database, "resp_b") is not None
    assert not await database.write(partial(responses.delete, key_id="ann", id_="resp_a", now=1_500.0))


async def test_chain_is_told_from_its_oldest_response(database: Database) -> None:
    await _add(database, response("c", "b"), response("a"), response("d", "b"), response("b", "a"), response("e"))
    assert await _chain(database, "resp_c") == ["resp_a", "resp_b", "resp_c"]
    assert await _chain(database, "resp_a") == ["resp_a"]
    links = await database.read(partial(responses.chain, key_id="ann", id_="resp_d"))
    assert [link.input for link in links] == [b'[{"id":"msg_%s"}]' % name for name in (b"a", b"b", b"d")]
    assert [link.output for link in links] == [b'[{"id":"msg_%s"}]' % name for name in (b"a", b"b", b"d")]


async def test_long_chain_comes_in_order(database: Database) -> None:
    await _links(database, 1_024)
    assert await _chain(database, "resp_1023") == [f"resp_{number}" for number in range(1_024)]


async def test_expired_response_still_counts_in_the_chain_that_goes_on_from_it(database: Database) -> None:
    await _add(database, response("a", expires_at=1.0), response("b", "a"))
    assert await _chain(database, "resp_b") == ["resp_a", "resp_b"]


@pytest.mark.parametrize("number", [0, 3, 5])
async def test_chain_with_a_missing_link_names_it(database: Database, number: int) -> None:
    await _links(database, 6)
    await database.write(partial(responses.delete, key_id="ann", id_=f"resp_{number}", now=1_500.0))
    with pytest.raises(Missing) as caught:
        await _chain(database, "resp_5")
    assert (caught.value.what, caught.value.id) == ("response", f"resp_{number}")


async def test_chain_does_not_reach_into_another_key(database: Database) -> None:
    await _add(database, response("a", key_id="bob"), response("b", "a"))
    with pytest.raises(Missing) as caught:
        await _chain(database, "resp_b")
    assert caught.value.id == "resp_a"
