"""All cases of a golden."""

from collections import Counter
from collections.abc import Sequence

from scripts.goldens.cases import Case
from scripts.goldens.chains import chain_cases
from scripts.goldens.fidelity_cases import fidelity_cases
from scripts.goldens.form_replies import form_reply_cases
from scripts.goldens.history_bodies import history_cases
from scripts.goldens.malformed_bodies import malformed_cases
from scripts.goldens.odd_replies import odd_reply_cases
from scripts.goldens.part_bodies import part_cases
from scripts.goldens.recorded import recorded_cases
from scripts.goldens.refusals import refusal_cases
from scripts.goldens.setting_bodies import setting_cases
from scripts.goldens.stand_ins import stand_in_cases
from scripts.goldens.tool_bodies import tool_cases

# Those that ask several models come before those whose upstreams fail: what has failed is tried later for a while.
_SOURCES = (
    setting_cases,
    malformed_cases,
    stand_in_cases,
    form_reply_cases,
    part_cases,
    tool_cases,
    history_cases,
    fidelity_cases,
    recorded_cases,
    odd_reply_cases,
    refusal_cases,
    chain_cases,
)


def collection() -> Sequence[Case]:
    """Every case, in an order that is always the same. Raises `ValueError` if two have one name."""
    found = [case for source in _SOURCES for case in source()]
    twice = [name for name, count in Counter(case.name for case in found).items() if count > 1]
    if twice:
        raise ValueError(f"names that are not unique: {twice[:20]}")
    return found
