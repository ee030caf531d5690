"""Finds why an address cannot be reached: its name, its port or its certificate."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast
from urllib.parse import urlsplit

from gateway.wire.dialing import Dialer
from gateway.wire.errors import Refusal, refusal
from gateway.wire.request import UNIX, Origin, locate
from gateway.wire.tls import SYSTEM_TLS, TLS

_SECONDS = 5.0
_NETWORK = "See `base_url` of {}, and the network's way out."
_CERTIFICATE: Mapping[Refusal, str] = MappingProxyType(
    {
        Refusal.WRONG_NAME: "See whether `base_url` of {} has the host that the certificate was made for.",
        Refusal.EXPIRED: "The operator of {} has to renew it.",
        Refusal.NOT_YET_VALID: "See whether the clock of this machine is right; else ask the operator of {}.",
        Refusal.UNKNOWN_AUTHORITY: "Set `providers.{}.tls.ca` to its authority, or SSL_CERT_FILE for all.",
        Refusal.OTHER: "Ask the operator of {}.",
    }
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a connection cannot be made, and what to do about it; `{}` in `advice` is the provider's name."""

    message: str
    advice: str = _NETWORK


async def obstacle(base_url: str, tls: TLS = SYSTEM_TLS) -> Obstacle | None:
    """Why no connection to it can be made; None where one can be made now."""
    try:
        origin = locate(base_url).origin
    except ValueError:
        return Obstacle(f"{urlsplit(base_url).hostname or base_url} is no name of a host.")
    try:
        async with asyncio.timeout(_SECONDS):
            (await Dialer(tls).open(origin, _Unused)).transport.abort()
    except TimeoutError:
        place = f"{origin.host} does not answer on port {origin.port}"
        return Obstacle(f"{place} within {_SECONDS:g} seconds; a firewall may be in the way.")
    except ssl.SSLCertVerificationError as error:
        reason = refusal(error)
        return Obstacle(f"The certificate of {origin.host} {reason.value}.", _CERTIFICATE[reason])
    except (OSError, UnicodeError) as error:
        return Obstacle(_reason(error, origin))
    return None


class _Unused(asyncio.Protocol):
    """A connection on which nothing is sent."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)


def _reason(error: OSError | UnicodeError, origin: Origin) -> str:
    if origin.scheme == UNIX:
        detail = error.strerror if isinstance(error, OSError) else None
        return f"The socket {origin.host} cannot be connected to: {detail or 'no reason given'}."
    match error:
        case socket.gaierror():
            return f"The name {origin.host} is not known to DNS."
        case ConnectionRefusedError():
            return f"Nobody listens on port {origin.port} of {origin.host}."
        case ssl.SSLError():
            return f"What listens on port {origin.port} of {origin.host} does not speak TLS; http:// may be meant."
        case OSError():
            detail = error.strerror or "no reason given"
            return f"{origin.host} cannot be connected to on port {origin.port}: {detail}."
        case _:
            return f"{origin.host} is no name of a host."
