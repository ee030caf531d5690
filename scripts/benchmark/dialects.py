"""The parts that measure dialects alone, without sockets: reading streams, and translating requests and replies.

They count processor time: it is what a core gives, whatever else the machine does.
"""

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

import orjson

from gateway.dialects import DIALECTS, Dialect
from gateway.dialects.base import Origin
from gateway.events import Done, Event
from gateway.generation import Generation
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from scripts.benchmark.errors import BenchmarkError
from scripts.benchmark.processes import on_core
from scripts.benchmark.sections import Aim, Bench, Section
from scripts.benchmark.tables import table
from scripts.benchmark.wires import REPLIES, WIRES

_EVENTS = 5000
# What a socket gives at once when an upstream is faster than its reader.
_CHUNK_BYTES = 4096
_ROUNDS = 9
_EACH = 40
_LEAST_SPEED = 60_000
_MOST_ADDED_MS = 0.4
_SURFACE = OpenAIChatSurface()
_ORIGIN = Origin("bench", "static")


def decoding(bench: Bench) -> Section:
    """Events per second of one core, from the stream's bytes to neutral events."""
    rounds = max(3, bench.effort.rounds)
    with on_core(bench.place.cores.server):
        speeds = {name: median(_speed(name) for _ in range(rounds)) for name in WIRES if name in DIALECTS}
    rows = [[name, f"{speed:,.0f}"] for name, speed in speeds.items()]
    return Section(
        f"### Reading a stream of {_EVENTS:,} events in pieces of {_CHUNK_BYTES} bytes\n\n"
        + table(["dialect", "events/s"], rows),
        {name: round(speed) for name, speed in speeds.items()},
        [
            Aim(f"reading a stream, {name}", speed, _LEAST_SPEED, "events/s", is_least=True)
            for name, speed in speeds.items()
        ],
    )


def translation(bench: Bench) -> Section:
    """What a request with 20 messages and 5 tools, and its reply, take in each dialect over the chat dialect."""
    body = orjson.dumps(_body())
    with on_core(bench.place.cores.server):
        times = _beside_each_other({name: _exchange(DIALECTS[name], body) for name in REPLIES if name in DIALECTS})
    chat = times["openai-chat"]
    added = {name: spent - chat for name, spent in times.items() if name != "openai-chat"}
    rows = [[name, f"{spent:.3f}", f"{added[name]:.3f}" if name in added else ""] for name, spent in times.items()]
    return Section(
        "### A chat request with 20 messages and 5 tools, and its reply\n\n"
        + table(["dialect", "ms", "added ms"], rows),
        {"ms": times, "added_ms": added},
        [Aim(f"translation to {name} and back", spent, _MOST_ADDED_MS, "ms") for name, spent in added.items()],
    )


def _speed(name: str) -> float:
    dialect, wire = DIALECTS[name], b"".join(WIRES[name](_EVENTS))
    chunks = [wire[start : start + _CHUNK_BYTES] for start in range(0, len(wire), _CHUNK_BYTES)]
    generation = Generation("bench/static", is_stream=True)
    reader, decoder = dialect.reader(), dialect.decoder(generation, _ORIGIN, is_native=False)
    last: Sequence[Event] = ()
    begun = time.process_time()
    for chunk in chunks:
        for payload in reader.feed(chunk):
            last = decoder.feed(payload) or last
    for payload in reader.end():
        last = decoder.feed(payload) or last
    last = decoder.end() or last
    spent = time.process_time() - begun
    if not last or not isinstance(last[-1], Done):
        raise BenchmarkError(f"the stream of {name} was not read to its end: {last[-3:]}")
    return _EVENTS / spent


def _exchange(dialect: Dialect, body: bytes) -> Callable[[], None]:
    """From the client's body to the upstream's request, and from its reply to the client's."""
    is_native = dialect.name == _SURFACE.dialect
    reply = REPLIES[dialect.name]

    def run() -> None:
        generation = _SURFACE.read(orjson.loads(body))
        if not is_native:
            _SURFACE.translate(generation, _ORIGIN.provider)
        dialect.encode(generation, _ORIGIN)
        events = dialect.decode_reply(reply, generation, _ORIGIN, is_native=is_native)
        _SURFACE.writer(generation, Author(_ORIGIN.provider, _ORIGIN.model, _unsealed)).reply(events)

    return run


def _beside_each_other(runs: dict[str, Callable[[], None]]) -> dict[str, float]:
    """Milliseconds of each, medians of alternating rounds."""
    seen: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(_ROUNDS):
        for name, run in runs.items():
            begun = time.process_time()
            for _ in range(_EACH):
                run()
            seen[name].append((time.process_time() - begun) / _EACH * 1000)
    return {name: median(times) for name, times in seen.items()}


def _unsealed(_: Any) -> str:
    return ""


def _body() -> dict[str, Any]:
    """Twenty messages, four of them calls and their outputs, and five tools."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You are a careful assistant. " * 10}]
    for turn in range(5):
        messages.append({"role": "user", "content": f"What stands at crossroads {turn}? " * 5})
        if turn % 2:
            messages.append({"role": "assistant", "content": "A stone with three arms. " * 10})
            continue
        call = {"name": "look", "arguments": '{"place": "crossroads", "distance": 3}'}
        messages.append(
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": f"call_{turn}", "type": "function", "function": call}],
            }
        )
        messages.append({"role": "tool", "tool_call_id": f"call_{turn}", "content": "A stone, mossy. " * 10})
        messages.append({"role": "assistant", "content": "There stands a stone. " * 10})
    messages.append({"role": "user", "content": "And at the next one?"})
    messages += [{"role": "user", "content": "And why?"}] * (20 - len(messages))
    return {
        **{"model": "bench/static", "messages": messages, "temperature": 0.2, "max_tokens": 500},
        "tools": [_tool(number) for number in range(5)],
        "tool_choice": "auto",
    }


def _tool(number: int) -> dict[str, Any]:
    properties = {f"field_{place}": {"type": "string", "description": "What is meant by it."} for place in range(5)}
    parameters = {"type": "object", "properties": properties, "required": ["field_0"], "additionalProperties": False}
    function = {
        "name": "look" if not number else f"tool_{number}",
        "description": "Looks around.",
        "parameters": parameters,
    }
    return {"type": "function", "function": function}
