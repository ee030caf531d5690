"""What a Responses request cannot ask of this gateway, whichever model it is for."""

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.errors import InvalidRequest


def refuse_what_is_to_come(body: dict[str, Any]) -> None:
    """What later versions will do must not be taken for done. Raises `InvalidRequest`."""
    if body.get("background") is True:
        raise not_yet("background", "Responses in the background are not supported yet.")
    if body.get("context_management"):
        raise not_yet("context_management", "Server-side compaction is not supported yet.")
    if body.get("previous_response_id") is not None and body.get("conversation") is not None:
        message = "`previous_response_id` cannot be used together with `conversation`."
        raise InvalidRequest(message, param="previous_response_id", code="mutually_exclusive_parameters")


def refuse_what_cannot_be_repeated(body: dict[str, Any], names: Sequence[str] | None = None) -> None:
    """An answer repeats parts of its request, some levels deeper, and JSON can only be written so deep.

    Raises `InvalidRequest`.
    """
    repeated = body if names is None else [body[name] for name in names if body.get(name)]
    try:
        if repeated:
            orjson.dumps([[[[repeated]]]])
    except orjson.JSONEncodeError:
        raise InvalidRequest("The body is nested too deeply.", code="invalid_value") from None


def not_yet(param: str, message: str) -> InvalidRequest:
    """The refusal of what is to come."""
    return InvalidRequest(message, param=param, code="unsupported_parameter")
