"""Responses in the background that are completed, cancelled, expired and crashed at the same moments: one end each."""

import asyncio
import os
import random
import signal
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from scripts.attacks.background_site import TERMINAL, Answer, Clients, Made, Site, site
from scripts.attacks.background_streams import Reader
from tests.clients.asking import RESPONSES
from tests.clients.stops import workers_of

RACES = 1000
_AT_ONCE = 120
_RUNNING = 4
"""So few on each worker that others wait for longer than they may."""
_QUEUED_SECONDS = 2
_CRASH_EVERY = 9.0
_STREAMED = 0.25
_CANCELLED = 0.6
_STUCK_SECONDS = 90.0
_SHOWN = 3
"""Faults of each database that are printed in full."""


@dataclass
class Outcome:
    """What readers have seen. `ends` has the first terminal state that anybody saw of each response."""

    ends: dict[str, tuple[str, Any]] = field(default_factory=dict)
    seen: int = 0
    changed: list[str] = field(default_factory=list)
    stuck: int = 0
    lost: int = 0
    streams: int = 0
    other_ends: list[str] = field(default_factory=list)
    """Streams whose end is not the state of the response."""
    not_cancelled: int = 0
    """Cancellations that were answered with a response that is not over."""
    crashes: int = 0
    several_rows: int = 0
    missing_rows: int = 0

    @property
    def states(self) -> str:
        """How many ended in each way."""
        found: Counter[str] = Counter()
        for status, document in self.ends.values():
            code = (document["error"] or {}).get("code")
            found[f"{status} ({code})" if code else status] += 1
        return ", ".join(f"{count} {state}" for state, count in sorted(found.items()))


def table(found: Mapping[str, Mapping[str, str]], count: int) -> str:
    """A table with a line for each database."""
    lines = [
        f"{count} responses, {_AT_ONCE} at once, {_RUNNING} running on each of two workers, which are killed in turn; "
        f"{_CANCELLED:.0%} are cancelled at some moment. Two readers each, a stream for {_STREAMED:.0%}.",
        "",
        "| database | ended as | crashes | looks at an end | ends that changed | stuck | lost "
        "| cancelled, yet not over | streams | with another end | with more rows than calls | with fewer |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    faults: list[str] = []
    for name, environment in found.items():
        done = races(environment, count)
        numbers = (done.crashes, done.seen, len(done.changed), done.stuck, done.lost, done.not_cancelled)
        rows = (done.streams, len(done.other_ends), done.several_rows, done.missing_rows)
        lines.append(f"| {name} | {done.states} | {' | '.join(map(str, (*numbers, *rows)))} |")
        faults += [f"- {name}: {fault}" for fault in (*done.changed, *done.other_ends)[:_SHOWN]]
    return "\n".join((*lines, "", *faults) if faults else lines)


def races(environment: Mapping[str, str], count: int) -> Outcome:
    """Run so many races on one database; on PostgreSQL with two replicas of a worker each."""
    settings = {"background": {"running": _RUNNING, "queued_seconds": _QUEUED_SECONDS}}
    with site(environment, workers=2, **settings) as place:
        place.start()
        if environment:
            place.start()
        return asyncio.run(_races(place, count))


async def _races(place: Site, count: int) -> Outcome:
    outcome = Outcome()
    turns = asyncio.Semaphore(_AT_ONCE)
    made: list[Made] = []

    async def one(clients: Clients, number: int) -> None:
        async with turns:
            answer = Answer(random.randint(1, 6), random.choice((0.0, 0.1, 0.3)))
            response = await clients.create(f"c{number}", answer)
            made.append(response)
            await _race(clients, response, outcome)

    async with Clients(place) as clients:
        crashing = asyncio.create_task(_crash(place, outcome))
        await asyncio.gather(*(one(clients, number) for number in range(count)))
        crashing.cancel()
        for response in made:
            await _look(clients, response, outcome)
        await asyncio.sleep(2)
        rows = Counter(row[0] for row in await asyncio.to_thread(place.rows, "select request_id from usage"))
    for response in made:
        calls = max(1, place.upstream.begun[response.name])
        outcome.several_rows += rows[response.request_id] > calls
        outcome.missing_rows += rows[response.request_id] < place.upstream.begun[response.name]
    return outcome


async def _crash(place: Site, outcome: Outcome) -> None:
    while True:
        await asyncio.sleep(_CRASH_EVERY)
        workers = workers_of(random.choice(place.gateways))
        if len(workers) > 1:
            os.kill(random.choice(workers), signal.SIGKILL)
            outcome.crashes += 1


async def _race(clients: Clients, response: Made, outcome: Outcome) -> None:
    racers = [_poll(clients, response, outcome) for _ in range(2)]
    if random.random() < _CANCELLED:
        racers += [_cancel(clients, response, outcome) for _ in range(random.choice((1, 1, 2)))]
    if random.random() < _STREAMED:
        racers.append(_stream(clients, response, outcome))
    try:
        async with asyncio.timeout(_STUCK_SECONDS):
            await asyncio.gather(*racers)
    except TimeoutError:
        outcome.stuck += 1


async def _poll(clients: Clients, response: Made, outcome: Outcome) -> None:
    while await _look(clients, response, outcome) not in TERMINAL:  # noqa: ASYNC110 - only looking shows it
        await asyncio.sleep(random.uniform(0.2, 0.9))
    for _ in range(2):
        await asyncio.sleep(random.uniform(0.0, 0.5))
        await _look(clients, response, outcome)


async def _look(clients: Clients, response: Made, outcome: Outcome, method: str = "GET", more: str = "") -> str:
    """Read the response, or cancel it, which returns it too, and note what was seen."""
    before = outcome.ends.get(response.id)
    reply = await clients.request(method, f"{RESPONSES}/{response.id}{more}")
    if reply.status_code != 200:
        outcome.lost += 1
        return "failed"
    document = reply.json()
    status: str = document["status"]
    if status in TERMINAL:
        outcome.seen += 1
        first = outcome.ends.setdefault(response.id, (status, document))
        if first != (status, document):
            outcome.changed.append(f"{orjson.dumps(first[1]).decode()} became {reply.text}")
    elif before is not None:
        outcome.changed.append(f"{before[0]} became {status}")
    return status


async def _cancel(clients: Clients, response: Made, outcome: Outcome) -> None:
    await asyncio.sleep(random.choice((0.0, random.uniform(0, 1), random.uniform(0, 4))))
    status = await _look(clients, response, outcome, "POST", "/cancel")
    outcome.not_cancelled += status not in TERMINAL


async def _stream(clients: Clients, response: Made, outcome: Outcome) -> None:
    reader = Reader(clients, f"{RESPONSES}/{response.id}?stream=true", is_cut=False)
    is_whole = await reader.read()
    outcome.streams += 1
    status = await _look(clients, response, outcome)
    last = reader.received.rstrip().rpartition(b"event: response.")[2].partition(b"\n")[0].decode()
    is_alike = last not in TERMINAL if status == "cancelled" else last == status
    if not is_whole or not is_alike:
        outcome.other_ends.append(f"the stream of a response that is {status} ended with {last} ({is_whole})")
