"""Gives calls ids that Anthropic takes: letters, digits, dashes and underscores, and each only once."""

import hashlib
import re

_ILLEGAL = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST = 64


class CallIds:
    """The ids of one conversation's calls. The same conversation always gets the same ones."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._numbers: dict[str, int] = {}

    def take(self, call_id: str) -> str:
        """The id for a call; its output goes by the same.

        Some providers begin anew with their ids in every turn. The answer's own calls have ids of Anthropic's making,
        so that nothing has to be undone in it.
        """
        wanted = _legal(call_id)
        taken, number = wanted, self._numbers.get(wanted, 1)
        while taken in self._taken:
            number += 1
            taken = _legal(f"{wanted}_{number}")
        self._taken.add(taken)
        self._numbers[wanted] = number
        return taken


def _legal(call_id: str) -> str:
    if call_id and len(call_id) <= _LONGEST and not _ILLEGAL.search(call_id):
        return call_id
    digest = hashlib.sha256(call_id.encode("utf-8", "replace")).hexdigest()[:8]
    return f"{_ILLEGAL.sub('_', call_id)[: _LONGEST - 9]}_{digest}"
