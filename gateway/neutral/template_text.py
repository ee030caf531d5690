"""Reads the texts of prompt templates: what stands in them, and where `{{variables}}` go. There is no other syntax."""

import re
from collections.abc import Iterator, Sequence

from gateway.neutral.values import value

OPENING, CLOSING = "{{", "}}"
_VARIABLE = re.compile(r"\{\{([A-Za-z_][A-Za-z0-9_-]{0,63})\}\}")


def has_variables(text: str) -> bool:
    """Whether a variable stands in a text."""
    return _VARIABLE.search(text) is not None


@value
class TemplateText:
    """A text with places for variables: `literals[0]`, the variable `names[0]`, `literals[1]`, and so on."""

    literals: Sequence[str]
    names: Sequence[str]
    """A name stands here once for each of its places."""

    @classmethod
    def parse(cls, text: str) -> "TemplateText":
        """Read a text. Raises `ValueError`, with the line, for `{{` that does not begin a variable."""
        pieces = _VARIABLE.split(text)
        line = 1
        for literal in pieces[::2]:
            found = literal.find(OPENING)
            if found >= 0:
                raise ValueError(f"line {line + literal.count(chr(10), 0, found)} of the text")
            line += literal.count("\n")
        return cls(pieces[::2], pieces[1::2])

    def pieces(self) -> Iterator[tuple[str, str | None]]:
        """Each literal with the variable behind it; the last one has none."""
        yield from zip(self.literals, [*self.names, None], strict=True)
