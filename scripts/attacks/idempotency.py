"""Pairs of concurrent calls with one idempotency key, without kills and with a kill of the first caller's process."""

import asyncio
import logging
import random
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import select

from gateway.store.database import Database
from gateway.store.tables import idempotency, usage
from tests.clients.stops import STREAMS, asked
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.gateway import KEY, NO_CERTIFICATES, RunningGateway, running_gateway, scripted_config
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.thread import serving
from tests.servers.told_upstream import ToldUpstream
from tests.servers.upstreams import upstreams_app
from tests.store import postgres

_PAIRS = 400
_ROUNDS = 10
_PAIRS_OF_ROUND = 10
_LONGEST_KILL = 0.4
_PATIENCE = 90.0
_SETTLED_SECONDS = 40.0
_PAIR = re.compile(r"pair (\S+) of")
_SEED = 16


@dataclass(frozen=True)
class Reply:
    """What one call got; no status for one whose server was killed."""

    status: int | None
    body: bytes
    is_replayed: bool
    seconds: float


@dataclass
class Killed:
    """What became of pairs whose first caller's process was killed."""

    answered: int = 0
    conflicts: int = 0
    others: int = 0
    longest: float = 0.0
    different: int = 0
    calls: int = 0
    calls_without_row: int = 0
    rows_without_call: int = 0
    kept: int = 0


def report() -> str:
    """Two tables, each with both databases."""
    # The upstream writes to connections of gateways that were killed.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    lines = [
        f"{_PAIRS} pairs at once, two workers; all four operations, plain and streamed.",
        "",
        "| database | pairs | with one upstream call | with equal answers | replayed | usage rows | seconds |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    more = [
        "",
        f"{_ROUNDS * _PAIRS_OF_ROUND} pairs; the first caller's process is killed, the second caller's is another one.",
        "",
        "| database | second: 200 | 409 | other | longest (s) | third call differs | kept answers | upstream calls "
        "| without a row | rows without a call |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name in ("SQLite", "PostgreSQL"):
        with _upstream() as (upstream, url), _database(name) as environment:
            lines.append(f"| {name} | {asyncio.run(_pairs(upstream, url, environment))} |")
        with _upstream() as (upstream, url), _database(name) as environment:
            found = asyncio.run(_killed(upstream, url, environment))
        more.append(
            f"| {name} | {found.answered} | {found.conflicts} | {found.others} | {found.longest:.1f} "
            f"| {found.different} | {found.kept} | {found.calls} | {found.calls_without_row} "
            f"| {found.rows_without_call} |"
        )
    return "\n".join([*lines, *more])


async def _pairs(upstream: ChatUpstream, url: str, environment: Mapping[str, str]) -> str:
    with _gateway(url, {**environment, "WORKERS": "2"}) as gateway:
        async with _client(gateway) as client:
            begun = time.monotonic()
            sent = [_call(client, number, who) for number in range(_PAIRS) for who in ("first", "second")]
            replies = await asyncio.gather(*sent)
            seconds = time.monotonic() - begun
        calls = _calls(upstream)
        once = sum(calls[str(number)] == 1 for number in range(_PAIRS))
        pairs = list(zip(replies[::2], replies[1::2], strict=True))
        equal = sum(one.status == 200 and one.body == other.body for one, other in pairs)
        replayed = sum(reply.is_replayed for reply in replies)
        rows = await _settled_rows(environment, gateway, calls)
    return f"{_PAIRS} | {once} | {equal} | {replayed} | {rows.total()} | {seconds:.1f}"


async def _killed(upstream: ChatUpstream, url: str, environment: Mapping[str, str]) -> Killed:
    found = Killed()
    chance = random.Random(_SEED)
    with _gateway(url, environment) as other:
        shared = {"WAYSTONE_DATA": str(other.folder / "data"), **environment}
        async with _client(other) as client:
            for number in range(0, _ROUNDS * _PAIRS_OF_ROUND, _PAIRS_OF_ROUND):
                numbers = range(number, number + _PAIRS_OF_ROUND)
                await _round(upstream, (url, shared), client, numbers, found, chance)
            calls = _calls(upstream)
            rows = await _settled_rows(environment, other, calls)
            found.kept = await _read(environment, other, lambda c: len(c.execute(select(idempotency.c.digest)).all()))
        found.calls = calls.total()
        found.calls_without_row = (calls - rows).total()
        found.rows_without_call = (rows - calls).total()
    return found


