"""The contract as the server reads it: one bundle, and what each of its operations says."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import orjson

BUNDLE = Path(__file__).parents[2] / "generated" / "openapi.json"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """One operation, references resolved where the server looks at them."""

    id: str
    path: str
    method: str
    tags: Sequence[str]
    parameters: Sequence[dict[str, Any]]
    security: Sequence[Sequence[str]]
    """Alternatives; each the names of security schemes. Empty: open to everybody."""
    body_schema: dict[str, Any] | None


class Bundle:
    """The OpenAPI 3.1 document that runs the server."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.document: dict[str, Any] = orjson.loads(raw)

    @classmethod
    def load(cls, path: Path = BUNDLE) -> "Bundle":
        """Read what `scripts/generate` wrote."""
        return cls(path.read_bytes())

    @cached_property
    def operations(self) -> dict[str, OperationSpec]:
        """Every operation by its operationId."""
        return {spec.id: spec for spec in self._operations()}

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a local `$ref`."""
        return follow(node, self.document)

    def schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A schema that can be compiled on its own: with the components that it refers to, and no others.

        Every compiled schema keeps what it was made of in memory; with all components that is a megabyte each.
        """
        schemas = self.document.get("components", {}).get("schemas", {})
        reached: dict[str, Any] = {}
        waiting = list(_references(schema))
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached[name] = schemas[name]
                waiting += _references(schemas[name])
        return {**schema, "components": {"schemas": reached}}

    def allowed_methods(self, path: str) -> list[str]:
        """The methods that the contract has for a path template."""
        item = self.document["paths"].get(path, {})
        allowed = [method.upper() for method in METHODS if method in item]
        # Routing answers HEAD wherever it answers GET.
        return [*allowed, "HEAD"] if "GET" in allowed else allowed

    def routing_view(self) -> dict[str, Any]:
        """The document as connexion reads it: 3.0, with paths, ids and path parameters, and nothing to validate.

        connexion 3.3 refuses 3.1 documents; everything but routing is compiled from the bundle itself.
        """
        paths: dict[str, dict[str, Any]] = {}
        for spec in self.operations.values():
            parameters = [_routed(parameter) for parameter in spec.parameters if parameter["in"] == "path"]
            paths.setdefault(spec.path, {})[spec.method] = {
                "operationId": spec.id,
                "parameters": parameters,
                "responses": {"default": {"description": "As the contract says."}},
            }
        return {"openapi": "3.0.3", "info": {"title": "Waystone", "version": "0"}, "paths": paths}

    def _operations(self) -> Iterator[OperationSpec]:
        for path, item in self.document["paths"].items():
            shared = item.get("parameters", [])
            for method in METHODS:
                if method in item:
                    yield self._operation(path, method, item[method], shared)

    def _operation(self, path: str, method: str, node: dict[str, Any], shared: list[dict[str, Any]]) -> OperationSpec:
        security = node.get("security", self.document.get("security", []))
        body = self.resolve(node["requestBody"]) if "requestBody" in node else {}
        return OperationSpec(
            id=node["operationId"],
            path=path,
            method=method,
            tags=node.get("tags", []),
            parameters=[self.resolve(parameter) for parameter in [*shared, *node.get("parameters", [])]],
            security=[list(alternative) for alternative in security],
            body_schema=body.get("content", {}).get("application/json", {}).get("schema"),
        )


def follow(node: dict[str, Any], document: dict[str, Any]) -> dict[str, Any]:
    """What a node's local `$ref` leads to in a document, or the node itself where it has none."""
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def _references(node: Any) -> Iterator[str]:
    """The names of the component schemas that a part of the document refers to."""
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield reference.removeprefix("#/components/schemas/")
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def _routed(parameter: dict[str, Any]) -> dict[str, Any]:
    schema = parameter.get("schema", {})
    kept = {name: schema[name] for name in ("type", "format") if name in schema}
    return {"name": parameter["name"], "in": "path", "required": True, "schema": kept or {"type": "string"}}
