"""The parts of a benchmark: each measures one thing and gives a section of the report."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from scripts.benchmark import dialects, first_event, responses, slow_streams, wrk
from scripts.benchmark.bodies import CHAT, FLOOR, RESPONSES, UPSTREAM, Bodies
from scripts.benchmark.rounds import Figures, alternate
from scripts.benchmark.sections import Aim, Bench, Section
from scripts.benchmark.servers import running_gateway
from scripts.benchmark.tables import table
from scripts.benchmark.upstream import EVENTS

_MIB = 1024 * 1024
# The number of connections at which the issue sets its targets.
_DECISIVE = 8


def plain(bench: Bench) -> Section:
    """Requests per second of plain replies."""
    figures = _beside_floor(bench, is_stream=False)
    rows = [[*_named(one), f"{one.per_second:,.0f}", *_compared(one)] for one in figures]
    heads = ["asked", "connections", "requests/s", "p50 ms", "p99 ms", "of the floor", "CPU µs", "spread"]
    return Section(
        "### Plain replies\n\n" + table(heads, rows),
        [one.document() for one in figures],
        _share_aim(figures, 0.55, "plain chat, of the floor's requests per second"),
    )


def stream(bench: Bench) -> Section:
    """Streams and events per second, when the upstream sends a whole answer at once."""
    figures = _beside_floor(bench, is_stream=True)
    rows = [
        [*_named(one), f"{one.per_second:,.0f}", f"{one.per_second * EVENTS:,.0f}", *_compared(one)] for one in figures
    ]
    heads = [
        "asked",
        "connections",
        "streams/s",
        "events/s",
        "p50 ms",
        "p99 ms",
        "of the floor",
        "CPU µs",
        "spread",
    ]
    return Section(
        f"### Streams of {EVENTS} events, sent at once\n\n" + table(heads, rows),
        [{**one.document(), "events_per_second": round(one.per_second * EVENTS)} for one in figures],
        _share_aim(figures, 0.5, "streamed chat, of the floor's events per second"),
    )


def latency(bench: Bench) -> Section:
    """What the gateway adds for one caller: to a plain reply, and to the first event of a stream."""
    bodies, core = Bodies(bench.place.folder), bench.place.cores.load
    whole = alternate(bodies.beside_upstream(bench.servers), 1, bench.effort, core)
    first = first_event.delays(bench.servers, bench.first_events, core)
    p50 = {one.name: one.p50_ms for one in whole}
    rows = [
        [name, f"{p50[name]:.3f}", _added(p50, name), f"{first[name]:.3f}", _added(first, name)]
        for name in (UPSTREAM, FLOOR, CHAT)
    ]
    rows.append([RESPONSES, "", "", f"{first[RESPONSES]:.3f}", _added(first, RESPONSES)])
    heads = ["asked", "plain p50 ms", "added ms", "first event after ms", "added ms"]
    added, added_first = p50[CHAT] - p50[UPSTREAM], first[CHAT] - first[UPSTREAM]
    return Section(
        "### Latency with one connection\n\n" + table(heads, rows),
        {"plain_p50_ms": p50, "first_event_ms": first},
        [
            Aim("added latency, 1 connection, p50", added, 0.35, "ms"),
            Aim("first event after the upstream's", added_first, 1.0, "ms"),
            Aim(f"the same of {RESPONSES}", first[RESPONSES] - first[UPSTREAM], 1.5, "ms"),
        ],
    )


def memory(bench: Bench) -> Section:
    """Resident memory of one worker, before and after load of its own."""
    bodies, gateway = Bodies(bench.place.folder), bench.servers.gateway
    for is_stream in (False, True):
        target = bodies.gateway_chat(gateway, is_stream=is_stream)
        wrk.load(target, max(bench.effort.connections), bench.effort.seconds, bench.place.cores.load)
    idle, after = bench.servers.idle_bytes / _MIB, gateway.resident_bytes() / _MIB
    return Section(
        "### Resident memory of one worker\n\n"
        + table(["when", "MiB"], [["idle", f"{idle:.1f}"], ["after load", f"{after:.1f}"]]),
        {"idle_mib": round(idle, 1), "after_load_mib": round(after, 1)},
        # The target is in megabytes, of a million bytes.
        [Aim("idle RSS, model not loaded", bench.servers.idle_bytes / 1e6, 110, "MB")],
    )


def slow(bench: Bench) -> Section:
    """Many slow streams at once."""
    outcome = slow_streams.run(bench.servers.gateway, bench.slow, bench.place.cores.load)
    peak = outcome.peak_bytes / _MIB
    pace = f"{bench.slow.events} events each, one every {bench.slow.pause:g} s"
    row = [pace, str(outcome.streams), str(outcome.lost), f"{outcome.longest:.2f}", f"{peak:.1f}"]
    return Section(
        "### Slow streams at once, one worker\n\n"
        + table(["streams", "begun", "lost", "longest s", "peak RSS MiB"], [row]),
        {"streams": outcome.streams, "lost": outcome.lost, "longest_s": outcome.longest, "peak_mib": peak},
        [
            Aim(f"lost of {outcome.streams} slow streams", outcome.lost, 0, "streams"),
            Aim(f"RSS with {outcome.streams} slow streams", outcome.peak_bytes / 1e6, 200, "MB"),
        ],
    )


def start(bench: Bench) -> Section:
    """Seconds from spawning the command to the first 200 of /health/ready, each time with a new database."""
    seconds = []
    for _ in range(bench.starts):
        with running_gateway(bench.place, bench.servers.upstream) as gateway:
            seconds.append(gateway.ready - gateway.begun)
    row = [f"{median(seconds):.2f}", f"{min(seconds):.2f}", f"{max(seconds):.2f}"]
    return Section(
        "### Cold start\n\n" + table(["median s", "least", "most"], [row]),
        {"seconds": [round(one, 3) for one in seconds]},
        [Aim("cold start to ready", median(seconds), 3.0, "s")],
    )


PARTS: Mapping[str, Callable[[Bench], Section]] = {
    "plain": plain,
    "stream": stream,
    "latency": latency,
    "memory": memory,
    "slow": slow,
    "start": start,
    "responses": responses.throughput,
    "large": responses.large,
    "chain": responses.chain,
    "decoding": dialects.decoding,
    "translation": dialects.translation,
}


def _beside_floor(bench: Bench, *, is_stream: bool) -> list[Figures]:
    targets = Bodies(bench.place.folder).beside_floor(bench.servers, is_stream=is_stream)
    core = bench.place.cores.load
    return [
        figures
        for connections in bench.effort.connections
        for figures in alternate(targets, connections, bench.effort, core)
    ]


def _named(figures: Figures) -> list[str]:
    return [figures.name, str(figures.connections)]


def _compared(figures: Figures) -> list[str]:
    return [
        f"{figures.p50_ms:.2f}",
        f"{figures.p99_ms:.2f}",
        "" if figures.name == FLOOR else f"{figures.share:.2f}",
        f"{figures.cpu_us:.0f}",
        f"{figures.spread:.0%}",
    ]


def _added(values: Mapping[str, float], name: str) -> str:
    return "" if name == UPSTREAM else f"{values[name] - values[UPSTREAM]:.3f}"


def _share_aim(figures: Sequence[Figures], target: float, what: str) -> list[Aim]:
    return [
        Aim(f"{what}, {_DECISIVE} connections", one.share, target, "", is_least=True)
        for one in figures
        if one.name == CHAT and one.connections == _DECISIVE
    ]
