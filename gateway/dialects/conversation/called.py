"""A call as a model made it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Called:
    """The name of a tool, and what it is given: JSON, or free text as it is."""

    name: str
    text: str
    is_text: bool = False
