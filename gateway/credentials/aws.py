"""AWS credentials: access keys that are configured, or whatever botocore's own chain finds and renews."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from gateway.credentials.keys import fingerprint
from gateway.credentials.sigv4 import AccessKeys, signed_headers
from gateway.errors import UpstreamDown
from gateway.wire.transport import Call

_LARGE_BYTES = 1024 * 1024


class NoAccess(Exception):
    """There are no access keys. The words say what to do, and hold no secret."""


class Source(Protocol):
    """Where access keys come from."""

    @property
    def label(self) -> str:
        """A short name that gives nothing away."""

    async def keys(self) -> AccessKeys:
        """Keys that are valid now. Raises `NoAccess`."""

    def forget(self) -> bool:
        """AWS refused them. True where others can be fetched."""


class StaticKeys:
    """Access keys that are configured."""

    def __init__(self, access_key: str, secret_key: str, session_token: str | None = None) -> None:
        self._keys = AccessKeys(access_key, secret_key, session_token)

    @property
    def label(self) -> str:
        return fingerprint(self._keys.access_key)

    async def keys(self) -> AccessKeys:
        return self._keys

    def forget(self) -> bool:
        return False


class Chain:
    """What botocore finds: the environment, a profile, a role, single sign-on, the machine's own metadata.

    botocore is imported at the first use, and what of it may wait for the network or a file runs in a thread.
    """

    def __init__(self, profile: str | None = None) -> None:
        self._profile = profile
        self._found: Any = None
        self._lock = asyncio.Lock()

    @property
    def label(self) -> str:
        return self._profile or "default-chain"

    async def keys(self) -> AccessKeys:
        found = self._found
        if found is not None and not _is_stale(found):
            return _frozen(found)
        # One fetches for all: a metadata service or a login page is slow, and has limits of its own.
        async with self._lock:
            return await asyncio.to_thread(self._fetch)

    def forget(self) -> bool:
        was_there = self._found is not None
        self._found = None
        return was_there

    def _fetch(self) -> AccessKeys:
        from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound
        from botocore.session import Session

        try:
            found = self._found
            if found is None:
                found = Session(profile=self._profile).get_credentials()
            if found is None:
                raise NoAccess(
                    "No AWS credentials were found. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile, "
                    "or set AWS_BEARER_TOKEN_BEDROCK."
                )
            frozen = _frozen(found)
        except ProfileNotFound:
            raise NoAccess(f"The AWS profile {self._profile!r} does not exist. Name another one.") from None
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            # Its words may hold addresses, account numbers and commands, so only its kind is told.
            kind = type(error).__name__
            why = "Log in again (`aws sso login`), or check the profile and the role that it takes on."
            raise NoAccess(f"AWS credentials could not be fetched ({kind}). {why}") from None
        self._found = found
        return frozen


class AWSCredential:
    """Signs every request to AWS with the keys of its source."""

    fixed = None

    def __init__(
        self,
        source: Source,
        region: str,
        *,
        service: str = "bedrock",
        weight: float = 1.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source = source
        self._region = region
        self._service = service
        self._weight = weight
        self._now = now
        self._secrets: Sequence[str] = ()

    @property
    def label(self) -> str:
        return self._source.label

    @property
    def weight(self) -> float:
        return self._weight

    @property
    def secrets(self) -> Sequence[str]:
        """Those of the keys that were used last."""
        return self._secrets

    async def headers(self, call: Call) -> Mapping[str, str]:
        """The signature of this very call: its method, address, content type and body must go as they are."""
        try:
            keys = await self._source.keys()
        except NoAccess as error:
            message = f"{call.provider} cannot be called: {error}"
            raise UpstreamDown(message, code="upstream_auth") from None
        self._secrets = [secret for secret in (keys.access_key, keys.secret_key, keys.session_token) if secret]
        sign = partial(signed_headers, call, keys, self._region, self._service, self._now())
        # The digest of a large body takes long, and needs no lock of the interpreter's.
        return await asyncio.to_thread(sign) if len(call.body or b"") > _LARGE_BYTES else sign()

    def forget(self) -> bool:
        return self._source.forget()


def _is_stale(found: Any) -> bool:
    """Whether botocore would fetch anew; keys that do not expire have nothing to ask."""
    needs = getattr(found, "refresh_needed", None)
    return needs is not None and bool(needs())


def _frozen(found: Any) -> AccessKeys:
    """The keys of one moment: what botocore renews must not change between two reads."""
    keys = found.get_frozen_credentials()
    return AccessKeys(keys.access_key, keys.secret_key, keys.token)
