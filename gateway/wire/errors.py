"""Why a call has no answer; each becomes the `UpstreamDown` that a client of the gateway receives.

WireError
├── Unreachable   502 upstream_unreachable   no connection was made, or the call cannot be written as a request
│   └── Untrusted 502 upstream_unreachable   the upstream's certificate was refused
├── Busy          503 upstream_busy          as many connections are in use as `max_connections` allows
├── TimedOut      504 upstream_timeout       the connection stands, but the answer is late
├── CutOff        502 upstream_cut_off       the connection ended before the answer did
└── BadReply      502 upstream_bad_reply     what came is no HTTP/1.1 response, or too large
"""

import ssl
from enum import Enum

from gateway.errors import UpstreamDown


class Refusal(Enum):
    """Why a certificate was refused; the value completes a sentence that begins with "The certificate of …"."""

    WRONG_NAME = "is not valid for its host name"
    EXPIRED = "has expired"
    NOT_YET_VALID = "is not valid yet"
    UNKNOWN_AUTHORITY = "is not signed by an authority that this machine trusts"
    OTHER = "cannot be verified"


# X509_V_ERR_* of OpenSSL, <openssl/x509_vfy.h>.
_REFUSALS = {
    2: Refusal.UNKNOWN_AUTHORITY,
    9: Refusal.NOT_YET_VALID,
    10: Refusal.EXPIRED,
    18: Refusal.UNKNOWN_AUTHORITY,
    19: Refusal.UNKNOWN_AUTHORITY,
    20: Refusal.UNKNOWN_AUTHORITY,
    21: Refusal.UNKNOWN_AUTHORITY,
    62: Refusal.WRONG_NAME,
    64: Refusal.WRONG_NAME,
}


def refusal(error: ssl.SSLCertVerificationError) -> Refusal:
    """Why a certificate was refused."""
    return _REFUSALS.get(error.verify_code, Refusal.OTHER)


class WireError(Exception):
    """No answer. `sentence` has `{}` where the name of the provider goes; an address never stands in it."""

    status = 502
    code = "upstream_unreachable"
    sentence = "{} cannot be reached."

    def __init__(self, sentence: str = "") -> None:
        super().__init__()
        if sentence:
            self.sentence = sentence

    def down(self, provider: str) -> UpstreamDown:
        """The error for the client of the gateway."""
        return UpstreamDown(self.sentence.format(provider), status=self.status, code=self.code)


class Unreachable(WireError):
    """No connection was made, or the call cannot be written as a request."""


class Untrusted(Unreachable):
    """The upstream's certificate was refused."""

    def __init__(self, error: ssl.SSLCertVerificationError) -> None:
        super().__init__(f"The certificate of {{}} {refusal(error).value}.")


class Busy(WireError):
    """No connection came free in time."""

    status = 503
    code = "upstream_busy"
    sentence = "All connections to {} are in use."


class TimedOut(WireError):
    """The answer is late."""

    status = 504
    code = "upstream_timeout"
    sentence = "{} did not answer in time."


class CutOff(WireError):
    """The connection ended before the answer did."""

    code = "upstream_cut_off"
    sentence = "The connection to {} broke."


class BadReply(WireError):
    """What came is no HTTP/1.1 response, or too large."""

    code = "upstream_bad_reply"
    sentence = "{} sent something else than an HTTP/1.1 response."
