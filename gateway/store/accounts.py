"""Users, groups and who belongs where, as requests mention them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import Connection, Table

from gateway.neutral.end_user import EndUser, Entity
from gateway.store.bulk import BulkInsert, sqlite_driver
from gateway.store.tables import groups, memberships, users


@dataclass(slots=True)
class _Sighting:
    first_seen: float
    last_seen: float
    metadata: dict[str, Any] = field(default_factory=dict)

    def extend(self, time: float, metadata: dict[str, Any] | None) -> None:
        self.first_seen = min(self.first_seen, time)
        self.last_seen = max(self.last_seen, time)
        if metadata:
            self.metadata.update(metadata)


class _Entities:
    """The rows of users, or of groups."""

    def __init__(self, table: Table) -> None:
        self._extend = _extending(table)
        self._replace = BulkInsert(table, "ON CONFLICT (id) DO UPDATE SET metadata = excluded.metadata")
        self._select = f"SELECT id, CAST(metadata AS TEXT) FROM {table.name} WHERE id"

    def upsert(self, connection: Connection, seen: dict[str, _Sighting]) -> None:
        in_order = sorted(seen.items())
        self._extend.run(connection, [(id_, "{}", one.first_seen, one.last_seen) for id_, one in in_order])
        # The rows are locked until the commit: what is read now is the latest, and no other transaction merges.
        given = [(id_, one) for id_, one in in_order if one.metadata]
        if not given:
            return
        stored = self._stored(connection, [id_ for id_, _ in given])
        changes = [
            (id_, _json(merged), one.first_seen, one.last_seen)
            for id_, one in given
            if (merged := stored[id_] | one.metadata) != stored[id_]
        ]
        self._replace.run(connection, changes)

    def _stored(self, connection: Connection, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        rows: Iterable[Sequence[Any]]
        if connection.dialect.name == "sqlite":
            chosen = f"{self._select} IN (SELECT value FROM json_each(?))"
            rows = sqlite_driver(connection).execute(chosen, (orjson.dumps(ids).decode(),))
        else:
            rows = connection.exec_driver_sql(f"{self._select} = ANY ($1::VARCHAR[])", (ids,))
        return {id_: orjson.loads(metadata) for id_, metadata in rows}


def upsert(connection: Connection, mentions: Iterable[tuple[float, EndUser]]) -> None:
    """Record who was mentioned when, in order: entities, their metadata, and the links between them.

    Metadata is merged at its first level: keys that are given replace the stored ones, others stay.
    Rows are locked table by table in the order of their ids, in every process alike: no two can wait for each
    other.
    """
    seen_users: dict[str, _Sighting] = {}
    seen_groups: dict[str, _Sighting] = {}
    links: dict[tuple[str, str], _Sighting] = {}
    for time, end_user in mentions:
        if end_user.user is not None:
            _see(seen_users, end_user.user, time)
        if end_user.group is not None:
            _see(seen_groups, end_user.group, time)
        if end_user.user is not None and end_user.group is not None:
            links.setdefault((end_user.user.id, end_user.group.id), _Sighting(time, time)).extend(time, None)
    _USERS.upsert(connection, seen_users)
    _GROUPS.upsert(connection, seen_groups)
    _LINKS.run(connection, [(*pair, link.first_seen, link.last_seen) for pair, link in sorted(links.items())])


def _see(seen: dict[str, _Sighting], entity: Entity, time: float) -> None:
    seen.setdefault(entity.id, _Sighting(time, time)).extend(time, entity.metadata)


def _json(metadata: dict[str, Any]) -> str:
    try:
        return orjson.dumps(metadata).decode()
    except orjson.JSONEncodeError as error:
        raise ValueError(f"metadata cannot be written: {error}") from None


def _extending(table: Table) -> BulkInsert:
    """An INSERT that, where the row is there, extends the time over which it was seen."""
    key = ", ".join(table.primary_key.columns.keys())
    first, last = f"{table.name}.first_seen", f"{table.name}.last_seen"
    return BulkInsert(
        table,
        f"ON CONFLICT ({key}) DO UPDATE SET "
        f"first_seen = CASE WHEN excluded.first_seen < {first} THEN excluded.first_seen ELSE {first} END, "
        f"last_seen = CASE WHEN excluded.last_seen > {last} THEN excluded.last_seen ELSE {last} END",
    )


_USERS = _Entities(users)
_GROUPS = _Entities(groups)
_LINKS = _extending(memberships)
