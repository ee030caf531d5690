"""The rules that the bundled contract keeps. Each rule yields a sentence per offence."""

import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

from gateway.contract.naming import handler_of
from scripts.contract.bundle import lookup
from scripts.contract.merge import operations
from scripts.contract.sources import Node

Rule = Callable[[Node], Iterator[str]]

_PASCAL = re.compile(r"([A-Z][a-z0-9]*)+")


def offences(document: Node) -> list[str]:
    """A sentence for every offence against every rule.

    The other rules follow references, so they are not asked where one leads nowhere.
    """
    dangling = list(references_resolve(document))
    return dangling or [offence for rule in RULES for offence in rule(document)]


def references_resolve(document: Node) -> Iterator[str]:
    """Every reference stays in the document and leads somewhere."""
    for reference in _references(document):
        if not reference.startswith("#/") or lookup(document, reference) is None:
            yield f"{reference} leads nowhere"


def operations_have_handlers(document: Node) -> Iterator[str]:
    """Every operation has an id of its own, from which its handler's name follows."""
    seen: dict[tuple[str, str], str] = {}
    for path, method, operation in operations(document):
        where = f"{method.upper()} {path}"
        if "operationId" not in operation:
            yield f"{where} has no operationId"
            continue
        try:
            handler = handler_of(operation["operationId"], operation.get("tags", []))
        except ValueError as error:
            yield f"{where}: {error}"
            continue
        if handler in seen:
            yield f"{where} has the same handler as {seen[handler]}: {'.'.join(handler)}"
        seen[handler] = where


def operations_are_described(document: Node) -> Iterator[str]:
    """Every operation has a tag that the document declares, a summary and a description."""
    declared = {tag["name"] for tag in document.get("tags", [])}
    for path, method, operation in operations(document):
        where = f"{method.upper()} {path}"
        tags = operation.get("tags", [])
        if not tags:
            yield f"{where} has no tag"
        for tag in tags:
            if tag not in declared:
                yield f"{where} has the tag {tag!r}, which the document does not declare"
        for field in ("summary", "description"):
            if not operation.get(field):
                yield f"{where} has no {field}"


def operations_are_secured(document: Node) -> Iterator[str]:
    """Every operation says which keys it takes, of those that the document has, or that it takes none."""
    schemes = document.get("components", {}).get("securitySchemes", {})
    for path, method, operation in operations(document):
        where = f"{method.upper()} {path}"
        if "security" not in operation and "security" not in document:
            yield f"{where} does not say which keys it takes"
        for scheme in sorted(_demanded(document, operation) - set(schemes)):
            yield f"{where} takes {scheme!r}, which is no security scheme of the document"


def errors_are_shared(document: Node) -> Iterator[str]:
    """Every operation has the errors that can befall it, each by reference to a shared response."""
    for path, method, operation in operations(document):
        where = f"{method.upper()} {path}"
        responses = operation.get("responses", {})
        expected = {"200", "500"}
        if _demanded(document, operation):
            expected.add("401")
        if "requestBody" in operation:
            expected |= {"400", "413", "415", "503"}
        for status in sorted(expected - set(responses)):
            yield f"{where} does not list {status}"
        for status, response in responses.items():
            if not status.startswith("2") and not response.get("$ref", "").startswith("#/components/responses/"):
                yield f"{where}: its {status} is not a shared response"


def errors_have_one_envelope(document: Node) -> Iterator[str]:
    """Every shared response is the one error envelope, as JSON."""
    envelope = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}
    for name, response in document.get("components", {}).get("responses", {}).items():
        if response.get("content") != envelope:
            yield f"components/responses/{name} is not the error envelope"


def discriminators_are_mapped(document: Node) -> Iterator[str]:
    """Every discriminator maps each branch of its union, and each branch has the tag as a `const`."""
    for node in _nodes(document):
        discriminator = node.get("discriminator")
        if not isinstance(discriminator, dict):
            continue
        field = discriminator.get("propertyName")
        union: list[Node] = node.get("anyOf") or node.get("oneOf") or []
        mapping = discriminator.get("mapping", {})
        if not union or {branch.get("$ref") for branch in union} != set(mapping.values()):
            first = union[0].get("$ref", "a schema in place") if union else "nothing"
            yield f"the discriminator {field!r} of a union of {first} and others does not map each branch"
        for tag, reference in mapping.items():
            if lookup(document, f"{reference}/properties/{field}/const") != tag:
                yield f"{reference} is mapped from {tag!r}, which is not the const of its {field!r}"


def components_are_named(document: Node) -> Iterator[str]:
    """Component names begin each word with a capital; security schemes keep the documents' camel case."""
    for kind, components in document.get("components", {}).items():
        for name in components:
            if kind != "securitySchemes" and not _PASCAL.fullmatch(name):
                yield f"components/{kind}/{name} is not in PascalCase"


def components_are_used(document: Node) -> Iterator[str]:
    """Every component can be reached from an operation."""
    used: set[str] = set()
    waiting = set(_references(document.get("paths", {})))
    while waiting:
        used |= waiting
        found = (_references(lookup(document, reference)) for reference in waiting)
        waiting = set(chain.from_iterable(found)) - used
    for _, _, operation in operations(document):
        used |= {f"#/components/securitySchemes/{scheme}" for scheme in _demanded(document, operation)}
    for kind, components in document.get("components", {}).items():
        for name in components:
            if f"#/components/{kind}/{name}" not in used:
                yield f"components/{kind}/{name} is not used"


RULES: tuple[Rule, ...] = (
    operations_have_handlers,
    operations_are_described,
    operations_are_secured,
    errors_are_shared,
    errors_have_one_envelope,
    discriminators_are_mapped,
    components_are_named,
    components_are_used,
)


def _demanded(document: Node, operation: Node) -> set[str]:
    requirements = operation.get("security", document.get("security")) or []
    return {scheme for requirement in requirements for scheme in requirement}


def _nodes(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from _nodes(value)
    elif isinstance(node, list):
        for item in node:
            yield from _nodes(item)


def _references(node: Any) -> Iterator[str]:
    for child in _nodes(node):
        if isinstance(child.get("$ref"), str):
            yield child["$ref"]
        discriminator = child.get("discriminator")
        if isinstance(discriminator, dict):
            yield from discriminator.get("mapping", {}).values()
