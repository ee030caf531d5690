"""Asks the schema process whether a caller's schema can be used, and whether an answer is valid against it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from gateway.companion.process import Companion, Program, TooCostly
from gateway.contract.wording import param
from gateway.errors import InvalidRequest, UpstreamDown
from gateway.schemas.process import NO_DOCUMENT, REQUEST
from gateway.settings.bounds import SchemaBounds

_PROGRAM = Path(__file__).with_name("process.py")


class SchemaValidator:
    """One process for all requests of a worker, started when it is first needed."""

    def __init__(self, bounds: SchemaBounds) -> None:
        self.bounds = bounds
        self.companion = Companion(
            Program(
                "schema",
                _PROGRAM,
                (json.dumps(bounds.model_dump()),),
                overrun="Too many answers are waiting to be validated against their schemas. Try again later.",
                unavailable="Answers cannot be validated against schemas now. Try again later.",
            )
        )

    async def ask(self, key_id: str, schema: bytes, document: str | None = None) -> dict[str, Any]:
        """What the process answers (`gateway.schemas.process`).

        Raises `TooCostly`, or `Unavailable` when it is overrun or cannot be run.
        """
        text = b"" if document is None else document.encode("utf-8", "replace")
        header = REQUEST.pack(len(schema), NO_DOCUMENT if document is None else len(text))
        reply: dict[str, Any] = orjson.loads(await self.companion.ask(key_id, (header, schema, text)))
        return reply

    async def close(self) -> None:
        """End the process, and whatever it is doing."""
        await self.companion.close()


class AnswerSchema:
    """The schema that one request's answer must be valid against; `place` is where it stands in that request."""

    def __init__(
        self, validator: SchemaValidator, key_id: str, schema: Mapping[str, Any], place: Sequence[str]
    ) -> None:
        self._validator = validator
        self._key_id = key_id
        self._schema = schema
        self._place = place
        self._written = b""

    async def require_usable(self) -> None:
        """Raise `InvalidRequest` for a schema that is none or is over a bound, with the bound and the place."""
        bounds = self._validator.bounds
        try:
            self._written = orjson.dumps(self._schema)
        except TypeError:
            raise self._refusal("nesting", ()) from None
        if len(self._written) > bounds.bytes:
            raise self._refusal("bytes", ())
        try:
            reply = await self._validator.ask(self._key_id, self._written)
        except TooCostly:
            raise self._refusal("cpu_seconds", ()) from None
        if reply["verdict"] != "usable":
            raise self._refusal(reply["reason"], reply["path"])

    async def require(self, text: str, provider: str) -> None:
        """Raise `UpstreamDown` for an answer that is not valid against the schema."""
        try:
            verdict = (await self._validator.ask(self._key_id, self._written, text))["verdict"]
        except TooCostly:
            verdict = "costly"
        if verdict != "valid":
            raise UpstreamDown(f"{provider} {_FAULTS[verdict]}.", code="upstream_bad_reply")

    def _refusal(self, reason: str, path: Sequence[Any]) -> InvalidRequest:
        place = param((*self._place, *path))
        message = f"{_REASONS[reason].format(**self._validator.bounds.model_dump())}; see {place}."
        return InvalidRequest(message, param=place, code="invalid_json_schema")


_HOLDS = "The gateway itself holds this model's answer to the schema, and takes schemas of at most"
_REASONS = {
    "bytes": f"{_HOLDS} {{bytes}} bytes",
    "nesting": f"{_HOLDS} {{nesting}} levels of nesting",
    "patterns": f"{_HOLDS} {{patterns}} patterns",
    "properties": f"{_HOLDS} {{properties}} properties",
    "pattern": "The pattern is no regular expression without look-around and back-references that takes at most "
    "{pattern_bytes} bytes when compiled",
    "cpu_seconds": f"{_HOLDS} {{cpu_seconds}} s of processor time to compile, and of 1 GiB of memory",
    "invalid": "The schema of the response format is no JSON Schema that an answer can be validated against",
}
_FAULTS = {
    "not_json": "answered with something that is not JSON, though the response format asks for it",
    "invalid": "answered with JSON that is not of the form that the response format asks for",
    "costly": "answered with JSON that takes too long to validate against the schema of the response format",
}
