"""The parts that measure `/v1/responses`: its speed with and without a store, large requests, long chains."""

import http.client
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import Any

import orjson

from scripts.benchmark import wrk
from scripts.benchmark.bodies import CHAT, FLOOR, RESPONSES, Bodies
from scripts.benchmark.errors import BenchmarkError
from scripts.benchmark.processes import Server, on_core
from scripts.benchmark.rounds import Figures, alternate
from scripts.benchmark.sections import Aim, Bench, Section
from scripts.benchmark.servers import KEY, PROVIDER
from scripts.benchmark.tables import table
from scripts.benchmark.upstream import EVENTS

_MIB = 1024 * 1024
_DECISIVE = 8
_ITEMS = 400
_LARGE_BYTES = 1_000_000
_SAMPLES = 15
_HEADERS = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}


def throughput(bench: Bench) -> Section:
    """Requests and events per second beside the floor, and what the store does to memory."""
    figures = {is_stream: _beside_floor(bench, is_stream=is_stream) for is_stream in (False, True)}
    rows = [
        _row(kind, one)
        for kind, is_stream in (("plain", False), (f"{EVENTS} events", True))
        for one in figures[is_stream]
    ]
    heads = ["answer", "asked", "connections", "requests/s", "p50 ms", "p99 ms", "of the floor", "CPU µs"]
    growth = _growth(bench)
    grown = [[f"{requests:,}", f"{size / _MIB:.1f}"] for requests, size in growth]
    return Section(
        "### Responses beside the floor's chat\n\n"
        + table(heads, rows)
        + "\n\nResident memory after so many more stored responses:\n\n"
        + table(["requests", "MiB"], grown),
        {
            "plain": [one.document() for one in figures[False]],
            "stream": [one.document() for one in figures[True]],
            "growth": [{"requests": requests, "bytes": size} for requests, size in growth],
        },
        _aims(figures[False], figures[True]),
    )


