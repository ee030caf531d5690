"""Rows for the tests of what is stored for clients."""

from typing import Any

from gateway.store.responses import StoredResponse


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
