"""Names and ids as Bedrock takes them, each still telling its own thing apart from others."""

import re

_LONGEST_NAME = 200
ODD_IN_IDS = re.compile(r"[^A-Za-z0-9_.:-]")
_ODD_IN_NAMES = re.compile(r"[^A-Za-z0-9\s()\[\]-]")
_BLANKS = re.compile(r"\s+")


class DocumentNames:
    """The names of the documents of one request: without what Bedrock refuses in them, and each only once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, name: str | None) -> str:
        """The name for a document that the client calls `name`."""
        clean = _BLANKS.sub(" ", _ODD_IN_NAMES.sub(" ", name or "")).strip()[:_LONGEST_NAME].strip()
        wanted = clean or f"Document {len(self._taken) + 1}"
        taken, number = wanted, self._numbers.get(wanted, 1)
        while taken in self._taken:
            number += 1
            taken = f"{wanted[: _LONGEST_NAME - 8]} {number}"
        self._taken.add(taken)
        self._numbers[wanted] = number
        return taken
