"""Keeps how many bytes a token takes, for each model; what the numbers mean is the accounting's."""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

from sqlalchemy import Connection, delete, select, tuple_

from gateway.store.bulk import BulkInsert
from gateway.store.tables import token_ratios

_SUMS = ("prompt_bytes", "prompt_tokens", "completion_bytes", "completion_tokens", "updated_at")
_UPSERT = BulkInsert(
    token_ratios,
    f"ON CONFLICT (provider, model) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in _SUMS)}",
)


@dataclass(frozen=True, slots=True)
class RatioRow:
    """The bytes and the tokens of replies of one model. `updated_at` in seconds since 1970."""

    provider: str
    model: str
    prompt_bytes: float
    prompt_tokens: float
    completion_bytes: float
    completion_tokens: float
    updated_at: float


def load(connection: Connection, most: int) -> list[RatioRow]:
    """The rows that were updated last, at most so many, the oldest of them first."""
    query = select(token_ratios).order_by(token_ratios.c.updated_at.desc()).limit(most)
    return [RatioRow(*row) for row in reversed(connection.execute(query).all())]


def save(connection: Connection, rows: Sequence[RatioRow], most: int) -> None:
    """Store rows, each model once, in the place of those that are there; beyond `most`, the oldest ones go.

    Of several workers the last one to write a model's row wins: each of them learns from the same kind of requests.
    """
    # In one order, so that two workers do not wait for each other.
    _UPSERT.run(connection, sorted((astuple(row) for row in rows), key=lambda row: row[:2]))
    names = (token_ratios.c.provider, token_ratios.c.model)
    surplus = select(*names).order_by(token_ratios.c.updated_at.desc(), *names).offset(most).limit(10 * most)
    gone = connection.execute(surplus).all()
    if gone:
        connection.execute(delete(token_ratios).where(tuple_(*names).in_([tuple(row) for row in gone])))
