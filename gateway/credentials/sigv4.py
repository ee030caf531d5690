"""Signs requests as AWS wants them: Signature Version 4, over the very bytes that are sent."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import SplitResult, quote, urlsplit

from gateway.wire.transport import Call

_ALGORITHM = "AWS4-HMAC-SHA256"
_SIGNED = ("content-type",)


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """What AWS knows somebody by; with a token where they are known for a while only."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)


def signed_headers(call: Call, keys: AccessKeys, region: str, service: str, now: datetime) -> Mapping[str, str]:
    """The headers that open AWS for this call, names in lower case. `now` is in UTC.

    The host is signed as it stands in the address, and the content type of the call's own headers.
    """
    address = urlsplit(call.url)
    moment = now.strftime("%Y%m%dT%H%M%SZ")
    added = {"x-amz-date": moment}
    if keys.session_token:
        added["x-amz-security-token"] = keys.session_token
    given = {name.lower(): value.strip() for name, value in call.headers.items()}
    headers = {name: given[name] for name in _SIGNED if name in given} | {"host": _host(address)} | added
    names = ";".join(sorted(headers))
    request = "\n".join(
        (
            call.method,
            # The path is encoded once more than it travels: %3A becomes %253A.
            quote(address.path or "/", safe="/-_.~"),
            "&".join(sorted(address.query.split("&"))),
            "".join(f"{name}:{headers[name]}\n" for name in sorted(headers)),
            names,
            hashlib.sha256(call.body or b"").hexdigest(),
        )
    )
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    signed = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = _mac(_signing_key(keys.secret_key, moment[:8], region, service), signed).hex()
    added["authorization"] = (
        f"{_ALGORITHM} Credential={keys.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return added


def _host(address: SplitResult) -> str:
    """The host as clients send it: in small letters, and without the port that goes without saying."""
    host = address.netloc.lower()
    return host.removesuffix(":443" if address.scheme == "https" else ":80")


def _signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of one day, region and service."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = _mac(key, part)
    return key


def _mac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
