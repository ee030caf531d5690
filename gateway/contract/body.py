"""Reads a request's body: media type, size, JSON, schema, in that order."""

from collections.abc import Sequence
from typing import Any

import orjson
from starlette.types import Receive

from gateway.contract.bundle import Bundle, OperationSpec
from gateway.contract.coding import decoded
from gateway.contract.validation import CompiledSchema
from gateway.errors import BodyTooLarge, Header, InvalidRequest, UnsupportedMedia

Headers = dict[bytes, bytes]


class ClientLeft(Exception):
    """The client closed the connection; there is nobody to answer."""


class BodyReader:
    """Reads the JSON body of one operation."""

    def __init__(self, spec: OperationSpec, bundle: Bundle, limit: int) -> None:
        self._schema = CompiledSchema(bundle.schema(spec.body_schema or {}))
        self._limit = limit

    def read(self, headers: Headers, data: bytes) -> Any:
        """The parsed and validated body. Raises a `GatewayError`."""
        _check_media_type(headers)
        if len(data) > self._limit:
            raise self._too_large()
        body = _parse(data)
        if not self._schema.is_valid(body):
            raise self._schema.refusal(body)
        return body

    async def decoded(self, headers: Headers, fields: Sequence[Header], data: bytes) -> bytes:
        """The body without the coding that its header fields name. Raises a `GatewayError`."""
        _check_media_type(headers)
        return await decoded(data, fields, self._limit)

    async def receive(self, headers: Headers, receive: Receive) -> bytes:
        """A body that is still to come. Raises a `GatewayError`, or `ClientLeft`."""
        _check_media_type(headers)
        # Refused by its declared length before a byte is read, and by what has come where it declares none.
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared[:20]) > self._limit:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            part = message.get("body", b"")
            size += len(part)
            if size > self._limit:
                raise self._too_large()
            parts.append(part)
            if not message.get("more_body", False):
                return part if len(parts) == 1 else b"".join(parts)

    def _too_large(self) -> BodyTooLarge:
        return BodyTooLarge(f"The request body is larger than the {self._limit} bytes that this gateway takes.")


def _check_media_type(headers: Headers) -> None:
    value = headers.get(b"content-type")
    if value is None or value == b"application/json":
        return
    essence, *parameters = (part.strip().lower() for part in value.split(b";"))
    charsets = [p.partition(b"=")[2].strip(b'" ') for p in parameters if p.startswith(b"charset")]
    if essence == b"application/json" and all(charset in (b"utf-8", b"utf8", b"us-ascii") for charset in charsets):
        return
    raise UnsupportedMedia("The body must be JSON in UTF-8, sent with `Content-Type: application/json`.")


def _parse(body: bytes) -> Any:
    if not body:
        raise InvalidRequest("The request has no body. Send a JSON object.", code="invalid_json")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}.", code="invalid_json") from None
