"""What becomes of an answer whose client leaves: by the settings, by the key, by the request."""

from gateway.auth import ABORT
from gateway.errors import Forbidden
from gateway.http import Body, Request

HEADER = b"x-waystone-on-disconnect"


def on_disconnect(request: Request[Body]) -> str:
    """`ABORT`, `DRAIN` or `BACKGROUND`. Raises `Forbidden` for a header that the key does not allow."""
    principal = request.principal
    sent = request.headers.get(HEADER)
    if sent is None:
        return ABORT if principal is None else principal.on_disconnect
    if principal is None or not principal.may_choose_on_disconnect:
        raise Forbidden(f"This key may not choose what becomes of an answer by the header {HEADER.decode()}.")
    # The contract lets nothing else pass.
    return sent.decode()
