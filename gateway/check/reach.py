"""Says why an address cannot be reached: its name, its port or its certificate."""

import asyncio
import socket
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

_SECONDS = 5.0
_PORTS = {"https": 443, "http": 80}


async def obstacle(base_url: str) -> str | None:
    """What stands in the way of a connection to it, as a sentence; None where there is nothing now."""
    parts = urlsplit(base_url)
    host, is_secure = parts.hostname or "", parts.scheme == "https"
    port = parts.port or _PORTS.get(parts.scheme, 80)
    try:
        async with asyncio.timeout(_SECONDS):
            await _connect(host, port, ssl.create_default_context() if is_secure else None)
    except TimeoutError:
        return f"{host} does not answer on port {port} within {_SECONDS:g} seconds; a firewall may be in the way."
    except socket.gaierror:
        return f"The name {host} is not known to DNS."
    except ConnectionRefusedError:
        return f"Nobody listens on port {port} of {host}."
    except ssl.SSLCertVerificationError as error:
        return f"The certificate of {host} is not trusted: {error.verify_message}."
    except ssl.SSLError:
        return f"What listens on port {port} of {host} does not speak TLS; http:// may be meant."
    except (OSError, UnicodeError) as error:
        return f"{host} cannot be connected to on port {port}: {_reason(error)}."
    return None


async def _connect(host: str, port: int, context: ssl.SSLContext | None) -> None:
    _, writer = await asyncio.open_connection(host, port, ssl=context)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


def _reason(error: OSError | UnicodeError) -> str:
    return error.strerror or "no reason given" if isinstance(error, OSError) else "it is no name of a host"
