"""Writes docs/a-requests-way.md: the files that a request passes, in order, with what each is for."""

import ast
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.documents.table import RIGHT, table

ROOT = Path(__file__).resolve().parents[2]

_INTRODUCTION = """# A request's way

Written by `scripts/document`, from two requests that were sent in process to a gateway with a scripted upstream
(`scripts/house --way` has the functions, too). Files of the web server and of libraries are left out, and so is
whatever only some requests need: routing over several candidates, tools, streams, errors.
"""

_HEADINGS = {
    "native request": (
        "Native",
        "`POST /v1/chat/completions` to an upstream that speaks chat, too: the body travels as it came.",
    ),
    "translated request": (
        "Translated",
        "`POST /v1/responses`, not stored, to Anthropic: read into a prompt, written by the dialect.",
    ),
}


def document() -> str:
    """The page."""
    # In a process of its own: what has been imported or cached in this one would change what a request passes.
    command = [sys.executable, "-m", "scripts.figures.command", "--files"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    requests: dict[str, list[str]] = json.loads(done.stdout)
    return "\n".join([_INTRODUCTION, *(_section(name, paths) for name, paths in requests.items())])


def _section(name: str, paths: Sequence[str]) -> str:
    heading, sentence = _HEADINGS[name]
    rows = [(str(number), f"`{path}`", _purpose(path)) for number, path in enumerate(paths, 1)]
    return f"## {heading}\n\n{sentence}\n\n{table(('', 'file', 'what it is for'), rows, [RIGHT])}\n"


def _purpose(path: str) -> str:
    """The first line of the module's docstring."""
    docstring = ast.get_docstring(ast.parse((ROOT / path).read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0]
