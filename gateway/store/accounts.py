"""Users, groups and who belongs where, as requests mention them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, bindparam, case, select, update

from gateway.end_user import EndUser, Entity
from gateway.store.tables import groups, memberships, users
from gateway.store.upsert import insert_into

_CHUNK = 500


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
    _upsert_entities(connection, users, seen_users)
    _upsert_entities(connection, groups, seen_groups)
    _upsert_links(connection, links)


def _see(seen: dict[str, _Sighting], entity: Entity, time: float) -> None:
    seen.setdefault(entity.id, _Sighting(time, time)).extend(time, entity.metadata)


def _upsert_entities(connection: Connection, table: Table, seen: dict[str, _Sighting]) -> None:
    if not seen:
        return
    rows = [
        {"id": id_, "metadata": {}, "first_seen": sighting.first_seen, "last_seen": sighting.last_seen}
        for id_, sighting in sorted(seen.items())
    ]
    _insert_or_extend(connection, table, rows)
    # The rows are ours until the commit: what is read now is the latest, and nobody merges in between.
    given = sorted(id_ for id_, sighting in seen.items() if sighting.metadata)
    for start in range(0, len(given), _CHUNK):
        chosen = select(table.c.id, table.c.metadata).where(table.c.id.in_(given[start : start + _CHUNK]))
        stored = {row.id: row.metadata for row in connection.execute(chosen)}
        merged = {id_: old | seen[id_].metadata for id_, old in sorted(stored.items())}
        changes = [{"key": id_, "value": new} for id_, new in merged.items() if new != stored[id_]]
        if changes:
            change = update(table).where(table.c.id == bindparam("key")).values(metadata=bindparam("value"))
            connection.execute(change, changes)


def _upsert_links(connection: Connection, links: dict[tuple[str, str], _Sighting]) -> None:
    if not links:
        return
    rows = [
        {"user_id": user, "group_id": group, "first_seen": link.first_seen, "last_seen": link.last_seen}
        for (user, group), link in sorted(links.items())
    ]
    _insert_or_extend(connection, memberships, rows)


def _insert_or_extend(connection: Connection, table: Table, rows: list[dict[str, Any]]) -> None:
    statement = insert_into(connection, table)
    old, new = table.c, statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key),
        set_={
            "first_seen": case((new.first_seen < old.first_seen, new.first_seen), else_=old.first_seen),
            "last_seen": case((new.last_seen > old.last_seen, new.last_seen), else_=old.last_seen),
        },
    )
    connection.execute(statement, rows)
