"""What scripts/generate writes under generated/, and how that is compared with the sources."""

import json
from difflib import unified_diff
from pathlib import Path

from scripts.contract.bundle import bundle
from scripts.contract.models import models
from scripts.contract.sources import ContractError
from scripts.contract.style import offences

PACKAGE = '"""What scripts/generate makes of openapi/: the contract as one document, and its types."""\n'


def build(openapi: Path) -> dict[str, str]:
    """The text of each generated file by its name.

    Raises `ContractError` if the sources do not make a contract or break its style.
    """
    document = bundle(openapi)
    found = offences(document)
    if found:
        raise ContractError("\n".join(found))
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return {"__init__.py": PACKAGE, "models.py": models(document), "openapi.json": text}


def write(files: dict[str, str], folder: Path) -> list[str]:
    """Write what has changed; the names of the files written."""
    folder.mkdir(exist_ok=True)
    changed = [name for name, text in files.items() if _current(folder / name) != text]
    for name in changed:
        (folder / name).write_text(files[name], encoding="utf-8")
    return changed


def drift(files: dict[str, str], folder: Path) -> str:
    """A unified diff from what stands in the folder to what the sources give; empty where they agree."""
    lines: list[str] = []
    for name, text in files.items():
        old = _current(folder / name).splitlines(keepends=True)
        lines += unified_diff(old, text.splitlines(keepends=True), f"{folder.name}/{name}", "from the sources")
    return "".join(lines)


def _current(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
