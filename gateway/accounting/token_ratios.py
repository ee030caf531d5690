"""Estimates tokens from bytes, by a ratio for each model that is learnt from the replies that report their usage."""

import asyncio
import math
import string
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from gateway.store import token_ratios
from gateway.store.database import Database
from gateway.store.errors import StoreError
from gateway.store.token_ratios import RatioRow
from gateway.store.usage import UsageRow

DEFAULT = 4.0
"""Bytes of a token while a model has not shown its own: English text at the tokenizers of today."""
LOWEST, HIGHEST = 0.25, 32.0
"""A reply with another ratio is not learnt from: most of it was no text (images, reasoning that is not shown)."""
MEMORY = 200_000.0
"""Tokens after which what was learnt counts for half, so that a ratio follows a model whose use changes."""
MOST_OF_ONE = 10_000.0
"""The most tokens that one reply counts for."""
MODELS = 1000
"""Clients can name models without end, and some upstreams answer to any name."""

_SAVE_SECONDS = 5.0
_LONGEST_NAME = 512
# No prompt is longer in text, and looking through it holds up the others.
_LONGEST_PROMPT = 8 * 1024 * 1024
# Nobody writes so many of these in a row without a blank: it is a file in base64.
_FILE_BYTES = 1024
_BASE64 = string.ascii_letters.encode() + string.digits.encode() + b"+/"
_RUNS = bytes(ord("a") if byte in _BASE64 else ord(" ") for byte in range(256))
"""A table for `bytes.translate`: what a file consists of becomes one letter, everything else a blank."""
_FILE = b"a" * _FILE_BYTES

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Ratio:
    """Bytes to tokens: the sums over the replies so far, the later ones with more weight."""

    bytes: float = 0.0
    tokens: float = 0.0

    @property
    def value(self) -> float:
        """Bytes of one token."""
        return self.bytes / self.tokens if self.tokens > 0 else DEFAULT

    def learn(self, size: float, tokens: float) -> bool:
        """Take in a reply. False, and nothing taken, for one that cannot be right."""
        if tokens <= 0 or not LOWEST * tokens <= size <= HIGHEST * tokens:
            return False
        weight = min(1.0, MOST_OF_ONE / tokens)
        self.bytes += size * weight
        self.tokens += tokens * weight
        if self.tokens > MEMORY:
            self.bytes /= 2
            self.tokens /= 2
        return True

    def estimate(self, size: int) -> int:
        """The tokens of so many bytes: at least one for any byte."""
        return math.ceil(size / self.value)


@dataclass(slots=True)
class _Learnt:
    """What is known of one model."""

    prompt: Ratio = field(default_factory=Ratio)
    completion: Ratio = field(default_factory=Ratio)
    updated_at: float = 0.0


_UNKNOWN = _Learnt()


class TokenRatios:
    """The ratios of all models. Without a `database` they are learnt, and forgotten at the end."""

    def __init__(self, database: Database | None = None, most: int = MODELS) -> None:
        self._database = database
        self._most = most
        self._models: dict[tuple[str, str], _Learnt] = {}
        """In the order in which they were learnt from."""
        self._changed: set[tuple[str, str]] = set()
        self._saving: asyncio.Task[None] | None = None

    def learn(self, rows: Sequence[UsageRow]) -> None:
        """Learn from the rows of requests, as many as were written together."""
        now = time.time()
        for row in rows:
            if row.estimated or row.status != 200 or row.provider is None or row.model is None:
                continue
            if len(row.model) <= _LONGEST_NAME:
                self._learn((row.provider, row.model), row, now)

    def prompt_tokens(self, provider: str, model: str, body: bytes) -> int:
        """The tokens of a request's body, an estimate. Files in it do not count: what they take depends on them."""
        return self.prompt_tokens_of(provider, model, text_size(body))

    def prompt_tokens_of(self, provider: str, model: str, size: int) -> int:
        """The tokens of a request's body with so many bytes without its files, an estimate."""
        return self._of(provider, model).prompt.estimate(size)

    def has_learnt(self, provider: str, model: str) -> bool:
        """Whether the model's prompts so far have shown its own ratio."""
        return self._of(provider, model).prompt.tokens >= MOST_OF_ONE

    def completion_tokens(self, provider: str, model: str, size: int) -> int:
        """The tokens of an answer whose texts have so many bytes, an estimate."""
        return self._of(provider, model).completion.estimate(size)

    async def start(self) -> None:
        """Take up what earlier processes have learnt, and keep what is learnt from now on. Raises `StoreError`."""
        if self._database is None:
            return
        for row in await self._database.read(partial(token_ratios.load, most=self._most)):
            prompt = Ratio(row.prompt_bytes, row.prompt_tokens)
            completion = Ratio(row.completion_bytes, row.completion_tokens)
            self._models[row.provider, row.model] = _Learnt(prompt, completion, row.updated_at)
        self._saving = asyncio.create_task(self._save_forever())

    async def close(self) -> None:
        """Keep what was learnt since the last time."""
        if self._saving is not None:
            self._saving.cancel()
            with suppress(asyncio.CancelledError):
                await self._saving
        await self.save()

    async def save(self) -> None:
        """Write what has changed to the database. While that is away, it is tried again later."""
        if self._database is None or not self._changed:
            return
        changed, self._changed = self._changed, set()
        rows = [_row(name, self._models[name]) for name in changed if name in self._models]
        try:
            await self._database.write(partial(token_ratios.save, rows=rows, most=self._most))
        except StoreError as error:
            self._changed |= changed
            log.debug("token_ratios_not_written", reason=str(error))

    def _learn(self, name: tuple[str, str], row: UsageRow, now: float) -> None:
        learnt = self._models.pop(name, None) or _Learnt()
        is_new = learnt.prompt.learn(row.prompt_bytes, row.prompt_tokens or 0)
        is_new |= learnt.completion.learn(row.completion_bytes, row.completion_tokens or 0)
        if is_new:
            learnt.updated_at = now
            self._changed.add(name)
        if learnt.updated_at:
            self._models[name] = learnt
        if len(self._models) > self._most:
            oldest = next(iter(self._models))
            del self._models[oldest]
            self._changed.discard(oldest)

    def _of(self, provider: str, model: str) -> _Learnt:
        return self._models.get((provider, model), _UNKNOWN)

    async def _save_forever(self) -> None:
        while True:
            await asyncio.sleep(_SAVE_SECONDS)
            await self.save()


def text_size(body: bytes) -> int:
    """The bytes of a request's body without the files in it."""
    return len(body) if len(body) <= _FILE_BYTES else _without_files(body[:_LONGEST_PROMPT])


def _row(name: tuple[str, str], learnt: _Learnt) -> RatioRow:
    provider, model = name
    prompt, completion = learnt.prompt, learnt.completion
    return RatioRow(
        provider, model, prompt.bytes, prompt.tokens, completion.bytes, completion.tokens, learnt.updated_at
    )


def _without_files(body: bytes) -> int:
    """The bytes of a body without its files. Searches for fixed bytes: a pattern would look at some again and again."""
    runs, size, end = body.translate(_RUNS), len(body), 0
    while (start := runs.find(_FILE, end)) >= 0:
        end = runs.find(b" ", start)
        if end < 0:
            end = len(runs)
        size -= end - start
    return size
