"""The process that compiles a caller's JSON Schema and validates answers against it.

A program, run by `gateway.schemas.validator`; it imports nothing of ours. Its argument is a JSON object of bounds. On
standard input comes a request at a time: two lengths, a schema and, unless the second length is `NO_DOCUMENT`, the text
of a document; each is answered on standard output by a length and a JSON object:

    {"verdict": "usable"}                              the schema alone can be used
    {"verdict": "valid" | "invalid" | "not_json"}      what the document is
    {"verdict": "refused", "reason": …, "path": […]}   the schema cannot be used, and what of it

A request that takes more processor time than its bound ends the process: compiling and validating are native code that
nothing else can interrupt. So does one that takes too much memory.
"""

import json
import os
import resource
import signal
import struct
import sys
from collections import OrderedDict
from collections.abc import Iterable
from typing import Any, Literal

import jsonschema_rs
import orjson

REQUEST = struct.Struct(">II")
REPLY = struct.Struct(">I")
NO_DOCUMENT = 2**32 - 1

_MEMORY_BYTES = 2**30
# The second use of a schema comes when its answer has: it is compiled once if it is still here.
_KEPT_BYTES = 512 * 1024
_KEPT_SCHEMAS = 64

_Kind = Literal["schema", "schemas", "data"]
"""A schema or a list of them; schemas by names, which mean nothing; what is no schema at all."""
_DATA = frozenset({"const", "enum", "default", "examples"})
_SCHEMAS_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})

_Path = tuple[Any, ...]
# A node's place as a chain from the node upwards: (key, the place of what holds it).
_Place = tuple[Any, Any] | None


class _Refused(Exception):
    """The schema is over a bound, or is none."""

    def __init__(self, reason: str, path: _Path = ()) -> None:
        super().__init__(reason)
        self.reply = {"verdict": "refused", "reason": reason, "path": path}


def main() -> None:
    """Answer requests until standard input ends."""
    bounds = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    schemas = _Schemas(bounds)
    read, write = sys.stdin.buffer.read, sys.stdout.buffer.write
    while header := read(REQUEST.size):
        schema_length, document_length = REQUEST.unpack(header)
        schema = read(schema_length)
        document = None if document_length == NO_DOCUMENT else read(document_length)
        # The signal's default is to end the process, also in the middle of native code.
        signal.setitimer(signal.ITIMER_PROF, bounds["cpu_seconds"])
        reply = orjson.dumps(_answer(schemas, schema, document))
        signal.setitimer(signal.ITIMER_PROF, 0)
        write(REPLY.pack(len(reply)) + reply)
        sys.stdout.buffer.flush()


def _answer(schemas: "_Schemas", schema: bytes, document: bytes | None) -> dict[str, Any]:
    try:
        validator = schemas.compiled(schema)
    except _Refused as refused:
        return refused.reply
    except MemoryError:
        # As where native code runs out of it.
        os.kill(os.getpid(), signal.SIGKILL)
    if document is None:
        return {"verdict": "usable"}
    try:
        instance = orjson.loads(document)
    except orjson.JSONDecodeError:
        return {"verdict": "not_json"}
    try:
        return {"verdict": "valid" if validator.is_valid(instance) else "invalid"}
    except ValueError:
        # Nested more deeply than the validator follows.
        return {"verdict": "invalid"}


class _Schemas:
    """Compiles schemas within the bounds, and keeps the last ones."""

    def __init__(self, bounds: dict[str, Any]) -> None:
        self._bounds = bounds
        self._kept: OrderedDict[bytes, Any] = OrderedDict()

    def compiled(self, raw: bytes) -> Any:
        """A validator. Raises `_Refused`."""
        if raw in self._kept:
            self._kept.move_to_end(raw)
            return self._kept[raw]
        schema = orjson.loads(raw)
        patterns = jsonschema_rs.RegexOptions(size_limit=self._bounds["pattern_bytes"])
        for pattern, place in _patterns(schema, self._bounds):
            _require_pattern(pattern, place, patterns)
        try:
            self._kept[raw] = jsonschema_rs.validator_for(schema, retriever=_fetch_nothing, pattern_options=patterns)
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError, RecursionError):
            raise _Refused("invalid") from None
        while len(self._kept) > 1 and (len(self._kept) > _KEPT_SCHEMAS or sum(map(len, self._kept)) > _KEPT_BYTES):
            self._kept.popitem(last=False)
        return self._kept[raw]


def _patterns(schema: Any, bounds: dict[str, Any]) -> list[tuple[str, _Place]]:
    """The regular expressions in a schema, with their places. Raises `_Refused` for a schema over a bound."""
    found: list[tuple[str, _Place]] = []
    properties = 0
    waiting: list[tuple[Any, int, _Place, _Kind]] = [(schema, 1, None, "schema")]
    while waiting:
        node, depth, place, kind = waiting.pop()
        if depth > bounds["nesting"]:
            raise _Refused("nesting", _path(place))
        entries: Iterable[tuple[Any, Any]] = node.items() if isinstance(node, dict) else enumerate(node)
        if isinstance(node, dict) and kind == "schema":
            if isinstance(node.get("pattern"), str):
                found.append((node["pattern"], ("pattern", place)))
            if isinstance(node.get("patternProperties"), dict):
                found += [(key, (key, ("patternProperties", place))) for key in node["patternProperties"]]
            if isinstance(node.get("properties"), dict):
                properties += len(node["properties"])
        if len(found) > bounds["patterns"]:
            raise _Refused("patterns", _path(found[bounds["patterns"]][1]))
        if properties > bounds["properties"]:
            raise _Refused("properties", _path(("properties", place)))
        inside = [
            (inner, depth + 1, (key, place), _kind(kind, key, node))
            for key, inner in entries
            if isinstance(inner, dict | list)
        ]
        # In the document's order, so that the first place over a bound is the one that is named.
        waiting += reversed(inside)
    return found


def _kind(kind: _Kind, key: Any, node: Any) -> _Kind:
    """What stands at a key of a node of some kind."""
    if kind == "data" or (kind == "schema" and isinstance(node, dict) and key in _DATA):
        return "data"
    return "schemas" if kind == "schema" and isinstance(node, dict) and key in _SCHEMAS_BY_NAME else "schema"


def _require_pattern(pattern: str, place: _Place, options: jsonschema_rs.RegexOptions) -> None:
    try:
        jsonschema_rs.validator_for({"pattern": pattern}, pattern_options=options)
    except (jsonschema_rs.ValidationError, ValueError):
        raise _Refused("pattern", _path(place)) from None


def _path(place: _Place) -> _Path:
    keys: list[Any] = []
    while place is not None:
        keys.append(place[0])
        place = place[1]
    return tuple(reversed(keys))


def _fetch_nothing(uri: str) -> Any:
    # What a caller's schema refers to is never looked up.
    raise ValueError(f"not part of the schema: {uri}")


if __name__ == "__main__":
    main()
