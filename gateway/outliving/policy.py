"""What becomes of an answer whose client leaves: by the settings, by the key, by the request."""

from gateway.auth import ABORT, BACKGROUND, DRAIN
from gateway.errors import Forbidden, InvalidRequest
from gateway.http import Body, Request

HEADER = b"x-waystone-on-disconnect"
_ACTIONS = {action.encode(): action for action in (ABORT, DRAIN, BACKGROUND)}


def on_disconnect(request: Request[Body]) -> str:
    """`ABORT`, `DRAIN` or `BACKGROUND`. Raises `InvalidRequest` and `Forbidden` for the header."""
    principal = request.principal
    sent = request.headers.get(HEADER)
    if sent is None:
        return ABORT if principal is None else principal.on_disconnect
    action = _ACTIONS.get(sent.strip().lower())
    if action is None:
        message = f"Invalid value for the header {HEADER.decode()}: expected {', '.join(_ACTIONS.values())}."
        raise InvalidRequest(message, param=HEADER.decode(), code="invalid_value")
    if principal is None or not principal.may_choose_on_disconnect:
        raise Forbidden(f"This key may not choose what becomes of an answer by the header {HEADER.decode()}.")
    return action
