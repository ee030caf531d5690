"""What a memory makes of a request so that it fits its model, as the engine needs it."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from gateway.neutral.events import Done, Event, Failed, Usage
from gateway.neutral.generation import Generation
from gateway.neutral.values import value
from gateway.routing.plan import Lane

NO_USAGE = Usage()
LaneRequest = tuple[Generation, Sequence[str]]
"""The request for one candidate, and what of it is left out beside what its dialect leaves out."""


@value
class Fitted:
    """A request that was made to fit. `before` are events in front of those of the answer, `usage` is added to it."""

    generation: Generation
    of_lane: Callable[[Generation, Lane], LaneRequest]
    before: Sequence[Event] = ()
    usage: Usage | None = None
    is_answer: bool = False
    """Whether `before` is the whole answer: no candidate is called."""


class Shown:
    """The events of an answer as its client gets them: behind those before it, its usage with what they used."""

    def __init__(self, fitted: Fitted) -> None:
        self._before: Sequence[Event] = fitted.before
        self._usage = fitted.usage

    def events(self, batch: Sequence[Event]) -> Sequence[Event]:
        """The next events."""
        before, self._before = self._before, ()
        if self._usage is None or not batch:
            return [*before, *batch] if before else batch
        shown: list[Event] = [*before]
        for event in batch:
            if isinstance(event, Usage):
                shown.append(added(event, self._usage or NO_USAGE))
                self._usage = None
            elif isinstance(event, Done | Failed) and self._usage is not None:
                shown += [self._usage, event]
                self._usage = None
            else:
                shown.append(event)
        return shown


def added(one: Usage, other: Usage) -> Usage:
    """What two calls used together. The details of the first stay as its provider has them."""
    return replace(
        one,
        prompt=one.prompt + other.prompt,
        completion=one.completion + other.completion,
        cached=one.cached + other.cached,
        cache_write=one.cache_write + other.cache_write,
        reasoning=one.reasoning + other.reasoning,
    )
