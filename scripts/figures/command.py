"""The command line of scripts/house."""

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence

from scripts.benchmark.report import table
from scripts.figures import passed, source
from scripts.figures.passed import Passed


def run(arguments: Sequence[str]) -> int:
    """Print what the arguments request; the exit status."""
    parser = argparse.ArgumentParser("scripts/house", description="Print the figures of the gateway's source.")
    parser.add_argument("--files", action="store_true", help="only list the files that each request passes, as JSON")
    parser.add_argument("--way", action="store_true", help="list the functions that each request passes, in order")
    options = parser.parse_args(arguments)
    requests, calls = passed.measure()
    if options.files:
        print(
            json.dumps({name: [*dict.fromkeys(path for path, _ in found.steps())] for name, found in requests.items()})
        )
        return 0
    print(table(("figure", "now"), [[name, str(value)] for name, value in _figures(requests, calls)]))
    if options.way:
        for name, found in requests.items():
            print(f"\n### What a {name} passes\n\n{_way(found)}")
    return 0


def _figures(requests: Mapping[str, Passed], calls: int) -> Iterator[tuple[str, int]]:
    for name, found in requests.items():
        yield f"files that a {name} passes", len(found.files)
        yield f"functions that a {name} passes", len(found.functions)
    yield f"Python calls of a {passed.NATIVE.note}", calls
    yield from source.figures().items()


def _way(found: Passed) -> str:
    rows = [[path, ", ".join(f"`{name}`" for name in names)] for path, names in found.steps() if names]
    return "\n".join(["| file | functions |", "| --- | --- |", *(f"| {path} | {names} |" for path, names in rows)])


if __name__ == "__main__":
    raise SystemExit(run(sys.argv[1:]))
