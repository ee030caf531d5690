"""The flat names that the tools of a request have for upstreams without namespaces."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence

from gateway.neutral.tools import CustomTool, FunctionTool, NamedTool, Tool
from gateway.neutral.values import lazy

CallableTool = FunctionTool | CustomTool
_Identity = tuple[str | None, str]
_LONGEST = 64
_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
# Gemini's names begin with a letter or an underscore; such a one gets an underscore more there.
BAD_START = re.compile(r"_*[0-9-]")
_DIGEST = 8


class Toolbox:
    """The callable tools by their own names and by their flat ones.

    A tool of a namespace is called `namespace__name`. A name that upstreams do not allow, or that another tool has,
    gets a digest at its end; the same one in every request, so that a conversation keeps its names.
    """

    def __init__(self, tools: Iterable[Tool]) -> None:
        found = [tool for tool in tools if isinstance(tool, FunctionTool | CustomTool) and tool.name]
        # Names that stay as they are first: where two collide, it is the made-up one that gives way.
        self._names: dict[_Identity, str] = {}
        self._tools: dict[str, CallableTool] = {}
        self._is_complete = False
        """Whether all tools that are offered have their names."""
        for tool in sorted(found, key=_is_changed):
            name = self._names.setdefault((tool.namespace, tool.name), self.name_of(tool.namespace, tool.name))
            self._tools[name] = tool
        self._is_complete = True

    @lazy
    def _inner(self) -> dict[str, list[str]]:
        """The flat names of tools in namespaces, by their own names."""
        inner: dict[str, list[str]] = defaultdict(list)
        for (namespace, own), flat in self._names.items():
            if namespace is not None:
                inner[own].append(flat)
        return inner

    @lazy
    def _namespaces(self) -> dict[str | None, list[str]]:
        """The flat names of the tools in each namespace."""
        namespaces: dict[str | None, list[str]] = defaultdict(list)
        for (namespace, _), flat in self._names.items():
            namespaces[namespace].append(flat)
        return namespaces

    def __len__(self) -> int:
        return len(self._tools)

    def name_of(self, namespace: str | None, name: str) -> str:
        """The flat name of a tool, offered or not: the history may hold calls of tools that are gone."""
        known = self._names.get((namespace, name))
        if known is not None:
            return known
        if namespace is None and name in self._tools:
            return name
        joined = name if namespace is None else f"{namespace}__{name}"
        flat = _ILLEGAL.sub("_", joined)
        longest = _longest(flat)
        # Of two names that are gone and differ here alone, both would be the same one.
        is_clear = flat == joined or not self._is_complete
        if flat and len(flat) <= longest and is_clear and flat not in self._tools:
            return flat
        digest = hashlib.sha256(f"{namespace or ''}\0{name}".encode("utf-8", "replace")).hexdigest()
        found = [f"{flat[: longest - size - 1]}_{digest[:size]}" for size in range(_DIGEST, len(digest) // 2)]
        return next((name for name in found if name not in self._tools), found[0])

    def tool(self, flat_name: str) -> CallableTool | None:
        """The tool behind a name that a model called."""
        return self._tools.get(flat_name)

    def find(self, named: NamedTool) -> str | None:
        """The flat name of an offered tool that a tool choice names; None if there is none, or no single one."""
        known = self._names.get((named.namespace, named.name))
        if known is not None or named.namespace is not None:
            return known
        if named.name in self._tools:
            return named.name
        inner = self._inner.get(named.name, ())
        return inner[0] if len(inner) == 1 else None

    def within(self, namespace: str) -> Sequence[str]:
        """The flat names of all tools of a namespace."""
        return self._namespaces.get(namespace, ())


def _is_changed(tool: CallableTool) -> tuple[bool, bool]:
    """Whether a tool cannot have its own name: those in a namespace never do."""
    return tool.namespace is not None, bool(_ILLEGAL.search(tool.name)) or len(tool.name) > _longest(tool.name)


def _longest(name: str) -> int:
    """The most characters of a flat name, with what an upstream puts before it."""
    return _LONGEST - 1 if BAD_START.match(name) else _LONGEST


EMPTY_TOOLBOX = Toolbox(())
"""That of a request without tools, which may still have calls in its history."""
