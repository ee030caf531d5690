"""Gives every schema that the contract writes in place a name, so that each becomes a type.

The body and the replies of an operation are named after it, whether they are written in place or refer to a
component: a component keeps its own name, and the operation's name is an alias of it. An object inside another is
named after that one and the way to it; below an operation of the vendor's documents, whose ids have no dot, a
component that is used only there has such an alias, too. So the names that code imports stay as they are when the
vendor moves a schema into `components`, or back.
"""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from scripts.contract.bundle import lookup
from scripts.contract.merge import operations
from scripts.contract.sources import ContractError, Node
from scripts.contract.type_names import branch_words, element_words, pascal, reply_name, request_name, split

_SCHEMAS = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class Root:
    """Where an operation's body or reply stands: `holder["schema"]`."""

    name: str
    operation_id: str
    holder: Node


@dataclass(frozen=True, slots=True)
class Followed:
    """A type on the way from an operation to what it holds."""

    name: str
    also_components: bool
    taken: set[str] = field(default_factory=set)

    def inner(self, words: str) -> "Followed":
        """The type that stands at these words in it."""
        name = _first_free(self.name + words, self.taken)
        self.taken.add(name)
        return Followed(name, self.also_components, self.taken)


def named_schemas(document: Node) -> Node:
    """The schemas of every type of a document, by the type's name. The document is changed: hand in a copy.

    Raises `ContractError` where two different types would have one name.
    """
    naming = _Naming(document.get("components", {}).get("schemas", {}))
    roots = list(_roots(document))
    for root in roots:
        naming.add_root(root)
    naming.name_inner_objects()
    for root in roots:
        naming.add_inner_aliases(root)
    return naming.schemas


def _roots(document: Node) -> Iterator[Root]:
    for _, _, operation in operations(document):
        operation_id = operation["operationId"]
        for media_type, holder in media(document, operation.get("requestBody", {})):
            yield Root(request_name(operation, media_type), operation_id, holder)
        for status, response in operation.get("responses", {}).items():
            if status.startswith("2"):
                for media_type, holder in media(document, response):
                    yield Root(reply_name(operation, status, media_type), operation_id, holder)


def media(document: Node, body: Node) -> Iterator[tuple[str, Node]]:
    """Each media type of a body or a reply with what holds its schema; a reference to a shared one is followed."""
    if "$ref" in body:
        body = lookup(document, body["$ref"])
    for media_type, holder in body.get("content", {}).items():
        if "schema" in holder:
            yield media_type, holder


class _Naming:
    def __init__(self, components: Node) -> None:
        self.schemas = dict(components)
        self._components = frozenset(components)
        self._operations: dict[str, str] = {}
        self._uses: Counter[str] = Counter()

    def add_root(self, root: Root) -> None:
        """Give the schema that stands there the operation's name; of a component, make that an alias."""
        other = self._operations.setdefault(root.name, root.operation_id)
        if other != root.operation_id:
            raise ContractError(f"the operations {other} and {root.operation_id} would both have a type {root.name}")
        schema = root.holder["schema"]
        target = _target(schema)
        if target == root.name:
            self._uses[target] += 1
            return
        if root.name in self.schemas:
            raise ContractError(f"components/schemas/{root.name} is named like a type of {root.operation_id}")
        self.schemas[root.name] = schema
        root.holder["schema"] = _reference(root.name)

    def name_inner_objects(self) -> None:
        """Make a type of each object inside another."""
        for name in list(self.schemas):
            self._name_inside(self.schemas[name], name, [])
        self._uses.update(_references(self.schemas))

    def add_inner_aliases(self, root: Root) -> None:
        """The names that the inner types of an operation's component would have if it stood in place."""
        component = _target(self.schemas[root.name]) or root.name
        also_components = "." not in root.operation_id and self._uses[component] <= 1
        followed = Followed(root.name, also_components)
        for name, target in list(self._inner_names(self.schemas[component], [], followed)):
            self.schemas.setdefault(name, _reference(target))

    def _name_inside(self, schema: Node, name: str, words: Sequence[str]) -> None:
        for child, child_words, may_be_type in self._children(schema, words):
            if may_be_type and child.get("properties"):
                inner = _first_free(name + pascal(child_words), self.schemas)
                self.schemas[inner] = moved = _moved_apart(child, inner)
                self._name_inside(moved, inner, [])
            else:
                self._name_inside(child, name, child_words)

    def _inner_names(self, schema: Node, words: Sequence[str], followed: Followed) -> Iterator[tuple[str, str]]:
        """In the order in which they would be given; a component that is no object has no name in place."""
        for child, child_words, may_be_type in self._children(schema, words):
            target = _target(child)
            if target is None:
                yield from self._inner_names(child, child_words, followed)
            elif self._uses[target] == 1 and (followed.also_components or target not in self._components):
                component = self.schemas[target]
                if may_be_type and component.get("properties"):
                    inner = followed.inner(pascal(child_words))
                    yield inner.name, target
                    yield from self._inner_names(component, [], inner)
                else:
                    yield from self._inner_names(component, child_words, followed)

    def _children(self, schema: Node, words: Sequence[str]) -> Iterator[tuple[Node, Sequence[str], bool]]:
        """The schemas in a schema, the words for each, and whether one that is an object becomes a type of its own."""
        for name, child in schema.get("properties", {}).items():
            yield child, [*words, *split(name)], True
        for key, element in (("items", "item"), ("additionalProperties", "value")):
            # `true` and `false` are schemas as well, with nothing in them.
            if isinstance(schema.get(key), dict):
                yield schema[key], element_words(words, element), True
        for child in schema.get("prefixItems", []):
            yield child, element_words(words, "item"), True
        branches = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
        is_choice = len([branch for branch in branches if branch != {"type": "null"}]) > 1
        for child in branches:
            named = self.schemas.get(_target(child) or "", child)
            yield child, branch_words(words, named) if is_choice else [*words], True
        for part in schema.get("allOf", []):
            yield part, words, False


def _first_free(name: str, taken: Container[str]) -> str:
    """The name, or if another type has it, that of a variant."""
    candidates = (name, *(f"{name}Variant{letter}" for letter in "BCDEFGHIJKLMNOPQRSTUVWXYZ"))
    free = next((candidate for candidate in candidates if candidate not in taken), None)
    if free is None:
        raise ContractError(f"more than {len(candidates)} objects in place would be named {name}")
    return free


def _moved_apart(schema: Node, name: str) -> Node:
    """The object, for a type of its own; a reference to that takes its place."""
    moved = dict(schema)
    is_nullable = isinstance(moved.get("type"), list) and "null" in moved["type"]
    schema.clear()
    if is_nullable:
        moved["type"] = "object"
        schema["anyOf"] = [_reference(name), {"type": "null"}]
    else:
        schema.update(_reference(name))
    return moved


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        target = _target(node)
        yield from (target,) if target is not None else chain.from_iterable(map(_references, node.values()))
    elif isinstance(node, list):
        yield from chain.from_iterable(map(_references, node))


def _target(schema: Node) -> str | None:
    reference = schema.get("$ref")
    return reference.removeprefix(_SCHEMAS) if isinstance(reference, str) else None


def _reference(name: str) -> Node:
    return {"$ref": _SCHEMAS + name}
