"""Recorded traffic with upstreams, read where it stands: beside the project, never copied into it."""

import base64
import csv
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "recordings"


@dataclass(frozen=True, slots=True)
class Recording:
    """One interaction with a server that speaks one of OpenAI's dialects."""

    path: str
    provider: str
    status: int
    is_stream: bool

    def content(self) -> dict[str, Any]:
        """The recording itself."""
        content: dict[str, Any] = json.loads((FOLDER / self.path).read_bytes())
        return content

    def body(self) -> bytes:
        """The bytes that the upstream answered with."""
        content = self.content()
        text: str = content["response_body"]
        return base64.b64decode(text) if content["response_body_encoding"] == "base64" else text.encode()


def chat_recordings() -> list[Recording]:
    """Every recorded chat completion; none where the folder is absent."""
    return recordings_of("chat_completions")


@cache
def recordings_of(endpoint: str) -> list[Recording]:
    """Every recording of an endpoint, by the name that the index has for it; none where the folder is absent."""
    index = FOLDER / "INDEX.tsv"
    if not index.is_file():
        return []
    with index.open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [
        Recording(row["path"], row["provider"], int(row["status"]), row["mode"] == "stream")
        for row in rows
        if row["endpoint"] == endpoint
    ]


def select(is_wanted: Callable[[Recording], bool]) -> list[Any]:
    """Recordings as parameters of a test, each under its own path."""
    return [recording for recording in chat_recordings() if is_wanted(recording)]


def name_of(recording: Recording) -> str:
    """The id of a recording's test."""
    return recording.path.removesuffix(".json")
