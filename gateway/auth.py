"""Who may use the gateway: keys are looked up in memory, and memory is kept in step with the database."""

import asyncio
import hashlib
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

import structlog

from gateway.errors import Unavailable
from gateway.store import keys
from gateway.store.database import Database
from gateway.store.errors import StoreError
from gateway.store.keys import Key
from gateway.waits import is_set_within

PREFIX = "sk-gateway-"
STATIC_KEY_ID = "env"
REFRESH_SECONDS = 2.0
"""How long another process may take to notice a revoked key, the query aside."""

_FORMAT = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{32,128}")
_REFUSAL_SECONDS = 1.0
_REFUSALS = 10_000
_DIGESTS_A_QUERY = 500

log = structlog.get_logger(__name__)


ABORT = "abort"
DRAIN = "drain"
BACKGROUND = "background"


@dataclass(frozen=True, slots=True)
class OnDisconnect:
    """What becomes of an answer whose client leaves: `ABORT`, `DRAIN` or `BACKGROUND`; and may a request choose it?"""

    action: str = ABORT
    may_choose: bool = False


@dataclass(frozen=True, slots=True)
class Principal:
    """Whose request it is, and what becomes of its answer when its client leaves."""

    key_id: str
    name: str | None = None
    on_disconnect: str = ABORT
    may_choose_on_disconnect: bool = False


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key and its secret, which is nowhere else."""

    key: Key
    secret: str


class KeyRing:
    """The keys that open the gateway: those of the database, and the static one of the settings.

    `lookup` is for every request and only reads memory. `find` also asks the database about a well-formed
    secret that memory does not know, so that a key which another process made works at once.
    """

    def __init__(
        self, database: Database, static_key: str | None, on_disconnect: OnDisconnect = OnDisconnect()
    ) -> None:
        """`on_disconnect` is for keys that have no value of their own."""
        self._database = database
        self._on_disconnect = on_disconnect
        default = Principal(STATIC_KEY_ID, None, on_disconnect.action, on_disconnect.may_choose)
        self._static = (_digest(static_key), default) if static_key else None
        self._known: dict[bytes, tuple[Principal, float]] = {}
        self._revoked: set[str] = set()  # here, so that a row read before the revocation cannot bring the key back
        self._state: tuple[int, int, float | None] | None = None
        self._refused: dict[bytes, float] = {}
        self._wanted: set[bytes] = set()
        self._round: asyncio.Task[None] | None = None
        self._asking = asyncio.Lock()
        self._closing = asyncio.Event()
        self._refreshing: asyncio.Task[None] | None = None
        self._admit([])

    async def start(self) -> None:
        """Load the keys, and look for changes from now on. Raises `StoreError`."""
        await self.refresh()
        self._refreshing = asyncio.create_task(self._refresh_forever())

    async def close(self) -> None:
        """Stop looking for changes."""
        self._closing.set()
        if self._refreshing is not None:
            await self._refreshing

    def lookup(self, secret: str) -> Principal | None:
        """Whose secret this is, as far as memory knows; None if nobody's, or expired."""
        entry = self._known.get(_digest(secret))
        if entry is None or time.time() >= entry[1]:
            return None
        return entry[0]

    async def find(self, secret: str) -> Principal | None:
        """Whose secret this is, from memory or else from the database.

        Raises `Unavailable` if the database would have to be asked and does not answer.
        """
        known = self.lookup(secret)
        if known is not None or not _FORMAT.fullmatch(secret):
            return known
        digest = _digest(secret)
        if digest in self._known or time.monotonic() < self._refused.get(digest, 0.0):
            return None
        # One query at a time; who comes while it runs shares the next: guessed keys cannot hammer it.
        self._wanted.add(digest)
        if self._round is None:
            self._round = asyncio.create_task(self._ask())
        try:
            await asyncio.shield(self._round)
        except StoreError:
            raise Unavailable("The gateway cannot check this key now. Try again in a moment.") from None
        return self.lookup(secret)

    async def create(
        self,
        name: str | None = None,
        expires_at: float | None = None,
        on_disconnect: str | None = None,
        *,
        may_choose: bool = False,
    ) -> NewKey:
        """Make and store a key, good until `expires_at` (seconds since 1970). Raises `StoreError`.

        `on_disconnect`: None for what the settings have. `may_choose`: whether its requests may choose another value.
        """
        new = _mint(name, expires_at)
        key = replace(new.key, on_disconnect=on_disconnect, may_choose_on_disconnect=may_choose)
        new = replace(new, key=key)
        digest = _digest(new.secret)
        await self._database.write(partial(keys.add, key=new.key, digest=digest), durable=True)
        self._admit([(digest, new.key)])
        return new

    async def mint_first(self) -> NewKey | None:
        """Make a key if nothing else would open the gateway; None if something does.

        Of several processes that start at once, one gets the key. Raises `StoreError`.
        """
        if self._static is not None:
            return None
        new = _mint("first", None)
        digest = _digest(new.secret)
        if not await self._database.write(partial(keys.add_first, key=new.key, digest=digest), durable=True):
            return None
        self._admit([(digest, new.key)])
        return new

    async def list(self) -> Sequence[Key]:
        """Every key in the database, oldest first. Raises `StoreError`."""
        return await self._database.read(keys.listing)

    async def revoke(self, id_or_name: str) -> Key | None:
        """Revoke a key: at once here, within seconds in other processes. None if there is no such key.

        Raises `AmbiguousKey` if several keys bear the name, `StoreError` if the database fails.
        """
        now = time.time()
        key = await self._database.write(partial(keys.revoke, id_or_name=id_or_name, now=now), durable=True)
        if key is not None:
            self._revoked.add(key.id)
            self._known = {digest: entry for digest, entry in self._known.items() if entry[0].key_id != key.id}
        return key

    async def refresh(self) -> None:
        """Take over what other processes changed. Raises `StoreError`."""
        state = await self._database.read(keys.state)
        if state == self._state:
            return
        # The state is read before the rows: a change in between shows as another state next time.
        found = await self._database.read(keys.unrevoked)
        self._known = {}
        self._admit(found)
        self._state = state

    async def _refresh_forever(self) -> None:
        is_failing = False
        while not await is_set_within(self._closing, REFRESH_SECONDS):
            is_failing = await self._refresh_quietly(is_failing)

    async def _refresh_quietly(self, was_failing: bool) -> bool:
        """Refresh; on failure keep what is known, and say so once. Returns whether it failed."""
        try:
            await self.refresh()
        except StoreError as error:
            if not was_failing:
                log.warning("keys_not_refreshed", reason=str(error), effect="revoked keys may still work")
            return True
        if was_failing:
            log.info("keys_refreshed_again")
        return False

    async def _ask(self) -> None:
        async with self._asking:
            wanted, self._wanted, self._round = sorted(self._wanted), set(), None
            for start in range(0, len(wanted), _DIGESTS_A_QUERY):
                digests = wanted[start : start + _DIGESTS_A_QUERY]
                self._admit(await self._database.read(partial(keys.unrevoked, digests=digests)))
        self._refuse([digest for digest in wanted if digest not in self._known])

    def _admit(self, found: Sequence[tuple[bytes, Key]]) -> None:
        for digest, key in found:
            if key.id not in self._revoked:
                self._known[digest] = (self._principal(key), key.expires_at or float("inf"))
        if self._static is not None:
            self._known[self._static[0]] = (self._static[1], float("inf"))

    def _principal(self, key: Key) -> Principal:
        default, may_choose = self._on_disconnect, key.may_choose_on_disconnect
        if key.on_disconnect is not None:
            return Principal(key.id, key.name, key.on_disconnect, may_choose)
        return Principal(key.id, key.name, default.action, may_choose or default.may_choose)

    def _refuse(self, digests: Sequence[bytes]) -> None:
        """Remember for a moment that these are nobody's."""
        now = time.monotonic()
        for digest in digests:
            self._refused.pop(digest, None)  # so that the dictionary stays in the order of time
            self._refused[digest] = now + _REFUSAL_SECONDS
        while self._refused:
            oldest = next(iter(self._refused))
            if now < self._refused[oldest] and len(self._refused) <= _REFUSALS:
                break
            del self._refused[oldest]


def _mint(name: str | None, expires_at: float | None) -> NewKey:
    secret = PREFIX + secrets.token_urlsafe(32)
    key = Key(f"key_{secrets.token_hex(8)}", name, secret[-4:], time.time(), expires_at)
    return NewKey(key, secret)


def _digest(secret: str) -> bytes:
    # Secrets are random, not chosen by people: a slow hash would add nothing, and every request would pay.
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
