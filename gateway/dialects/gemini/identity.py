"""Names of tools and ids of calls, there and here."""

import re

from gateway.identifiers import new_id

LONGEST_NAME = 64
"""The most characters that the name of a function has there (facts on providers, section 5)."""

_MARK = "gemini_"
_BAD_START = re.compile(r"_*[0-9-]")


def to_wire(name: str) -> str:
    """A flat name as Gemini takes it: it begins with a letter or an underscore (facts on providers, section 5).

    Names that differ there differ here: underscores before a digit or a dash are counted.
    """
    return f"_{name}" if _BAD_START.match(name) else name


def from_wire(name: str) -> str:
    """The flat name behind a name that was called."""
    return name[1:] if name.startswith("_") and _BAD_START.match(name) else name


def call_id(given: object) -> str:
    """The id of a call for the client: Gemini's own, marked as such, or a new one where it gave none."""
    return f"{_MARK}{given}" if isinstance(given, str) and given else new_id("call")


def own_id(known: str) -> str | None:
    """The id that Gemini gave a call; None for ids that others made, which it has never heard of."""
    return known.removeprefix(_MARK) if known.startswith(_MARK) else None
