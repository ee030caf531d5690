"""Ratios of bytes to tokens outlive the process that has learnt them, and are bounded in the database, too."""

from functools import partial

import pytest

from gateway.accounting.token_ratios import TokenRatios
from gateway.store import token_ratios
from gateway.store.database import Database
from gateway.store.token_ratios import RatioRow
from gateway.store.usage import UsageRow

pytestmark = pytest.mark.anyio


def _row(model: str, size: int) -> UsageRow:
    row = UsageRow(request_id="r", time=1.0, key_id="env", operation="chat", provider="lab", model=model)
    row.prompt_tokens, row.prompt_bytes, row.completion_tokens, row.completion_bytes = 100, size, 10, size // 10
    return row


async def test_what_was_learnt_is_there_after_a_restart(database: Database) -> None:
    ratios = TokenRatios(database)
    await ratios.start()
    ratios.learn([_row("m", 500), _row("long", 900)])
    await ratios.close()
    later = TokenRatios(database)
    await later.start()
    assert later.prompt_tokens("lab", "m", b"x" * 500) == 100
    assert later.completion_tokens("lab", "long", 90) == 10
    assert later.completion_tokens("lab", "another", 90) == 23
    await later.close()


async def test_later_learning_takes_the_place_of_the_earlier(database: Database) -> None:
    ratios = TokenRatios(database)
    for size in (500, 900):
        ratios.learn([_row("m", size)])
        await ratios.save()
    (row,) = await database.read(partial(token_ratios.load, most=10))
    assert (row.prompt_bytes, row.prompt_tokens) == (1400.0, 200.0)


async def test_more_models_than_the_bound_leave_by_age(database: Database) -> None:
    rows = [RatioRow("lab", f"m{number:04}", 4.0, 1.0, 4.0, 1.0, float(number)) for number in range(300)]
    await database.write(partial(token_ratios.save, rows=rows[:200], most=1000))
    await database.write(partial(token_ratios.save, rows=rows[200:], most=50))
    kept = await database.read(partial(token_ratios.load, most=1000))
    assert [row.model for row in kept] == [row.model for row in rows[250:]]


async def test_database_that_is_away_costs_nothing_but_what_was_learnt(database: Database) -> None:
    ratios = TokenRatios(database)
    ratios.learn([_row("m", 500)])
    await database.write(lambda c: c.exec_driver_sql("ALTER TABLE token_ratios RENAME TO elsewhere"))
    await ratios.save()
    assert ratios.prompt_tokens("lab", "m", b"x" * 500) == 100
    await database.write(lambda c: c.exec_driver_sql("ALTER TABLE elsewhere RENAME TO token_ratios"))
    await ratios.save()
    assert [row.model for row in await database.read(partial(token_ratios.load, most=10))] == ["m"]
