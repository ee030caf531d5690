"""Reads and validates the parameters that an operation declares in the query, and those in headers."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from gateway.contract.bundle import Bundle, OperationSpec
from gateway.contract.validation import CompiledSchema
from gateway.errors import Header, InvalidRequest

ReadQuery = Callable[[bytes], dict[str, Any]]
RequireHeader = Callable[[Sequence[Header]], None]
_WORDS = {"true": True, "false": False}
# As JSON writes them, and no longer than any count: Python's own readers take underscores, blanks, infinities and
# the digits of other scripts.
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")


def compile_query(spec: OperationSpec, bundle: Bundle) -> ReadQuery | None:
    """A function from a raw query string to typed values, or None where the operation declares none.

    It raises `InvalidRequest` naming the parameter. Undeclared parameters are passed over. An array is a repeated
    parameter; `name[]=` is read as `name=`, as OpenAI's clients write it.
    """
    declared = {p["name"]: bundle.resolve(p.get("schema", {})) for p in spec.parameters if p["in"] == "query"}
    if not declared:
        return None
    required = [p["name"] for p in spec.parameters if p["in"] == "query" and p.get("required")]
    schema = {"type": "object", "properties": declared, "required": required}
    compiled = CompiledSchema(bundle.schema(schema))
    types = {name: _types(schema) for name, schema in declared.items()}

    def read(query: bytes) -> dict[str, Any]:
        given: dict[str, list[str]] = {}
        for name, value in parse_qsl(query.decode("utf-8", "replace"), keep_blank_values=True):
            name = name if name in declared else name.removesuffix("[]")
            if name in declared:
                given.setdefault(name, []).append(value)
        values = {name: _typed(texts, types[name]) for name, texts in given.items()}
        compiled.require(values)
        return values

    return read


def compile_headers(spec: OperationSpec, bundle: Bundle) -> Mapping[bytes, RequireHeader]:
    """A check for each header that an operation declares, by the header's name in lower case.

    It takes the header fields of a request that has this one, names in lower case, and raises `InvalidRequest` naming
    it; also where two fields of it differ: proxies and servers choose differently.
    """
    declared = [parameter for parameter in spec.parameters if parameter["in"] == "header"]
    schemas = {parameter["name"]: bundle.resolve(parameter.get("schema", {})) for parameter in declared}
    return {
        _field(name): _header_check(
            name, CompiledSchema(bundle.schema({"type": "object", "properties": {name: schema}}))
        )
        for name, schema in schemas.items()
    }


def _field(name: str) -> bytes:
    return name.lower().encode("latin-1")


def _header_check(name: str, compiled: CompiledSchema) -> RequireHeader:
    field = _field(name)

    def require(fields: Sequence[Header]) -> None:
        value, *others = {value for field_name, value in fields if field_name == field}
        if others:
            message = f"The header {name} was sent twice, with different values."
            raise InvalidRequest(message, param=name, code="invalid_value")
        compiled.require({name: value.decode("latin-1")})

    return require


def _types(schema: dict[str, Any]) -> Sequence[str]:
    kinds = schema.get("type", "string")
    return [kinds] if isinstance(kinds, str) else list(kinds)


def _typed(texts: list[str], types: Sequence[str]) -> Any:
    """The values as their schema's types. What cannot be read as one stays text, for the schema to refuse."""
    if "array" in types:
        return texts
    text = texts[-1]
    if "boolean" in types and text in _WORDS:
        return _WORDS[text]
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    return text
