"""Every error that a caller can meet, and the one envelope it is written in.

GatewayError
├── InvalidRequest      400   the body breaks the contract, or asks for what cannot be
├── Unauthenticated     401   no key, or not one of ours
├── Forbidden           403   the key may not do that
├── NotFound            404   no such path or object
│   ├── ModelNotFound   404   no provider serves this model
│   └── ItemNotFound    404   an item is referred to that is not stored
├── MethodNotAllowed    405
├── IdempotencyConflict 409   an idempotency key that is another request's, or whose request is under way
├── BodyTooLarge        413
│   └── RequestTooComplex 413 too many values, messages, tools or other elements
├── UnsupportedMedia    415
├── TooManyRequests     429   as many of something as one key may have at once
├── UpgradeRequired     426   a WebSocket, which there is not
├── InternalError       500   a defect of ours; says nothing about itself
├── Unavailable         503   not ready yet, or a part is missing
│   ├── Overloaded      503   as much to do at this moment as can be held
│   └── Stopped         503   the server stops, and the time for answers under way is over
└── UpstreamError       4xx   what a provider refused, translated
    └── UpstreamDown    502, 503, 504

An error never changes once it is made: a layer that knows more raises a copy of it.

    except GatewayError as error:
        raise error.with_headers((b"x-should-retry", b"false")) from error.__cause__
"""

from typing import Any, NoReturn, Self, TypedDict, Unpack

import orjson

Header = tuple[bytes, bytes]

UPSTREAM_CODES = frozenset(
    {
        "content_filter",
        "context_length_exceeded",
        "insufficient_quota",
        "model_not_found",
        "overloaded",
        "rate_limit_exceeded",
        "upstream_auth",
        "upstream_bad_reply",
        "upstream_busy",
        "upstream_cut_off",
        "upstream_error",
        "upstream_timeout",
        "upstream_unavailable",
        "upstream_unreachable",
    }
)
"""The gateway's own codes for errors of upstreams. Any other code is the provider's, and may quote what it was sent."""


class ErrorFields(TypedDict, total=False):
    """What a copy of any error may differ in."""

    message: str
    param: str | None
    code: str | None
    headers: tuple[Header, ...]


class UpstreamErrorFields(ErrorFields, total=False):
    """What a copy of a provider's error may differ in."""

    status: int
    type: str
    wait: float | None
    should_retry: bool | None


class GatewayError(Exception):
    """An error with a status and the fields of OpenAI's envelope. Immutable: assigning to an attribute fails."""

    status: int = 500
    type: str = "server_error"
    code: str | None = None
    message: str
    param: str | None
    headers: tuple[Header, ...]

    def __init__(
        self, message: str, *, param: str | None = None, code: str | None = None, headers: tuple[Header, ...] = ()
    ) -> None:
        super().__init__(message)
        self._set(message=message, param=param, code=code or self.code, headers=headers)

    def __setattr__(self, name: str, value: object) -> None:
        # Python itself sets __traceback__, __context__, __notes__ and their like when it raises.
        if not name.startswith("__"):
            self._refuse(name)
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        if not name.startswith("__"):
            self._refuse(name)
        super().__delattr__(name)

    def replaced(self, **changes: Unpack[ErrorFields]) -> Self:
        """A copy of the same class with other fields. It keeps the cause and the traceback."""
        return self._copied(**changes)

    def with_headers(self, *headers: Header) -> Self:
        """A copy with further response headers behind its own."""
        return self._copied(headers=(*self.headers, *headers))

    def _copied(self, **changes: Unpack[UpstreamErrorFields]) -> Self:
        # `args` is what a log writes of an exception.
        error = self.__class__.__new__(self.__class__, changes.get("message", self.message))
        vars(error).update(vars(self))
        error._set(**changes)
        error.__cause__, error.__context__ = self.__cause__, self.__context__
        error.__suppress_context__ = self.__suppress_context__
        return error.with_traceback(self.__traceback__)

    def _set(self, **fields: Unpack[UpstreamErrorFields]) -> None:
        vars(self).update(fields)

    def _refuse(self, name: str) -> NoReturn:
        raise AttributeError(f"{self.__class__.__name__}.{name} is read-only; `replaced` returns a changed copy")

    def envelope(self) -> dict[str, Any]:
        """The body of the reply, `{"error": {"message", "type", "param", "code"}}`."""
        fields = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": fields}

    def body(self) -> bytes:
        """The envelope as JSON. Lone surrogates, which JSON cannot carry, become question marks."""
        try:
            return orjson.dumps(self.envelope())
        except TypeError:
            message = self.message.encode("utf-8", "replace").decode()
            param = self.param and self.param.encode("utf-8", "replace").decode()
            return orjson.dumps(self.replaced(message=message, param=param).envelope())


