"""Makes one tiny real call to a model, the way that requests go, and says what came of it."""

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from gateway.errors import GatewayError, UpstreamDown
from gateway.neutral.events import Event, Failed, Finished, Reasoning, Refusal, Summary, Text, Usage
from gateway.neutral.generation import Generation
from gateway.neutral.items import Message, Position
from gateway.neutral.parts import TextPart
from gateway.neutral.prompt import Prompt
from gateway.neutral.settings import OLDER_TOKEN_LIMIT, TOKEN_LIMIT, Settings
from gateway.routing.plan import Lane
from gateway.run import Run

_QUESTION = "Say hello."
_MOST_TOKENS = 16
# OpenAI's newer models know only the second, most compatible servers only the first.
_LIMITS = (OLDER_TOKEN_LIMIT, TOKEN_LIMIT)


@dataclass(slots=True)
class Outcome:
    """What came of one call. Seconds are to the first event and to the end; `error` is there where it failed."""

    lane: Lane
    is_stream: bool
    seconds: float = 0.0
    first_seconds: float | None = None
    answer: str = ""
    usage: Usage | None = None
    error: GatewayError | None = None


async def probe(lane: Lane, *, is_stream: bool, seconds: float) -> Outcome:
    """Ask for a few words, and wait for them no longer than `seconds`."""
    outcome = Outcome(lane, is_stream)
    began = time.perf_counter()
    limits = _LIMITS if not lane.upstream.row else _LIMITS[::-1]
    try:
        async with asyncio.timeout(seconds):
            for name in limits:
                outcome.error = await _tried(outcome, name)
                if not _is_about_the_limit(outcome.error):
                    break
    except TimeoutError:
        message = f"{lane.upstream.name} did not answer within {seconds:g} seconds."
        outcome.error = UpstreamDown(message, status=504, code="upstream_timeout")
    outcome.seconds = time.perf_counter() - began
    return outcome


def greeting(model: str, limit: str, *, is_stream: bool) -> Generation:
    """The request: a few words, and as few for the answer; `limit` is the field that says so."""
    message = Message("user", [TextPart(_QUESTION, "input")], Position(0, "input"))
    prompt = Prompt([message], settings=Settings({limit: _MOST_TOKENS}))
    return Generation(model, {}, lambda body, history, first: prompt, is_stream=is_stream, include_usage=is_stream)


def dialect_of(lane: Lane) -> str:
    """The dialect in which a question goes there."""
    dialect, _ = lane.way(greeting(lane.model, TOKEN_LIMIT, is_stream=False), None)
    return dialect.name


async def _tried(outcome: Outcome, limit: str) -> GatewayError | None:
    try:
        return _read(await _called(outcome, limit), outcome)
    except GatewayError as error:
        return error


async def _called(outcome: Outcome, limit: str) -> list[Event]:
    """The events of one call. Raises `GatewayError`."""
    generation = greeting(outcome.lane.model, limit, is_stream=outcome.is_stream)
    lane = outcome.lane
    dialect, origin = lane.way(generation, None)
    run = Run(generation, lane, dialect, origin, is_native=False)
    if not outcome.is_stream:
        return list(await run.events())
    events: list[Event] = []
    began = time.perf_counter()
    async with aclosing(run.batches()) as batches:
        async for batch in batches:
            events += batch
            if events and outcome.first_seconds is None:
                outcome.first_seconds = time.perf_counter() - began
    return events


def _read(events: Sequence[Event], outcome: Outcome) -> GatewayError | None:
    """Note what was answered; the error, where it is none that a person could use."""
    is_cut = is_blocked = False
    for event in events:
        match event:
            case Text(text) | Refusal(text):
                outcome.answer += text
            case Usage():
                outcome.usage = event
            case Finished(reason):
                is_cut, is_blocked = reason == "length", reason == "content_filter"
            case Failed(error):
                return error
    has_thought = any(isinstance(event, Reasoning | Summary) for event in events)
    if outcome.answer.strip() or is_cut or has_thought:
        return None
    if is_blocked:
        return _nonsense(outcome.lane, "had its content filter stop a greeting")
    return _nonsense(outcome.lane, "gave an answer with nothing in it")


def _is_about_the_limit(error: GatewayError | None) -> bool:
    return error is not None and error.status == 400 and error.param in _LIMITS


def _nonsense(lane: Lane, what: str) -> UpstreamDown:
    return UpstreamDown(f"{lane.upstream.name} {what}.", code="upstream_bad_reply")
