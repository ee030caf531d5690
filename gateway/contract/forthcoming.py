"""Operations of OpenAI's API that this gateway will have: told apart from those that nobody knows."""

import re

from gateway.errors import InvalidRequest

_WHAT = (
    ("POST", re.compile(r"/v1/responses/compact"), "Compaction"),
    ("POST", re.compile(r"/v1/responses/input_tokens"), "Counting the tokens of an input"),
    ("POST", re.compile(r"/v1/responses/[^/]+/cancel"), "Cancelling a response in the background"),
    ("WEBSOCKET", re.compile(r"/v1/responses"), "The WebSocket mode of the Responses API"),
)


def not_yet(method: str, path: str, upgrade: str = "") -> InvalidRequest | None:
    """The refusal of what is to come; None for everything else. `upgrade` is the header of that name."""
    if method == "GET" and upgrade.lower() == "websocket":
        method = "WEBSOCKET"
    for known, pattern, what in _WHAT:
        if method == known and pattern.fullmatch(path):
            return InvalidRequest(f"{what} is not supported yet.", code="unsupported_operation")
    return None
