"""Reads a request's body: media type, size, what it consists of, JSON, schema, in that order."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.types import Receive

from gateway.contract.bundle import Bundle, OperationSpec
from gateway.contract.coding import CODING, decoded, too_large
from gateway.contract.complexity import LARGE_BYTES, Complexity
from gateway.contract.in_flight import InFlight
from gateway.contract.sending import Presence
from gateway.contract.validation import CompiledSchema
from gateway.errors import InvalidRequest, UnsupportedMedia
from gateway.http import MANY

Headers = dict[bytes, bytes]


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """What bodies are held to: the size of one, what one consists of, and the size of all that are held."""

    most_bytes: int
    complexity: Complexity
    in_flight: InFlight
    turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held by whoever reads a large body: the loop would take the steps of several ones after another in one go."""


class ClientLeft(Exception):
    """The client closed the connection; there is nobody to answer."""


class BodyReader:
    """Reads the JSON body of one operation."""

    def __init__(self, spec: OperationSpec, bundle: Bundle, limits: BodyLimits) -> None:
        self._schema = CompiledSchema(bundle.schema(spec.body_schema or {}))
        self._limit = limits.most_bytes
        self._complexity = limits.complexity
        self._in_flight = limits.in_flight
        self._turns = limits.turns
        self.at_once_bytes = limits.complexity.uncounted_bytes
        """Up to this size, `read` has a body; `read_large` has those over it."""

    def read(self, headers: Headers, data: bytes) -> tuple[object, bool]:
        """The parsed and validated body, and whether it is one that takes long. Raises a `GatewayError`."""
        _check_media_type(headers)
        size = len(data)
        if size > self._limit:
            raise too_large(self._limit)
        complexity = self._complexity
        # What lists hold is nearly all in brackets of its own: where there are few, nothing is to be counted.
        is_simple = size <= complexity.unlisted_bytes
        if size > complexity.shallow_bytes:
            brackets = data.count(b"{") + data.count(b"[")
            is_simple = is_simple and brackets <= complexity.few
            if brackets > complexity.most_nesting:
                complexity.require_shallow(data)
        body = _parse(data)
        elements = 0
        if not is_simple:
            *_, elements = complexity.elements(body, size)
        if not self._schema.is_valid(body):
            raise self._schema.refusal(body)
        return body, elements > MANY

    async def read_large(self, headers: Headers, data: bytes) -> tuple[object, bool]:
        """The same for a large body: others go on between one step and the next, and large ones take turns."""
        _check_media_type(headers)
        if len(data) > self._limit:
            raise too_large(self._limit)
        async with self._turns:
            await self._complexity.count(data)
            body = _parse(data)
            await asyncio.sleep(0)
            elements = await self._complexity.look_through(body, len(data))
            is_valid = self._schema.is_valid(body)
            await asyncio.sleep(0)
            if not is_valid:
                raise self._schema.refusal(body)
        return body, elements > MANY or len(data) > LARGE_BYTES

    async def decoded(self, headers: Headers, data: bytes, presence: Presence) -> bytes:
        """The body without the coding that its header names; what it has grown by counts as in flight, too.

        Raises a `GatewayError`.
        """
        _check_media_type(headers)
        async with self._turns:
            data = await decoded(data, headers[CODING], self._limit)
            self._hold(len(data) - presence.body_bytes, presence)
        return data

    async def receive(self, headers: Headers, receive: Receive, presence: Presence) -> bytes:
        """A body that is still to come. Raises a `GatewayError`, or `ClientLeft`.

        Its bytes count as in flight as they come, and `presence` has their number, even where not all of them come.
        """
        _check_media_type(headers)
        # Refused by its declared length before a byte is read, and by what has come where it declares none.
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and (length := int(declared[:20])):
            if length > self._limit:
                raise too_large(self._limit)
            self._in_flight.require(length)
        parts: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            part = message.get("body", b"")
            self._hold(len(part), presence)
            size += len(part)
            if size > self._limit:
                raise too_large(self._limit)
            parts.append(part)
            if not message.get("more_body", False):
                return part if len(parts) == 1 else b"".join(parts)

    def _hold(self, size: int, presence: Presence) -> None:
        """Count so many bytes more as in flight. Raises `Overloaded`."""
        self._in_flight.require(size)
        self._in_flight.held += size
        presence.body_bytes += size


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
