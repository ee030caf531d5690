"""Names and ids as Bedrock takes them, each still telling its own thing apart from others."""

import hashlib
import re

_LONGEST_ID = 64
_LONGEST_NAME = 200
_ODD_IN_IDS = re.compile(r"[^A-Za-z0-9_.:-]")
_ODD_IN_NAMES = re.compile(r"[^A-Za-z0-9\s()\[\]-]")
_BLANKS = re.compile(r"\s+")


class CallIds:
    """The ids of the calls of one request: in Bedrock's letters, and each only once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        # The last number given for each: some providers begin anew with their ids in every turn.
        self._numbers: dict[str, int] = {}

    def take(self, call_id: str) -> str:
        """The id that stands for this one in the call, and in its result."""
        wanted = call_id if _is_id(call_id) else _distinct(_ODD_IN_IDS.sub("_", call_id), call_id)
        taken, number = wanted, self._numbers.get(wanted, 1)
        while taken in self._taken:
            number += 1
            taken = _distinct(wanted, f"{call_id}\0{number}")
        self._taken.add(taken)
        self._numbers[wanted] = number
        return taken


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


def _is_id(call_id: str) -> bool:
    return 0 < len(call_id) <= _LONGEST_ID and not _ODD_IN_IDS.search(call_id)


def _distinct(readable: str, whole: str) -> str:
    digest = hashlib.sha256(whole.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{readable[: _LONGEST_ID - 9]}_{digest}"
