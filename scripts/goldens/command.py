"""scripts/golden: record what the gateway does with many requests, or compare it with what was recorded."""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path

import gateway
from scripts.goldens import golden_file
from scripts.goldens.collection import collection
from scripts.goldens.configuration import CONFIG
from scripts.goldens.default_replies import DEFAULTS
from scripts.goldens.differences import ORDER, differences
from scripts.goldens.playing import play


def main() -> int:
    """Run the command; 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="scripts/golden", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    record = verbs.add_parser("record", help="play every case and write it, with what became of it, into FILE")
    compare = verbs.add_parser("compare", help="play the cases of FILE again and print what differs")
    for verb in (record, compare):
        verb.add_argument("file", type=Path, metavar="FILE")
        verb.add_argument("--only", default="", metavar="TEXT", help="only cases with this text in their name")
    given = parser.parse_args()
    if sys.flags.hash_randomization:
        parser.error("PYTHONHASHSEED=0 is needed: which of several fields an error names is in the order of hashes")
    print(f"gateway: {Path(str(gateway.__file__)).parent}", file=sys.stderr)
    return _record(given.file, given.only) if given.verb == "record" else _compare(given.file, given.only)


def _record(file: Path, only: str) -> int:
    began = time.monotonic()
    cases = [case for case in collection() if only in case.name]
    outcomes = play(cases, CONFIG, DEFAULTS)
    golden_file.write(file, golden_file.Golden(CONFIG, DEFAULTS, cases, outcomes))
    statuses = Counter(step["status"] for outcome in outcomes for step in outcome)
    kinds = Counter(case.name.partition(" ")[0] for case in cases)
    print(f"{len(cases)} cases in {time.monotonic() - began:.0f} s: {dict(kinds)}")
    print(f"statuses: {dict(sorted(statuses.items()))}")
    return 0


def _compare(file: Path, only: str) -> int:
    golden = golden_file.read(file)
    chosen = [number for number, case in enumerate(golden.cases) if only in case.name]
    cases = [golden.cases[number] for number in chosen]
    outcomes = play(cases, golden.config, golden.defaults)
    counts: Counter[str] = Counter()
    names = set()
    for number, case, outcome in zip(chosen, cases, outcomes, strict=True):
        for difference in differences(case.name, golden.outcomes[number], outcome):
            if not difference.kind.endswith(ORDER):
                print(difference, end="\n\n")
            counts[difference.kind] += 1
            names.add(case.name)
    for kind, count in counts.most_common():
        print(f"{count:6} {kind}")
    print(f"{sum(counts.values())} differences in {len(names)} of {len(cases)} cases")
    return 1 if counts else 0


if __name__ == "__main__":
    sys.exit(main())