def large(bench: Bench) -> Section:
    """The gateway's time for one request of a megabyte: beside the upstream's own for what it is sent."""
    items = [_item(number, _LARGE_BYTES // _ITEMS) for number in range(_ITEMS)]
    asked = orjson.dumps({"model": f"{PROVIDER}/static", "input": items, "store": False})
    stored = orjson.dumps({"model": f"{PROVIDER}/static", "input": items})
    direct = orjson.dumps({"model": "static", "messages": [_message(item) for item in items]})
    servers, core = bench.servers, bench.place.cores.load
    with on_core(core):
        beside = _times(servers.upstream, CHAT, direct)
        alone, kept = _times(servers.gateway, RESPONSES, asked), _times(servers.gateway, RESPONSES, stored)
    added = {"store: false": median(alone) - median(beside), "store: true": median(kept) - median(beside)}
    rows = [[name, f"{len(asked) / 1e6:.2f}", str(_ITEMS), f"{value:.1f}"] for name, value in added.items()]
    return Section(
        "### One large request\n\n" + table(["asked", "MB", "items", "gateway's time ms"], rows),
        {"bytes": len(asked), "added_ms": added},
        [Aim(f"gateway's time, {_ITEMS} items in 1 MB", added["store: false"], 25, "ms")],
    )


def chain(bench: Bench) -> Section:
    """The gateway's time for the last turn of a long chain: beside the upstream's own for the whole conversation."""
    servers, core = bench.servers, bench.place.cores.load
    with on_core(core), _connected(servers.gateway) as connection:
        begun = time.monotonic()
        previous: str | None = None
        for number in range(bench.turns - 1):
            previous = _post(connection, RESPONSES, _turn(number, previous))["id"]
        whole = time.monotonic() - begun
        last = orjson.dumps(_turn(bench.turns, previous))
        times = _times(servers.gateway, RESPONSES, last)
        turns = [*range(bench.turns - 1), bench.turns]
        messages = [message for number in turns for message in _exchange(number)][:-1]
        beside = _times(servers.upstream, CHAT, orjson.dumps({"model": "static", "messages": messages}))
    added = median(times) - median(beside)
    row = [str(bench.turns), f"{whole:.1f}", f"{median(times):.1f}", f"{added:.1f}"]
    return Section(
        "### A long chain of responses\n\n"
        + table(["turns", "all of them s", "the last one ms", "gateway's time ms"], [row]),
        {"turns": bench.turns, "last_ms": median(times), "added_ms": added},
        [Aim(f"gateway's time, turn {bench.turns} of a chain", added, 60, "ms")],
    )


def _beside_floor(bench: Bench, *, is_stream: bool) -> list[Figures]:
    targets = Bodies(bench.place.folder).responses_beside_floor(bench.servers, is_stream=is_stream)
    return alternate(targets, _DECISIVE, bench.effort, bench.place.cores.load)


def _row(kind: str, one: Figures) -> list[str]:
    speed, share = f"{one.per_second:,.0f}", "" if one.name == FLOOR else f"{one.share:.2f}"
    return [
        *(kind, one.name, str(one.connections), speed),
        *(f"{one.p50_ms:.2f}", f"{one.p99_ms:.2f}", share, f"{one.cpu_us:.0f}"),
    ]


def _aims(plain: Sequence[Figures], stream: Sequence[Figures]) -> list[Aim]:
    return [
        Aim(f"{plain[1].name}, of the floor's requests per second", plain[1].share, 0.45, "", is_least=True),
        Aim(f"{plain[2].name}, of the floor's requests per second", plain[2].share, 0.25, "", is_least=True),
        Aim(f"{plain[2].name}, p99 at {_DECISIVE} connections", plain[2].p99_ms, 15, "ms"),
        Aim(f"streamed {stream[1].name}, of the floor's events per second", stream[1].share, 0.3, "", is_least=True),
        Aim(f"streamed {stream[2].name}, of the floor's events per second", stream[2].share, 0.3, "", is_least=True),
    ]


def _growth(bench: Bench) -> list[tuple[int, int]]:
    """Resident bytes after each of a few loads of stored responses."""
    *_, stored = Bodies(bench.place.folder).responses_beside_floor(bench.servers, is_stream=False)
    seen: list[tuple[int, int]] = []
    served = 0
    for _ in range(4):
        served += wrk.load(stored, _DECISIVE, 2 * bench.effort.seconds, bench.place.cores.load).requests
        seen.append((served, bench.servers.gateway.resident_bytes()))
    return seen


def _item(number: int, size: int) -> dict[str, Any]:
    text = f"{number:04} " * ((size - 90) // 5)
    match number % 4:
        case 0:
            return {"type": "message", "role": "user", "content": [{"type": "input_text", "text": text}]}
        case 1:
            return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}
        case 2:
            arguments = orjson.dumps({"text": text}).decode()
            return {"type": "function_call", "call_id": f"call_{number}", "name": "write", "arguments": arguments}
        case _:
            return {"type": "function_call_output", "call_id": f"call_{number - 1}", "output": text}


def _message(item: dict[str, Any]) -> dict[str, Any]:
    """About what the upstream is sent for an item."""
    if item["type"] == "message":
        return {"role": item["role"], "content": item["content"][0]["text"]}
    return {"role": "tool", "tool_call_id": item["call_id"], "content": item.get("output", item.get("arguments"))}


def _turn(number: int, previous: str | None) -> dict[str, Any]:
    return {"model": f"{PROVIDER}/static", "input": _question(number), "previous_response_id": previous}


def _exchange(number: int) -> list[dict[str, Any]]:
    return [{"role": "user", "content": _question(number)}, {"role": "assistant", "content": _question(number)}]


def _question(number: int) -> str:
    return f"Question {number}: what stands at the next crossroads, and which way does it point? " * 3


@contextmanager
def _connected(server: Server) -> Iterator[http.client.HTTPConnection]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


def _times(server: Server, path: str, body: bytes) -> list[float]:
    """Milliseconds of each of some requests, one after the other."""
    times: list[float] = []
    with _connected(server) as connection:
        for _ in range(_SAMPLES):
            begun = time.perf_counter()
            _send(connection, path, body)
            times.append((time.perf_counter() - begun) * 1000)
    return times[1:]


def _post(connection: http.client.HTTPConnection, path: str, asked: dict[str, Any]) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(_send(connection, path, orjson.dumps(asked)))
    return document


def _send(connection: http.client.HTTPConnection, path: str, body: bytes) -> bytes:
    connection.request("POST", path, body, _HEADERS)
    response = connection.getresponse()
    answer = response.read()
    if response.status != 200:
        raise BenchmarkError(f"{path} answered {response.status}: {answer[:500]!r}")
    return answer
