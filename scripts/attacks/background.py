"""Responses in the background whose process is killed: none may be lost, stuck, or run again after an event."""

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.surfaces.responses.document import INTERRUPTED
from scripts.attacks import background_polls, background_races, background_streams
from scripts.attacks.background_site import TERMINAL, Answer, Clients, Made, Site, site, storages
from tests.clients.asking import RESPONSES
from tests.clients.stops import workers_of

RESPONSES_AT_ONCE = 200
_ANSWERS = (Answer(24, 0.25), Answer(2, 4.0))
"""One that streams all the time, and one that says nothing for longer than it takes until the kill."""
_KILLED_AFTER = 2.5
_STUCK_SECONDS = 35.0
_LOOK_SECONDS = 0.5
_ROWS_SECONDS = 2.0
"""Within which usage rows are written."""
_VICTIMS = ("one of two workers", "the whole gateway, started again", "one of two replicas")


@dataclass
class Outcome:
    """What became of responses whose process was killed. `seconds`: from the kill until all of them were over."""

    seconds: float = 0.0
    ended_for_others: float = 0.0
    """Seconds from the kill until the last of those had failed that could not be begun again."""
    lost: int = 0
    stuck: int = 0
    states: Counter[str] = field(default_factory=Counter)
    calls: int = 0
    again: int = 0
    again_after_an_event: int = 0
    unaccounted: int = 0

    def cells(self) -> str:
        """As cells of a table."""
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        cells = (self.lost, self.stuck, self.again_after_an_event, self.again, states, self.calls, self.unaccounted)
        return " | ".join(map(str, (*cells, f"{self.ended_for_others:.1f}", f"{self.seconds:.1f}")))


def report() -> str:
    """Tables: kills, races, cut streams, polls."""
    with storages() as found:
        parts = [
            kills(found, RESPONSES_AT_ONCE),
            background_races.table(found, background_races.RACES),
            background_streams.table(found, background_streams.STREAMS),
            background_polls.table(found),
        ]
    return "\n\n".join(parts)


def kills(found: Mapping[str, Mapping[str, str]], count: int) -> str:
    """A table with a line for each database and each victim."""
    lines = [
        f"{count} responses at once; kill -9 after {_KILLED_AFTER:g} s, when half of them have sent nothing yet.",
        "",
        "| database | killed | lost | stuck | run again after an event | run again | ended as | upstream calls "
        "| calls without a row of their own | interrupted ones ended after (s) | all over after (s) |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for name, environment in found.items():
        for victim in _VICTIMS:
            if victim != _VICTIMS[2] or environment:
                lines.append(f"| {name} | {victim} | {killed(environment, victim, count).cells()} |")
    return "\n".join(lines)


def killed(environment: Mapping[str, str], victim: str, count: int) -> Outcome:
    """Kill the victim while so many responses run, and see what becomes of them."""
    has_replicas = victim == _VICTIMS[2]
    with site(environment, workers=1 if has_replicas else 2) as place:
        for _ in range(2 if has_replicas else 1):
            place.start()
        return asyncio.run(_killed(place, victim, count))


async def _killed(place: Site, victim: str, count: int) -> Outcome:
    async with Clients(place) as clients:
        creating = [clients.create(f"r{number}", _ANSWERS[number % 2]) for number in range(count)]
        made = await asyncio.gather(*creating)
        await asyncio.sleep(_KILLED_AFTER)
        begun = time.monotonic()
        _kill(place, victim)
        statement = "select response_id from jobs where next_sequence > 2"
        had_events = {row[0] for row in await asyncio.to_thread(place.rows, statement)}
        if not place.gateways:
            await asyncio.to_thread(place.start)
        outcome = Outcome()
        await _watch(clients, made, outcome, begun)
        await asyncio.sleep(_ROWS_SECONDS)
        rows = Counter(row[0] for row in await asyncio.to_thread(place.rows, "select request_id from usage"))
        for one in made:
            calls = place.upstream.begun[one.name]
            outcome.calls += calls
            outcome.again += calls > 1
            outcome.again_after_an_event += calls > 1 and one.id in had_events
            outcome.unaccounted += rows[one.request_id] != max(calls, 1)
        return outcome


def _kill(place: Site, victim: str) -> None:
    if victim == _VICTIMS[0]:
        os.kill(workers_of(place.gateways[0])[0], signal.SIGKILL)
    else:
        place.kill(place.gateways[0])


async def _watch(clients: Clients, made: list[Made], outcome: Outcome, begun: float) -> None:
    """Poll until all are over, or have not come to an end for so long that they count as stuck."""
    open_ones = {one.id for one in made}
    while open_ones and time.monotonic() - begun < _STUCK_SECONDS:
        for id_ in [*open_ones]:
            reply = await clients.request("GET", f"{RESPONSES}/{id_}")
            document = reply.json()
            if reply.status_code == 404:
                outcome.lost += 1
            elif document["status"] in TERMINAL:
                code = (document["error"] or {}).get("code")
                if code == INTERRUPTED:
                    outcome.ended_for_others = time.monotonic() - begun
                outcome.states[f"{document['status']} ({code})" if code else document["status"]] += 1
            else:
                continue
            open_ones.remove(id_)
            outcome.seconds = time.monotonic() - begun
        await asyncio.sleep(_LOOK_SECONDS)
    outcome.stuck = len(open_ones)
