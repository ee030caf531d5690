"""Says what differs between what became of a case then and now."""

import difflib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.goldens.cases import Document

ORDER = "order of keys"
"""The kind of a difference that no reader of JSON can see."""
_MOST_LINES = 40
_LONGEST = 300


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it was."""

    case: str
    step: int
    kind: str
    diff: Sequence[str]

    def __str__(self) -> str:
        lines = [line if len(line) <= _LONGEST else line[:_LONGEST] + "…" for line in self.diff[:_MOST_LINES]]
        more = [f"… {len(self.diff) - _MOST_LINES} more lines"] if len(self.diff) > _MOST_LINES else []
        return "\n".join([f"== {self.case} (step {self.step}): {self.kind}", *lines, *more])


def differences(name: str, before: Sequence[Document], after: Sequence[Document]) -> Iterator[Difference]:
    """Every difference in one case."""
    for number, (was, now) in enumerate(zip(before, after, strict=True)):
        for kind, old, new in _pairs(was, now):
            if old != new:
                is_order = _is_same_json(old, new)
                yield Difference(name, number, f"{kind}: {ORDER}" if is_order else kind, _diff(old, new))


def _pairs(was: Document, now: Document) -> Iterator[tuple[str, Any, Any]]:
    sent, sends = was["upstream"], now["upstream"]
    if len(sent) != len(sends):
        yield "number of upstream requests", [one["target"] for one in sent], [one["target"] for one in sends]
    for old, new in zip(sent, sends, strict=False):
        yield "upstream path", f"{old['method']} {old['target']}", f"{new['method']} {new['target']}"
        yield "upstream headers", old["headers"], new["headers"]
        yield "upstream bytes", old["body"], new["body"]
    yield "client status", was["status"], now["status"]
    yield "client headers", was["headers"], now["headers"]
    yield "client bytes", was["body"], now["body"]
    yield "usage row", was["usage"], now["usage"]
    yield "sealed state", was["seals"], now["seals"]


def _is_same_json(old: Any, new: Any) -> bool:
    try:
        return isinstance(old, str) and isinstance(new, str) and bool(json.loads(old) == json.loads(new))
    except ValueError:
        return False


def _diff(old: Any, new: Any) -> list[str]:
    before, after = _pretty(old), _pretty(new)
    if before == after:
        return ["the same JSON, written otherwise:", *_first_difference(str(old), str(new))]
    return list(difflib.unified_diff(before, after, "before", "after", n=2, lineterm=""))


def _first_difference(old: str, new: str) -> list[str]:
    place = next((n for n, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), 0)
    start = max(0, place - 40)
    return [f"-…{old[start : place + 80]}", f"+…{new[start : place + 80]}"]


def _pretty(value: Any) -> list[str]:
    """Lines of JSON; of server-sent events, those of each event's data."""
    if not isinstance(value, str):
        return [json.dumps(one) for one in value] if isinstance(value, list) else _indented(value)
    try:
        return _indented(json.loads(value))
    except ValueError:
        return [part for line in value.splitlines() for part in _event_line(line)]


def _event_line(line: str) -> list[str]:
    data = line.removeprefix("data: ")
    if data == line:
        return [line]
    try:
        return ["data:", *_indented(json.loads(data))]
    except ValueError:
        return [line]


def _indented(value: Any) -> list[str]:
    return json.dumps(value, indent=1, ensure_ascii=False).splitlines()
