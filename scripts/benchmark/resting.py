"""How long the gateway takes to start, and the memory of its processes before they have anything to do."""

from pathlib import Path
from statistics import median

from scripts.benchmark.processes import Server, family, resident_mib, running
from scripts.benchmark.report import table
from scripts.benchmark.servers import Servers


def starts(servers: Servers, count: int) -> str:
    """Start the gateway so many times with one worker, each with a new database, and once with two."""
    seconds = []
    for _ in range(count):
        with running(servers.gateway(), servers.folder) as gateway:
            seconds.append(gateway.start_seconds)
            memory = {"one worker, the only process": resident_mib(gateway.process.pid)}
    with running(servers.gateway(workers=2), servers.folder) as gateway:
        memory |= _by_process(gateway)
    start = [f"{value:.2f}" for value in (median(seconds), min(seconds), max(seconds))]
    return (
        "### Cold start and idle memory\n\n"
        f"From the command to the first 200 of /health/ready, with a new database:\n\n"
        f"{table(('median s', 'least', 'most'), [start])}\n"
        f"{table(('process', 'RSS MiB'), [[name, f'{mib:.1f}'] for name, mib in memory.items()])}"
    )


def _by_process(gateway: Server) -> dict[str, float]:
    supervisor, *children = family(gateway.process.pid)
    # Python's own resource tracker is a child, too.
    workers = [child for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    memory = {f"two workers, worker {number}": resident_mib(worker) for number, worker in enumerate(workers, 1)}
    return {**memory, "two workers, supervisor": resident_mib(supervisor)}
