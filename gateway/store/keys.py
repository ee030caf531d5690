"""The keys that open the gateway, as rows. Secrets never come here, only their SHA-256 digests."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, func, insert, or_, select, update

from gateway.store import schema
from gateway.store.errors import StoreError
from gateway.store.tables import keys


class AmbiguousKey(StoreError):
    """A name that several keys bear."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key; times in seconds since 1970. `hint` is the end of the secret.

    `on_disconnect` is what becomes of answers whose clients leave; None for what the settings have.
    """

    id: str
    name: str | None
    hint: str
    created_at: float
    expires_at: float | None = None
    revoked_at: float | None = None
    on_disconnect: str | None = None
    may_choose_on_disconnect: bool = False

    def is_usable(self, now: float) -> bool:
        """Whether the key opens the gateway at the time `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


_COLUMNS = tuple(keys.c[name] for name in Key.__dataclass_fields__)


def add(connection: Connection, key: Key, digest: bytes) -> None:
    """Store a new key."""
    connection.execute(insert(keys).values(asdict(key) | {"digest": digest}))


def add_first(connection: Connection, key: Key, digest: bytes) -> bool:
    """Store `key` if no key is usable when it is made; of several processes that try at once, one does."""
    schema.lock(connection)
    unexpired = or_(keys.c.expires_at.is_(None), keys.c.expires_at > key.created_at)
    if connection.execute(select(keys.c.id).where(keys.c.revoked_at.is_(None), unexpired).limit(1)).first():
        return False
    add(connection, key, digest)
    return True


def listing(connection: Connection) -> list[Key]:
    """Every key, oldest first."""
    return [Key(*row) for row in connection.execute(select(*_COLUMNS).order_by(keys.c.created_at, keys.c.id))]


def unrevoked(connection: Connection, digests: Iterable[bytes] | None = None) -> list[tuple[bytes, Key]]:
    """The keys that are not revoked, with their digests: all of them, or those among `digests`."""
    wanted = select(keys.c.digest, *_COLUMNS).where(keys.c.revoked_at.is_(None))
    if digests is not None:
        wanted = wanted.where(keys.c.digest.in_(digests))
    return [(bytes(digest), Key(*rest)) for digest, *rest in connection.execute(wanted)]


def is_usable(connection: Connection, id_: str, now: float) -> bool:
    """Whether a key opens the gateway; one that is not in the database is the settings' own."""
    times = select(keys.c.expires_at, keys.c.revoked_at).where(keys.c.id == id_)
    row = connection.execute(times).one_or_none()
    return row is None or (row.revoked_at is None and (row.expires_at is None or now < row.expires_at))


def state(connection: Connection) -> tuple[int, int, float | None]:
    """A value that changes whenever a key is added, revoked or deleted. Far cheaper than reading the keys."""
    counts = select(func.count(), func.count(keys.c.revoked_at), func.max(keys.c.revoked_at)).select_from(keys)
    total, revoked, last = connection.execute(counts).one()
    return total, revoked, last


def revoke(connection: Connection, id_or_name: str, now: float) -> Key | None:
    """Revoke the key of that id, or else the one unrevoked key of that name; None if there is no such key.

    One that is revoked already stays as it is. Raises `AmbiguousKey` if several unrevoked ones bear the name.
    """
    rows = connection.execute(select(*_COLUMNS).where(or_(keys.c.id == id_or_name, keys.c.name == id_or_name)))
    found = [Key(*row) for row in rows]
    by_id = [key for key in found if key.id == id_or_name]
    live = by_id or [key for key in found if key.revoked_at is None]
    if len(live) > 1:
        ids = ", ".join(sorted(key.id for key in live))
        raise AmbiguousKey(f"{len(live)} keys are called {id_or_name!r}. Name one by its id: {ids}")
    if not live:
        return found[0] if found else None
    chosen = keys.c.id == live[0].id
    connection.execute(update(keys).where(chosen, keys.c.revoked_at.is_(None)).values(revoked_at=now))
    return Key(*connection.execute(select(*_COLUMNS).where(chosen)).one())
