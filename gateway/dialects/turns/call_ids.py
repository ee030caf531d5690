"""Gives calls ids that an upstream takes, and each only once."""

import hashlib
import re

_LONGEST = 64


class CallIds:
    """The ids of one conversation's calls; `illegal` matches what an id may not have in it.

    The same conversation always gets the same ones. The answer's own calls have ids of their provider's making, so that
    nothing has to be undone in it.
    """

    def __init__(self, illegal: re.Pattern[str]) -> None:
        self._illegal = illegal
        self._taken: set[str] = set()
        # The last number given for each: some providers begin anew with their ids in every turn.
        self._numbers: dict[str, int] = {}

    def take(self, call_id: str) -> str:
        """The id for a call; its output goes by the same."""
        legal = self._legal(call_id)
        taken, number = legal, self._numbers.get(legal, 1)
        while taken in self._taken:
            number += 1
            taken = self._legal(f"{legal}_{number}")
        self._taken.add(taken)
        self._numbers[legal] = number
        return taken

    def _legal(self, call_id: str) -> str:
        if call_id and len(call_id) <= _LONGEST and not self._illegal.search(call_id):
            return call_id
        digest = hashlib.sha256(call_id.encode("utf-8", "replace")).hexdigest()[:8]
        return f"{self._illegal.sub('_', call_id)[: _LONGEST - 9]}_{digest}"