class InvalidRequest(GatewayError):
    """The request breaks the contract; `param` is the path of the offending field, such as `messages[0].role`."""

    status = 400
    type = "invalid_request_error"


class Unauthenticated(GatewayError):
    """No key was sent, or it is not (or no longer) one of ours."""

    status = 401
    type = "authentication_error"
    code = "invalid_api_key"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers=((b"www-authenticate", b"Bearer"),))


class Forbidden(GatewayError):
    """The key is ours, and may not do what the request demands."""

    status = 403
    type = "permission_error"
    code = "permission_denied"


class NotFound(GatewayError):
    """There is nothing at this path."""

    status = 404
    type = "invalid_request_error"
    code: str | None = "not_found"


class ModelNotFound(NotFound):
    """No configured provider serves this model."""

    code = "model_not_found"

    def __init__(self, message: str) -> None:
        super().__init__(message, param="model")


class ItemNotFound(NotFound):
    """No stored item has this id. The form is OpenAI's own, which clients recognise."""

    code = None

    def __init__(self, item_id: str) -> None:
        super().__init__(f"Item with id '{item_id[:200]}' not found.", param="input")


class MethodNotAllowed(GatewayError):
    """The path exists, the method on it does not."""

    status = 405
    type = "invalid_request_error"
    code = "method_not_allowed"

    def __init__(self, message: str, allow: str) -> None:
        super().__init__(message, headers=((b"allow", allow.encode("latin-1")),))


class IdempotencyConflict(GatewayError):
    """An idempotency key that stands for another request, or for one that is under way. Repeating it does not help."""

    status = 409
    type = "idempotency_error"

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message, code=code, headers=((b"x-should-retry", b"false"),))


class BodyTooLarge(GatewayError):
    """The request body is over the configured limit."""

    status = 413
    type = "invalid_request_error"
    code = "request_too_large"


class RequestTooComplex(BodyTooLarge):
    """The request consists of more values, messages, tools or other elements than the configured bounds."""

    code = "request_too_complex"


class UnsupportedMedia(GatewayError):
    """The body is not of a media type that the operation takes."""

    status = 415
    type = "invalid_request_error"
    code = "unsupported_media_type"


class TooManyRequests(GatewayError):
    """The key has as many of something as it may have at once."""

    status = 429
    type = "rate_limit_error"
    code = "rate_limit_exceeded"


class UpgradeRequired(GatewayError):
    """A WebSocket was requested. The status and the header make Codex go on by HTTP at once."""

    status = 426
    type = "invalid_request_error"
    code = "websocket_unsupported"

    def __init__(self) -> None:
        message = "There are no WebSockets here. Send the request by HTTP."
        super().__init__(message, headers=((b"upgrade", b"websocket"), (b"connection", b"upgrade")))


class InternalError(GatewayError):
    """A defect of ours. The caller learns no more than that."""

    code = "internal_error"

    def __init__(self) -> None:
        super().__init__("The gateway met an error of its own while it handled this request.")


class Unavailable(GatewayError):
    """The gateway, or the part of it that this request needs, cannot serve now."""

    status = 503
    code = "unavailable"


class Overloaded(Unavailable):
    """The gateway has as much to do at this moment as it can hold."""

    code = "overloaded"

    def __init__(self, message: str) -> None:
        super().__init__(message, headers=((b"retry-after", b"1"),))


class Stopped(Unavailable):
    """The server stops, and the time for the answers under way is over. What was sent of this one is incomplete."""

    code = "gateway_stopped"

    def __init__(self) -> None:
        super().__init__("The gateway was stopped before this answer was complete. Try again.")


class UpstreamError(GatewayError):
    """What a provider refused. Its status, type and code are set from the provider's own (dialects translate them)."""

    type = "upstream_error"
    wait: float | None = None
    """Seconds after which the provider accepts another request, if it sent that."""
    should_retry: bool | None = None
    """Whether the provider says that another attempt is of use; None if it says nothing."""

    def __init__(self, status: int, message: str, *, type: str, code: str | None, param: str | None = None) -> None:
        super().__init__(message, param=param, code=code)
        self._set(status=status, type=type)

    def replaced(self, **changes: Unpack[UpstreamErrorFields]) -> Self:
        """A copy of the same class with other fields. It keeps the cause and the traceback."""
        return self._copied(**changes)


class UpstreamDown(UpstreamError):
    """The provider could not be reached, did not answer in time, or answered with what is no answer."""

    def __init__(self, message: str, *, status: int = 502, code: str = "upstream_unavailable") -> None:
        super().__init__(status, message, type="upstream_error", code=code)


def misshapen(path: str, expected: str) -> InvalidRequest:
    """The error for a value at `path`, such as `messages[0].content`, that is another than `expected`."""
    return InvalidRequest(f"Invalid value for {path}: expected {expected}.", param=path, code="invalid_value")
