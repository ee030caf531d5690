"""The command line of scripts/document."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import unified_diff
from pathlib import Path

from scripts.documents import fidelity, way

PAGES: Mapping[str, Callable[[], str]] = {"fidelity.md": fidelity.document, "a-requests-way.md": way.document}
"""The pages of docs/ that are made from code."""


def run(root: Path, arguments: Sequence[str]) -> int:
    """Write the pages, or with --check compare them; the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/document", description="Write the pages of docs/ that code gives.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 with a diff where they differ")
    options = parser.parse_args(arguments)
    changed = 0
    for name, make in PAGES.items():
        path, text = root / "docs" / name, make()
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if old == text:
            continue
        changed += 1
        if options.check:
            lines = unified_diff(old.splitlines(keepends=True), text.splitlines(keepends=True), name, "from the code")
            sys.stdout.writelines(lines)
        else:
            path.write_text(text, encoding="utf-8")
            print(f"wrote docs/{name}")
    return 1 if options.check and changed else 0
