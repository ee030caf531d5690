"""The command line of scripts/document."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from difflib import unified_diff
from functools import partial
from pathlib import Path

from gateway.settings.bounds import Bounds
from scripts.documents import fidelity, providers, setting_rules, settings, way
from scripts.documents.marked import MarkerError, fill

Tables = Mapping[str, Callable[[], str]]
Pages = Mapping[str, Callable[[str], str]]

README: Tables = {"variables": settings.variables, "providers": providers.summary}
CONFIGURATION: Tables = {
    "top": settings.top,
    **{name: partial(settings.bounds, name) for name in Bounds.model_fields},
    "access_log": settings.access_log,
    "provider": settings.provider,
    "profile": settings.profile,
    "prompts": settings.prompts,
    "variables": providers.variables,
}
PAGES: Pages = {
    "README.md": lambda page: fill(page, README),
    "docs/configuration.md": lambda page: fill(page, CONFIGURATION),
    "docs/settings.md": lambda _: setting_rules.document(),
    "docs/fidelity.md": lambda _: fidelity.document(),
    "docs/a-requests-way.md": lambda _: way.document(),
}
"""The pages that code gives, as a whole or in part, by their place: from each as it is to what it should be."""


def run(root: Path, arguments: Sequence[str], pages: Pages = PAGES) -> int:
    """Write the pages, or with --check compare them; the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/document", description="Write the pages and tables that code gives.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 with a diff where they differ")
    options = parser.parse_args(arguments)
    try:
        changed = [name for name, make in pages.items() if _update(root / name, make, name, is_check=options.check)]
    except MarkerError as error:
        print(f"scripts/document: {error}", file=sys.stderr)
        return 1
    return 1 if options.check and changed else 0


def _update(path: Path, make: Callable[[str], str], name: str, *, is_check: bool) -> bool:
    """Write one page, or print how it differs; whether it was not what it should be."""
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    text = make(old)
    if old == text:
        return False
    if is_check:
        lines = unified_diff(old.splitlines(keepends=True), text.splitlines(keepends=True), name, "from the code")
        sys.stdout.writelines(lines)
    else:
        path.write_text(text, encoding="utf-8")
        print(f"wrote {name}")
    return True
