"""The tools of one request, and the names they go by in chat."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.events import CallKind
from gateway.generation import Generation

Identity = tuple[str | None, str]
_LONGEST = 64
_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(slots=True)
class Offer:
    """One tool that the client offers: where it stands, what it is, and the namespace around it."""

    path: str
    tool: Any
    namespace: str | None = None
    kind: CallKind | None = field(init=False, default=None)
    """How it is called; None for a tool that is not the client's to run."""
    definition: dict[str, Any] = field(init=False, default_factory=dict)
    """The object that holds its name: nested, as chat has it, or the tool itself."""
    name: str = field(init=False, default="")
    """Its name within its namespace."""

    def __post_init__(self) -> None:
        kind = self.tool.get("type") if isinstance(self.tool, dict) else None
        if kind != "function" and kind != "custom":
            return
        self.kind = kind
        nested = self.tool.get(kind)
        self.definition = nested if isinstance(nested, dict) else self.tool
        name = self.definition.get("name")
        self.name = name if isinstance(name, str) else ""

    @property
    def is_nested(self) -> bool:
        """Whether it is in chat's own form already."""
        return self.definition is not self.tool

    @property
    def identity(self) -> Identity:
        return self.namespace, self.name


def offers(generation: Generation, report: Report | None = None) -> list[Offer]:
    """Every tool that the request offers, those of a namespace one by one, also those that items add."""
    found: list[Offer] = []
    for number, tool in enumerate(generation.tools):
        if isinstance(tool, dict) and tool.get("type") == "function":
            found.append(Offer(f"tools[{number}]", tool))
        else:
            found += _unfolded(f"tools[{number}]", tool)
    for number, item in enumerate(generation.items):
        if item.get("type") != "additional_tools":
            continue
        added = item.get("tools")
        for position, tool in enumerate(added if isinstance(added, list) else ()):
            found += _unfolded(report.item(number, f".tools[{position}]") if report else "", tool)
    return found


def _unfolded(path: str, tool: Any) -> Iterator[Offer]:
    match tool:
        case {"type": "namespace", "name": str() as name, "tools": list() as tools}:
            for position, inner in enumerate(tools):
                yield Offer(f"{path}.tools[{position}]", inner, name)
        case _:
            yield Offer(path, tool)


class Toolbox:
    """The callable tools by their own names and by those in chat, which knows no namespaces.

    A tool of a namespace is called `namespace__name`. A name that chat does not allow, or that another tool has, gets
    a digest at its end; the same one in every request, so that a conversation keeps its names.
    """

    def __init__(self, offered: Sequence[Offer]) -> None:
        found = [offer for offer in offered if offer.kind and offer.name]
        # Plain names first: where two collide, it is the made-up one that gives way.
        self._names: dict[Identity, str] = {}
        self._offers: dict[str, Offer] = {}
        for offer in sorted(found, key=lambda offer: offer.namespace is not None):
            name = self._names.setdefault(offer.identity, self.name_of(*offer.identity))
            self._offers[name] = offer

    @cached_property
    def _inner(self) -> dict[str, list[str]]:
        """The chat names of tools in namespaces, by their own names."""
        inner: dict[str, list[str]] = defaultdict(list)
        for (space, own), chat in self._names.items():
            if space is not None:
                inner[own].append(chat)
        return inner

    @cached_property
    def _spaces(self) -> dict[str | None, list[str]]:
        """The chat names of the tools in each namespace."""
        spaces: dict[str | None, list[str]] = defaultdict(list)
        for (space, _), chat in self._names.items():
            spaces[space].append(chat)
        return spaces

    def __len__(self) -> int:
        return len(self._offers)

    def name_of(self, namespace: str | None, name: str) -> str:
        """The chat name of a tool, offered or not: history may hold calls of tools that are gone."""
        known = self._names.get((namespace, name))
        if known is not None:
            return known
        if namespace is None and name in self._offers:
            return name
        flat = _ILLEGAL.sub("_", name if namespace is None else f"{namespace}__{name}")
        if flat and len(flat) <= _LONGEST and flat not in self._offers:
            return flat
        digest = hashlib.sha256(f"{namespace or ''}\0{name}".encode("utf-8", "replace")).hexdigest()[:8]
        return f"{flat[: _LONGEST - 9]}_{digest}"

    def offered(self, chat_name: str) -> Offer | None:
        """The tool behind a name that a model called."""
        return self._offers.get(chat_name)

    def find(self, name: str, namespace: str | None = None) -> str | None:
        """The chat name of an offered tool that a tool choice speaks of; None if there is none, or no single one."""
        known = self._names.get((namespace, name))
        if known is not None or namespace is not None:
            return known
        if name in self._offers:
            return name
        inner = self._inner.get(name, ())
        return inner[0] if len(inner) == 1 else None

    def within(self, namespace: str) -> Sequence[str]:
        """The chat names of all tools of a namespace."""
        return self._spaces.get(namespace, ())
