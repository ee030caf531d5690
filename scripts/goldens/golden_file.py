"""The golden itself: a gzipped file of JSON lines that holds the cases as well as what became of them."""

import gzip
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.goldens.cases import Case, Document, Reply, Step

_LONG = 300
_TEXT = "\x00text:"


@dataclass(frozen=True)
class Golden:
    """Cases, what they need, and for each of them what became of its steps."""

    config: Mapping[str, Any]
    defaults: Mapping[str, Reply]
    cases: Sequence[Case]
    outcomes: Sequence[Sequence[Document]]


def write(path: Path, golden: Golden) -> None:
    """Write a golden; the same one gives the same bytes."""
    defaults = {name: reply.as_document() for name, reply in golden.defaults.items()}
    head = {"config": golden.config, "defaults": defaults}
    with path.open("wb") as raw, gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as file:
        known: set[str] = set()
        for line in (head, *_lines(golden)):
            texts: dict[str, str] = {}
            short = _shortened(line, texts)
            for name, text in texts.items():
                if name not in known:
                    file.write(json.dumps({"text": name, "is": text}).encode() + b"\n")
            known |= texts.keys()
            file.write(json.dumps(short).encode() + b"\n")


def read(path: Path) -> Golden:
    """Read what `write` wrote."""
    texts: dict[str, str] = {}
    lines = []
    with gzip.open(path, "rb") as file:
        for raw in file:
            line = json.loads(raw)
            if "text" in line:
                texts[line["text"]] = line["is"]
            else:
                lines.append(_lengthened(line, texts))
    head, *rest = lines
    defaults = {name: Reply.from_document(reply) for name, reply in head["defaults"].items()}
    cases = [Case(line["name"], [Step.from_document(step) for step in line["steps"]]) for line in rest]
    return Golden(head["config"], defaults, cases, [line["outcome"] for line in rest])


def _lines(golden: Golden) -> Iterator[Document]:
    for case, outcome in zip(golden.cases, golden.outcomes, strict=True):
        yield {"name": case.name, "steps": [step.as_document() for step in case.steps], "outcome": outcome}


def _shortened(value: Any, texts: dict[str, str]) -> Any:
    """The value with its long texts taken out: most of them come many times."""
    match value:
        case dict():
            return {name: _shortened(part, texts) for name, part in value.items()}
        case list() | tuple():
            return [_shortened(part, texts) for part in value]
        case str() if len(value) > _LONG:
            name = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:24]
            texts[name] = value
            return _TEXT + name
        case _:
            return value


def _lengthened(value: Any, texts: Mapping[str, str]) -> Any:
    match value:
        case dict():
            return {name: _lengthened(part, texts) for name, part in value.items()}
        case list():
            return [_lengthened(part, texts) for part in value]
        case str() if value.startswith(_TEXT):
            return texts[value.removeprefix(_TEXT)]
        case _:
            return value
