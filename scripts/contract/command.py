"""The command line of scripts/generate."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.contract import artifacts, scaffold
from scripts.contract.bundle import bundle
from scripts.contract.sources import ContractError


def run(root: Path, arguments: Sequence[str]) -> int:
    """Do what the arguments ask, in the project at `root`; the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/generate", description="Write generated/ from openapi/.")
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="only compare; exit 1 with a diff where they differ")
    choice.add_argument("--scaffold", action="store_true", help="also begin the handlers that are missing")
    options = parser.parse_args(arguments)
    try:
        files = artifacts.build(root / "openapi")
        if options.check:
            return _check(artifacts.drift(files, root / "generated"))
        for name in artifacts.write(files, root / "generated"):
            print(f"wrote generated/{name}")
        if options.scaffold:
            for place in scaffold.write_missing(bundle(root / "openapi"), root):
                print(f"began {place}")
    except ContractError as error:
        print(f"scripts/generate: {error}", file=sys.stderr)
        return 1
    return 0


def _check(difference: str) -> int:
    sys.stdout.write(difference)
    if difference:
        print("scripts/generate: generated/ is not what openapi/ gives; run scripts/generate", file=sys.stderr)
    return 1 if difference else 0
