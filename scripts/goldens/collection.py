"""All cases of a golden."""

from collections import Counter
from collections.abc import Sequence

from scripts.goldens.cases import Case
from scripts.goldens.fidelity_cases import fidelity_cases
from scripts.goldens.recorded import recorded_cases

_SOURCES = (recorded_cases, fidelity_cases)


def collection() -> Sequence[Case]:
    """Every case, in an order that is always the same. Raises `ValueError` if two have one name."""
    found = [case for source in _SOURCES for case in source()]
    twice = [name for name, count in Counter(case.name for case in found).items() if count > 1]
    if twice:
        raise ValueError(f"names that are not unique: {twice}")
    return found
