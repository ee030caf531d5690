"""Counts the tokens of a request's input: by its provider where that counts, else here, with no network."""

import asyncio
import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeVar

import structlog

from gateway.accounting.token_ratios import TokenRatios
from gateway.companion.process import TooCostly
from gateway.dialects.base import CountCalls, Counting, Dialect, Origin, Outbound
from gateway.dialects.error_params import client_param
from gateway.dialects.profiles.tokens import Encoding, TokenFacts
from gateway.errors import InvalidRequest, Unavailable, UpstreamError
from gateway.http import Body, Request
from gateway.neutral.generation import Generation
from gateway.neutral.json import written
from gateway.routing.plan import Lane
from gateway.tokens.texts import Texts, texts_of
from gateway.tokens.tokenizer import Tokenizer

Source = Literal["provider", "tokenizer", "estimate"]
UPSTREAM_SECONDS = 10.0
"""For the count of a provider; one that takes longer is done without."""

# The tokenizer by which others are measured.
_MEASURE: Encoding = "o200k"
# Where a provider cannot be asked for a count, or not now: it is too busy, or does not have it for this model.
_ELSEWHERE = frozenset({404, 405, 408, 409, 429, 501})
_BAD, _FAILED = 400, 500

log = structlog.get_logger(__name__)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Countable:
    """A request for one candidate, whose input is to be counted.

    `sent` is what the candidate would be sent; None where that cannot be made, because there are no items.
    """

    generation: Generation
    lane: Lane
    dialect: Dialect
    origin: Origin
    sent: Outbound | None

    @property
    def facts(self) -> TokenFacts:
        """How the model counts."""
        return self.lane.token_facts(self.origin)


@dataclass(frozen=True, slots=True)
class InputTokens:
    """The tokens of an input, and whose count it is, as the contract has it for the header of the answer."""

    tokens: int
    source: Source


class InputCounter:
    """Counts for all requests of a worker. Large ones are read beside the loop, and take `turns`."""

    def __init__(self, tokenizer: Tokenizer, ratios: TokenRatios, turns: asyncio.Lock) -> None:
        self._tokenizer = tokenizer
        self._ratios = ratios
        self._turns = turns

    async def count(self, request: Request[Body], countable: Countable, *, is_large: bool) -> InputTokens:
        """The tokens of the input of a request. `is_large`: reading it would hold up the loop.

        Raises `UpstreamError` where the provider finds fault with the request.
        """
        counting, sent = countable.dialect.counting, countable.sent
        read = self._beside if is_large else _now
        if counting is not None and sent is not None and countable.facts.is_counted:
            calls = await read(partial(counting.encode, sent, countable.origin))
            if calls is not None and (tokens := await _by_provider(request, countable, counting, calls)) is not None:
                return InputTokens(tokens, "provider" if calls.is_whole else "tokenizer")
        texts = await read(partial(_texts, countable))
        if texts is not None:
            with suppress(TooCostly, Unavailable):
                return await self._by_tokenizer(request.key_id, countable.facts, texts)
        tokens = await read(partial(self._by_ratio, countable))
        return InputTokens(tokens + (0 if texts is None else texts.media), "estimate")

    async def _by_tokenizer(self, key_id: str, facts: TokenFacts, texts: Texts) -> InputTokens:
        """By the model's own tokenizer, where it is known; else by another one, and what its own makes of that.

        Raises `TooCostly` and `Unavailable`.
        """
        counted = await self._tokenizer.count(key_id, facts.encoding or _MEASURE, texts.texts)
        tokens = counted.tokens + texts.others
        if facts.encoding is None:
            tokens = math.ceil(tokens * facts.per_o200k)
        is_exact = facts.encoding is not None and texts.is_plain and counted.is_whole
        return InputTokens(tokens + texts.media, "tokenizer" if is_exact else "estimate")

    def _by_ratio(self, countable: Countable) -> int:
        """By the bytes of the request's body, and what a token has had of those in the model's own answers."""
        lane, sent = countable.lane, countable.sent
        body = written(countable.generation.body) if sent is None else sent.body
        return self._ratios.prompt_tokens(lane.upstream.name, lane.model, body)

    async def _beside(self, read: Callable[[], Result]) -> Result:
        async with self._turns:
            return await asyncio.to_thread(read)


async def _now(read: Callable[[], Result]) -> Result:
    return read()


def _texts(countable: Countable) -> Texts | None:
    """What of the prompt takes tokens; None for a request that can be read in its client's own API alone."""
    try:
        return texts_of(countable.generation.prompt, countable.facts.image)
    except InvalidRequest:
        return None


async def _by_provider(
    request: Request[Body], countable: Countable, counting: Counting, calls: CountCalls
) -> int | None:
    """The provider's count; None where it has none, now or at all. Raises `UpstreamError`."""
    lane, total, began = countable.lane, calls.added, time.perf_counter()
    try:
        async with asyncio.timeout(UPSTREAM_SECONDS):
            for call in calls.calls:
                answer = await lane.upstream.send(call, countable.dialect, lane.credential)
                tokens = counting.read(answer.body)
                if tokens is None:
                    log.warning("token_count_unreadable", provider=lane.upstream.name, model=lane.model)
                    return None
                total += tokens
    except TimeoutError:
        log.info("token_count_failed", provider=lane.upstream.name, model=lane.model, reason="no answer in time")
        return None
    except UpstreamError as error:
        is_refused = counting.refuses_models and error.status == _BAD
        if is_refused or error.status in _ELSEWHERE or error.status >= _FAILED:
            log.info("token_count_failed", provider=lane.upstream.name, model=lane.model, status=error.status)
            return None
        raise _for_client(error, countable) from error.__cause__
    finally:
        request.access.waited += time.perf_counter() - began
    return total


def _for_client(error: UpstreamError, countable: Countable) -> UpstreamError:
    """The error, its `param` where the client wrote what it is about."""
    if error.param is None or countable.sent is None:
        return error
    name, profile = countable.dialect.name, countable.origin.profile
    param = client_param(error.param, countable.generation, name, profile, countable.sent.body)
    return error.replaced(param=param)
