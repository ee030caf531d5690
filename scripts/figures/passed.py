"""Finds the files and functions of ours that one warm request passes, in the order in which it comes to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

import uvloop
from starlette.types import ASGIApp

from scripts.benchmark.calls import application, count, observe
from scripts.benchmark.rows import RESPONSES, Row, chat, responses
from scripts.benchmark.servers import GATEWAY

ROOT = Path(__file__).resolve().parents[2]

# Neither waits for anything, so that no task of the background is counted with it: what is stored would be waited for.
NATIVE = Row(GATEWAY, chat(), note="native request")
TRANSLATED = Row(GATEWAY, responses("anthropic-messages/static", store=False), RESPONSES, "translated request")

_OURS = tuple(f"{ROOT / folder}/" for folder in ("gateway", "handlers"))
# The first ones find caches empty, and load modules.
_WARMING = 5


@dataclass(slots=True)
class Passed:
    """What a request passes. Lambdas and, in Python 3.11, comprehensions are functions, too."""

    functions: dict[CodeType, None] = field(default_factory=dict)

    def __call__(self, frame: FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(_OURS):
            self.functions[code] = None

    @property
    def files(self) -> set[str]:
        """The paths of the files, relative to the root."""
        return {_path(code) for code in self.functions}

    def steps(self) -> Iterator[tuple[str, list[str]]]:
        """Each file with the named functions that the request comes to there for the first time, in order."""
        for path, codes in groupby(self.functions, _path):
            yield path, [code.co_qualname for code in codes if not code.co_name.startswith("<")]


def measure() -> tuple[Mapping[str, Passed], int]:
    """What each request passes, by its name; and the Python function calls of the native one, libraries included."""
    return uvloop.run(_measure())


async def _measure() -> tuple[Mapping[str, Passed], int]:
    async with application() as app:
        passed = {row.note: await _passed(app, row) for row in (NATIVE, TRANSLATED)}
        return passed, await count(app, NATIVE)


async def _passed(app: ASGIApp, row: Row) -> Passed:
    for _ in range(_WARMING):
        await observe(app, row, Passed())
    found = Passed()
    await observe(app, row, found)
    return found


def _path(code: CodeType) -> str:
    return Path(code.co_filename).relative_to(ROOT).as_posix()