async def _round(
    upstream: ChatUpstream,
    first: tuple[str, Mapping[str, str]],
    client: httpx.AsyncClient,
    numbers: Sequence[int],
    found: Killed,
    chance: random.Random,
) -> None:
    """Pairs, of which the first callers' process is killed at a random moment."""
    upstream.go_on.clear()
    with _gateway(*first) as killed:
        async with _client(killed) as doomed:
            firsts = [asyncio.create_task(_call(doomed, number, "first", "test/pause")) for number in numbers]
            await asyncio.sleep(chance.uniform(0.02, _LONGEST_KILL))
            seconds = [asyncio.create_task(_call(client, number, "second", "test/pause")) for number in numbers]
            if chance.random() < 0.3:
                # Some are answered before the kill, or in that moment.
                upstream.go_on.set()
            await asyncio.sleep(chance.uniform(0.0, _LONGEST_KILL))
            killed.process.kill()
            upstream.go_on.set()
            await asyncio.gather(*firsts)
            replies = await asyncio.gather(*seconds)
    for number, reply in zip(numbers, replies, strict=True):
        found.longest = max(found.longest, reply.seconds)
        match reply.status:
            case 200:
                found.answered += 1
                third = await _call(client, number, "third", "test/pause")
                found.different += third.body != reply.body or not third.is_replayed
            case 409:
                found.conflicts += 1
            case _:
                found.others += 1


async def _call(client: httpx.AsyncClient, number: int, who: str, model: str = "test/echo") -> Reply:
    path = STREAMS[number % len(STREAMS)]
    body = asked(path, model, stream=model == "test/pause" or number % 8 >= 4)
    text = f"This is pair {number} of many, with a text that is long enough to come in pieces."
    body |= {"input": text} if "input" in body else {"messages": [{"role": "user", "content": text}]}
    headers = {"idempotency-key": f"pair {number}", "x-request-id": f"pair.{number}.{who}"}
    begun = time.monotonic()
    try:
        reply = await client.post(path, json=body, headers=headers)
    except httpx.TransportError:
        return Reply(None, b"", False, time.monotonic() - begun)
    is_replayed = "x-waystone-replayed" in reply.headers
    return Reply(reply.status_code, reply.content, is_replayed, time.monotonic() - begun)


def _calls(upstream: ChatUpstream) -> Counter[str]:
    """The upstream calls of each pair."""
    return Counter(_PAIR.findall(" ".join(str(body["messages"][-1]) for body in upstream.received)))


async def _settled_rows(environment: Mapping[str, str], gateway: RunningGateway, calls: Counter[str]) -> Counter[str]:
    """The usage rows of each pair, once every call has one, or when that takes too long."""
    until = time.monotonic() + _SETTLED_SECONDS
    while True:
        ids = await _read(environment, gateway, lambda c: [*c.execute(select(usage.c.request_id)).scalars()])
        rows = Counter(id_.split(".")[1] for id_ in ids)
        if not calls - rows or time.monotonic() > until:
            return rows
        await asyncio.sleep(0.5)


async def _read(environment: Mapping[str, str], gateway: RunningGateway, work: Any) -> Any:
    database = await Database.open(environment.get("DATABASE_URL", f"sqlite:///{gateway.folder}/data/waystone.db"))
    try:
        return await database.read(work)
    finally:
        await database.close()


def _client(gateway: RunningGateway) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    headers = {"authorization": f"Bearer {KEY}"}
    return httpx.AsyncClient(
        base_url=gateway.url, headers=headers, timeout=_PATIENCE, limits=limits, verify=NO_CERTIFICATES
    )


@contextmanager
def _gateway(upstream_url: str, environment: Mapping[str, str]) -> Iterator[RunningGateway]:
    config = {**scripted_config(f"{upstream_url}/v1"), "embedded": {"enabled": False}}
    with tempfile.TemporaryDirectory() as folder, running_gateway(Path(folder), config, environment) as gateway:
        yield gateway


@contextmanager
def _upstream() -> Iterator[tuple[ChatUpstream, str]]:
    upstream = ChatUpstream()
    with serving(upstreams_app(upstream, ResponsesUpstream(), ToldUpstream())) as url:
        yield upstream, url
        upstream.go_on.set()


@contextmanager
def _database(name: str) -> Iterator[Mapping[str, str]]:
    """A gateway's environment."""
    with ExitStack() as stack:
        if name == "SQLite":
            yield {}
            return
        installed = postgres.wheel()
        assert installed is not None, postgres.HOW_TO_GET_IT
        yield {"DATABASE_URL": stack.enter_context(postgres.running(installed)).url}
