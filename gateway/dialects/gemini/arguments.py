"""Puts the arguments of a call together that come value by value, each under its JSONPath."""

import re
from typing import Any

Step = str | int

_STEP = re.compile(
    r"\.([^.\[\]]+)|\[(\d{1,5})\]|\[\s*'((?:[^'\\]|\\.)*)'\s*\]|\[\s*\"((?:[^\"\\]|\\.)*)\"\s*\]", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_VALUES = ("stringValue", "numberValue", "boolValue", "nullValue")
_LONGEST = 10_000
_DEEPEST = 100


class Arguments:
    """The arguments of one call while they come (shared facts on providers, section 5; recording `vertex/024`)."""

    def __init__(self, given: Any = None) -> None:
        self.document: dict[str, Any] = dict(given) if isinstance(given, dict) else {}
        self._texts: dict[tuple[Step, ...], list[str]] = {}

    def take(self, pieces: Any) -> None:
        """Add some values. A text goes on under the same path. What makes no sense is passed over."""
        for piece in pieces if isinstance(pieces, list) else ():
            steps = _steps(piece.get("jsonPath")) if isinstance(piece, dict) else None
            name = next((name for name in _VALUES if steps and name in piece), None)
            if steps is None or name is None:
                continue
            value = None if name == "nullValue" else piece[name]
            texts = self._texts.setdefault(steps, [])
            if not (texts and isinstance(value, str)):
                _put(self.document, steps, value)
            if isinstance(value, str):
                texts.append(value)

    def end(self) -> dict[str, Any]:
        """The whole arguments."""
        for steps, texts in self._texts.items():
            if len(texts) > 1:
                _put(self.document, steps, "".join(texts))
        return self.document


def _steps(path: Any) -> tuple[Step, ...] | None:
    """The steps of a path below `$`; None for what is no such path."""
    if not isinstance(path, str) or not path.startswith("$"):
        return None
    steps: list[Step] = []
    place = 1
    while place < len(path):
        match = _STEP.match(path, place)
        if match is None or len(steps) >= _DEEPEST:
            return None
        dotted, index, *quoted = match.groups()
        if index is not None:
            steps.append(int(index))
        else:
            name = dotted if dotted is not None else next(text for text in quoted if text is not None)
            steps.append(name if dotted is not None else _ESCAPED.sub(r"\1", name))
        place = match.end()
    return tuple(steps) if steps and isinstance(steps[0], str) else None


def _put(document: dict[str, Any], steps: tuple[Step, ...], value: Any) -> None:
    """Set a value, and make the objects and arrays on the way to it."""
    place: Any = document
    for step, following in zip(steps, (*steps[1:], None), strict=True):
        if isinstance(step, int) and isinstance(place, list) and step < _LONGEST:
            place += [None] * (step + 1 - len(place))
        elif not (isinstance(step, str) and isinstance(place, dict)):
            return
        if following is None:
            place[step] = value
            return
        inner = place.get(step) if isinstance(place, dict) else place[int(step)]
        if not isinstance(inner, list if isinstance(following, int) else dict):
            inner = [] if isinstance(following, int) else {}
            place[step] = inner
        place = inner
