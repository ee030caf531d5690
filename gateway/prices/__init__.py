"""What models cost and how much they read at once, as far as genai-prices knows them. The only door to it."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import structlog

__all__ = ["LISTERS", "Known", "Price", "Prices"]

LISTERS: Mapping[str, str] = MappingProxyType(
    {
        "anthropic": "anthropic",
        "azure": "azure",
        "bedrock": "aws",
        "cerebras": "cerebras",
        "cohere": "cohere",
        "deepseek": "deepseek",
        "fireworks": "fireworks",
        "gemini": "google",
        "groq": "groq",
        "mistral": "mistral",
        "openai": "openai",
        "openrouter": "openrouter",
        "perplexity": "perplexity",
        "together": "together",
        "vertex": "google",
        "xai": "x-ai",
        "zai": "zai",
    }
)
"""The provider of genai-prices (its ids of version 0.2) that lists the models of a row, by the row's name."""

# Some prices change by the hour of the day, others on a date.
_FRESH_SECONDS = 3600.0
_RETRY_SECONDS = 60.0
_ASK_SECONDS = 20.0
_MOST_KEPT = 20_000
_PROGRAM = Path(__file__).with_name("known.py")

log = structlog.get_logger(__name__)
Asked = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens, None where no price is known. Of a price in tiers, the first tier's."""

    input: float | None
    cached_input: float | None
    cache_write: float | None
    output: float | None
    is_tiered: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What genai-prices says of one model. `source` names the library's version, the provider and the model in it."""

    price: Price | None
    context_window: int | None
    capabilities: Sequence[str]
    is_deprecated: bool
    source: str


class Prices:
    """Looks models up in a process that is started for it and ends with its answer; what it said is kept."""

    def __init__(self, program: Path = _PROGRAM) -> None:
        self._program = program
        self._known: dict[Asked, Known | None] = {}
        self._expires = 0.0
        self._lock = asyncio.Lock()

    async def of(self, models: Iterable[Asked]) -> dict[Asked, Known]:
        """What is known of models, given by the name of their row and their own; those that are not known are left out.

        Never raises: a list without prices is better than none.
        """
        wanted = list(models)
        asked = {(LISTERS[row], model) for row, model in wanted if row in LISTERS}
        async with self._lock:
            if self._expires <= time.monotonic() or len(self._known) > _MOST_KEPT:
                self._known.clear()
            if missing := sorted(asked - self._known.keys()):
                await self._look_up(missing)
            known = {(row, model): self._known.get((LISTERS.get(row, ""), model)) for row, model in wanted}
        return {name: found for name, found in known.items() if found is not None}

    async def _look_up(self, missing: list[Asked]) -> None:
        is_first = not self._known
        try:
            found = await _ask(self._program, missing)
        except (OSError, TimeoutError, ValueError) as error:
            log.warning("prices_not_known", reason=str(error) or "no answer in time")
            found, fresh = dict.fromkeys(missing), _RETRY_SECONDS
        else:
            fresh = _FRESH_SECONDS
        self._known |= found
        expires = time.monotonic() + fresh
        self._expires = expires if is_first else min(self._expires, expires)


async def _ask(program: Path, models: list[Asked]) -> dict[Asked, Known | None]:
    """Start the program, and hear it out. Raises `OSError`, `TimeoutError` or `ValueError`."""
    # -P: the program's folder is no place to import from.
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", str(program)), stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
    )
    try:
        async with asyncio.timeout(_ASK_SECONDS):
            output, _ = await process.communicate(json.dumps(models).encode())
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    said = json.loads(output)
    return {model: _known(fields) for model, fields in zip(models, said, strict=True)}


def _known(fields: dict[str, Any] | None) -> Known | None:
    if fields is None:
        return None
    price = fields.pop("price")
    return Known(price=Price(**price) if price else None, **fields)
