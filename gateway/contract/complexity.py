"""How much one request may consist of: values and nesting, counted before it is parsed, and lists, after that."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

from gateway.contract.json_bytes import SLICE_BYTES, JsonTally, is_deeper, slice_end
from gateway.errors import RequestTooComplex
from gateway.http import MANY

LARGE_BYTES = 1024 * 1024
"""Of texts, images and files; copying, checking and writing so many takes as long."""
_AT_ONCE_BYTES = 256 * 1024
_NODES_AT_ONCE = 5_000
_LISTS_OF_PARTS = ("content", "tool_calls", "output", "summary")
_FORMATS = ("response_format", "text")
_TOOLS = ("tools", "functions")


class RequestBounds(Protocol):
    """The settings of it."""

    @property
    def values(self) -> int: ...
    @property
    def nesting(self) -> int: ...
    @property
    def messages(self) -> int: ...
    @property
    def items(self) -> int: ...
    @property
    def parts(self) -> int: ...
    @property
    def tools(self) -> int: ...
    @property
    def properties(self) -> int: ...


class Complexity:
    """Holds bodies to the bounds. What so few bytes cannot exceed is not looked for."""

    def __init__(self, bounds: RequestBounds) -> None:
        self._bounds = bounds
        # A value takes two bytes, with the comma or the bracket behind it, and a level two brackets.
        self.uncounted_bytes = min(2 * bounds.values, _AT_ONCE_BYTES)
        """Up to this size, values need not be counted before a body is parsed."""
        self.shallow_bytes = 2 * bounds.nesting
        """Up to this size, a body cannot be nested too deeply."""
        self.unlisted_bytes = 2 * min(bounds.messages, bounds.items, bounds.parts, bounds.properties)
        """Up to this size, there cannot be too much in a body's lists, but for tools."""
        self.few = min(MANY, bounds.tools)
        """Up to so many brackets, there cannot be too many tools, nor anything that takes long to translate."""
        self.most_nesting = bounds.nesting

    async def count(self, data: bytes) -> None:
        """Count a body before it is parsed; others go on in between. Raises `RequestTooComplex`."""
        if await self._values(data, self._bounds.values) > self._bounds.values:
            raise _too_complex("values", self._bounds.values, "The body has more than {most} values")
        await asyncio.sleep(0)

    async def count_history(self, pieces: Sequence[bytes], param: str) -> None:
        """Count what a request continues, which is held to the same. Raises `RequestTooComplex`."""
        if sum(map(len, pieces)) <= self.uncounted_bytes:
            return
        left, since = self._bounds.values, 0
        for piece in pieces:
            left -= await self._values(piece, left)
            since += len(piece)
            if since >= SLICE_BYTES:
                # Not after each of ten thousand small ones.
                since = 0
                await asyncio.sleep(0)
            if left < 0:
                words = "What the request continues has more than {most} values"
                raise _too_complex("values", self._bounds.values, words, param)

    async def _values(self, data: bytes, most: int) -> int:
        """The number of values, or one that is larger than `most`. Raises `RequestTooComplex` for nesting."""
        tally, start = JsonTally(self._bounds.nesting), 0
        # What is broken is found by the parser, too, which says where.
        while start < len(data) and tally.values <= most and not tally.is_broken:
            end = slice_end(data, start)
            tally.add(data[start:end])
            if tally.is_too_deep and tally.values <= most:
                raise self._too_deep()
            start = end
            if start < len(data):
                await asyncio.sleep(0)
        return tally.values

    def require_shallow(self, data: bytes) -> None:
        """Look how deep a body is nested that is not large. Raises `RequestTooComplex`."""
        if is_deeper(data, self._bounds.nesting):
            raise self._too_deep()

    async def look_through(self, body: object, size: int) -> int:
        """The elements of a large body; others go on in between. Raises `RequestTooComplex`."""
        found = 0
        for elements in self.elements(body, size):
            found = elements
            await asyncio.sleep(0)
        return found

    def elements(self, body: object, size: int) -> Iterator[int]:
        """Count the fields, messages, items, parts, tools and properties in a body of so many bytes.

        Yields how many there are so far, at least once, each time after a few milliseconds; the body has not been
        validated. Raises `RequestTooComplex`.
        """
        if not isinstance(body, dict):
            yield 0
            return
        bounds = self._bounds
        messages, items = _listed(body, ("messages",)), _listed(body, ("input", "items"))
        _require("messages", len(messages), bounds.messages, "messages")
        _require("items", len(items), bounds.items, "input" if isinstance(body.get("input"), list) else "items")
        tools = [*_listed(body, _TOOLS), *(_tools_in(items) if size > 2 * bounds.tools else ())]
        tools += _tools_in(tools)
        _require("tools", len(tools), bounds.tools, "tools")
        found = len(body) + len(messages) + len(items) + len(tools)
        yield found
        if size > 2 * bounds.parts:
            parts = _parts_in(messages) + _parts_in(items)
            _require("parts", parts, bounds.parts, "messages" if messages else "input")
            found += parts
            yield found
        if size > 2 * bounds.properties:
            for properties in _properties_in([*tools, *(body[name] for name in _FORMATS if name in body)]):
                _require("properties", properties, bounds.properties, None)
                yield found + properties

    def _too_deep(self) -> RequestTooComplex:
        return _too_complex(
            "nesting", self._bounds.nesting, "The body is nested too deeply: it has more than {most} levels"
        )


def _require(name: str, number: int, most: int, param: str | None) -> None:
    if number > most:
        raise _too_complex(name, most, f"The request has more than {{most}} {name}", param)


def _too_complex(name: str, most: int, message: str, param: str | None = None) -> RequestTooComplex:
    words = f"{message.format(most=most)}, which is the most that this gateway takes (`bounds.request.{name}`)."
    return RequestTooComplex(words, param=param)


def _listed(body: dict[str, object], names: Iterable[str]) -> Sequence[object]:
    """What the lists of these names hold."""
    found: list[object] = []
    for name in names:
        if isinstance(entries := body.get(name), list):
            found = found + entries if found else entries
    return found


def _tools_in(entries: Iterable[object]) -> Sequence[object]:
    """The tools that namespaces and items bring along."""
    return [
        tool
        for entry in entries
        if isinstance(entry, dict) and isinstance(inner := entry.get("tools"), list)
        for tool in inner
    ]


def _parts_in(entries: Iterable[object]) -> int:
    parts = 0
    for entry in entries:
        if isinstance(entry, dict):
            for name in _LISTS_OF_PARTS:
                if isinstance(listed := entry.get(name), list):
                    parts += len(listed)
    return parts


def _properties_in(roots: Iterable[object]) -> Iterator[int]:
    """The entries of all `properties` so far, however deep: a property of that name is none of them."""
    properties = 0
    waiting = list(roots)
    seen = 0
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            named = node.get("properties")
            if isinstance(named, dict):
                properties += len(named)
                waiting += named.values()
                waiting += (value for name, value in node.items() if name != "properties")
            else:
                waiting += node.values()
        elif isinstance(node, list):
            waiting += node
        seen += 1
        if seen % _NODES_AT_ONCE == 0:
            yield properties
    yield properties
