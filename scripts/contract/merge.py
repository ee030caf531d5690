"""Puts parts of a contract together."""

from collections.abc import Iterable, Iterator
from typing import Any

from scripts.contract.sources import ContractError, Node

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def operations(document: Node) -> Iterator[tuple[str, str, Node]]:
    """Path, method and operation of everything that the document can do."""
    for path, item in document.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method]


def merge(documents: Iterable[Node]) -> Node:
    """One document with the paths and components of all.

    What the documents say at their top (version, info, servers) is taken from the first; their security is
    written into their operations, so that it means the same among others'.
    """
    merged: Node = {}
    for document in documents:
        top = {key: value for key, value in document.items() if key not in ("paths", "components", "security")}
        merged = {**top, **merged}
        _add(merged.setdefault("paths", {}), _secured(document), "paths")
        for kind, components in document.get("components", {}).items():
            _add(merged.setdefault("components", {}).setdefault(kind, {}), components, f"components/{kind}")
    return merged


def _add(target: Node, addition: Node, where: str) -> None:
    for name, value in addition.items():
        if target.setdefault(name, value) != value:
            raise ContractError(f"{where}/{name} is defined twice, and differently")


def _secured(document: Node) -> Node:
    paths: Node = {path: dict(item) for path, item in document.get("paths", {}).items()}
    default: Any = document.get("security")
    if default is None:
        return paths
    for path, method, operation in list(operations({"paths": paths})):
        paths[path][method] = {**operation, "security": operation.get("security", default)}
    return paths
