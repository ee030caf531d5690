"""Where one request may go, in order: shared out by weight, or kept together where it belongs together."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gateway.credentials.base import Credential
from gateway.dialects.base import Origin
from gateway.generation import Generation
from gateway.routing.balance import Turns, rendezvous
from gateway.routing.router import Route, Step
from gateway.sealing import Sealed, Sealer, is_sealed
from gateway.surfaces.openai_chat.reasoning import restored
from gateway.upstream import Upstream

_MARKS = ("cache_control", "prompt_cache_breakpoint")
# Messages, their parts, and what these hold.
_MARK_DEPTH = 4


@dataclass(frozen=True, slots=True)
class Lane:
    """One way to an answer: an upstream, what opens it, and the model's name there."""

    upstream: Upstream
    credential: Credential
    model: str

    @property
    def origin(self) -> Origin:
        """Who answers there, for the dialect. Made anew each time: the model's facts are looked up by its name."""
        return Origin(self.upstream.name, self.upstream.named(self.model), self.upstream.facts.of(self.model))

    @property
    def author(self) -> tuple[str, str, str]:
        """The same, as seals have it."""
        return self.upstream.name, self.model, self.credential.label


class Planner:
    """Puts the lanes of each request in order."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer
        self._turns = Turns()

    def lanes(self, steps: Sequence[Step], generation: Generation, key_id: str) -> Sequence[Lane]:
        """The lanes in the order in which they are to be tried, each once.

        In each step, and among an upstream's keys, it goes in turn; with a prompt cache in play, always in the order
        that belongs to that prompt. Whoever sealed reasoning that is sent along comes first in its own step, and
        first of all where a tool call of its waits for the answer.
        """
        first = steps[0].routes[0]
        if len(steps) == 1 and len(steps[0].routes) == 1 and len(first.upstream.credentials) == 1:
            return [Lane(first.upstream, first.upstream.credentials[0], first.model)]
        cached = _cache_key(generation, key_id)
        author = self._author(generation, key_id)
        lanes: dict[tuple[str, str, str], Lane] = {}
        for step in steps:
            found = [lane for route in self._ordered(step, cached) for lane in self._of(route, cached)]
            for lane in sorted(found, key=lambda lane: _distance(lane, author)):
                lanes.setdefault(lane.author, lane)
        if author is not None and _is_under_way(generation):
            return sorted(lanes.values(), key=lambda lane: _distance(lane, author))
        return list(lanes.values())

    def _ordered(self, step: Step, cached: bytes | None) -> Iterator[Route]:
        routes = {route.name: route for route in step.routes}
        return (routes[name] for name in self._chosen(step.name, _weights(step.routes), cached))

    def _of(self, route: Route, cached: bytes | None) -> Iterator[Lane]:
        upstream = route.upstream
        credentials = {credential.label: credential for credential in upstream.credentials}
        weights = {label: credential.weight for label, credential in credentials.items()}
        for label in self._chosen(("keys", upstream.name), weights, cached):
            yield Lane(upstream, credentials[label], route.model)

    def _chosen(self, group: Any, weights: Mapping[str, float], cached: bytes | None) -> Sequence[str]:
        return self._turns.order(group, weights) if cached is None else rendezvous(cached, weights)

    def _author(self, generation: Generation, key_id: str) -> Sealed | None:
        """Who sealed the latest reasoning that is sent along; None where nobody did."""
        for item in reversed(generation.items):
            content = item.get("encrypted_content")
            if is_sealed(content) and (sealed := self._sealer.open(key_id, content)) is not None:
                return sealed
        if generation.native is None or generation.items:
            return None
        opened: list[Sealed] = []

        def note(text: str) -> None:
            if (sealed := self._sealer.open(key_id, text)) is not None:
                opened.append(sealed)

        restored(generation.native.body, note)
        return opened[-1] if opened else None


def _weights(routes: Sequence[Route]) -> dict[str, float]:
    weights: dict[str, float] = {}
    for route in routes:
        weights[route.name] = weights.get(route.name, 0.0) + route.weight
    return weights


def _distance(lane: Lane, author: Sealed | None) -> int:
    """How far a lane is from the author of what was sealed."""
    if author is None or (lane.upstream.name, lane.model) != (author.provider, author.model):
        return 2
    return 0 if lane.credential.label == author.credential else 1


def _is_under_way(generation: Generation) -> bool:
    """Whether the model itself is to go on: the last that was said to it is the output of a tool."""
    said = generation.items or _body(generation).get("messages")
    last = said[-1] if isinstance(said, list) and said else None
    return isinstance(last, dict) and last.get("role") != "user"


def _body(generation: Generation) -> Mapping[str, Any]:
    return generation.native.body if generation.native is not None else generation.asked


def _cache_key(generation: Generation, key_id: str) -> bytes | None:
    """What tells this prompt's cache from others; None where the request shows no sign of one."""
    body = _body(generation)
    named = body.get("prompt_cache_key")
    if isinstance(named, str) and named:
        return f"{key_id}\0{named}".encode("utf-8", "surrogatepass")
    if not _is_marked(body, _MARK_DEPTH) and not _is_marked(generation.items, _MARK_DEPTH):
        return None
    opening = generation.items or body.get("messages")
    said = [generation.instructions, opening[:2] if isinstance(opening, list) else None]
    try:
        return key_id.encode() + orjson.dumps(said)
    except orjson.JSONEncodeError:
        return None  # nested too deeply, which whoever writes the request will say


def _is_marked(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        if any(value.get(mark) for mark in _MARKS):
            return True
        value = [part for part in value.values() if isinstance(part, list | dict)]
    return depth >= 0 and isinstance(value, list) and any(_is_marked(part, depth - 1) for part in value)
