"""Rows for the tests of what is stored, and what there is of them."""

import time
from typing import Any

from sqlalchemy import Connection, select

from gateway.store.database import Database
from gateway.store.responses import StoredResponse
from gateway.store.tables import usage
from gateway.store.usage import UsageRow


def usage_row(name: str, **fields: Any) -> UsageRow:
    """The usage of a request of that name, just made."""
    return UsageRow(request_id=name, time=time.time(), key_id="env", operation="chat", **fields)


async def usage_names(database: Database) -> list[str]:
    """The requests of which usage is stored, in the order of the rows' ids."""

    def read(connection: Connection) -> list[str]:
        return list(connection.execute(select(usage.c.request_id).order_by(usage.c.id)).scalars())

    return await database.read(read)


def response(name: str, previous: str | None = None, **fields: Any) -> StoredResponse:
    """A response of the key `ann` with the id `resp_<name>`, made at 1,000 s and good until 2,000 s."""
    row: dict[str, Any] = {
        "id": f"resp_{name}",
        "key_id": "ann",
        "previous_id": f"resp_{previous}" if previous else None,
        "conversation_id": None,
        "created_at": 1_000.0,
        "expires_at": 2_000.0,
        "status": "completed",
        "depth": 1,
        "size": 10,
        "chain_size": 10,
        "document": f'{{"id":"resp_{name}","output":'.encode(),
        "output": f'[{{"id":"msg_{name}"}}]'.encode(),
        "input": f'[{{"id":"msg_{name}"}}]'.encode(),
    }
    return StoredResponse(**row | fields)
