"""Operations of OpenAI's API that this gateway will have: told apart from those that nobody knows."""

import re

from gateway.errors import NotImplementedYet

_WHAT = (("POST", re.compile(r"/v1/responses/compact"), "Compaction"),)


def not_yet(method: str, path: str) -> NotImplementedYet | None:
    """The refusal of what is to come; None for everything else."""
    for known, pattern, what in _WHAT:
        if method == known and pattern.fullmatch(path):
            return NotImplementedYet(f"{what} is not supported yet.")
    return None
