"""Tables in Markdown."""

from collections.abc import Iterable, Sequence

LEFT, CENTRE, RIGHT = "---", ":-:", "--:"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]], alignments: Sequence[str] = ()) -> str:
    """A table, without a line's end behind its last row. Columns beyond the alignments are to the left."""
    below = [*alignments, *[LEFT] * (len(headings) - len(alignments))]
    return "\n".join(map(_line, [headings, below, *rows]))


def code(*names: str) -> str:
    """Names as code, with commas between them."""
    return ", ".join(f"`{name}`" for name in names)


def _line(cells: Sequence[str]) -> str:
    return "".join(f"| {escaped} " if (escaped := cell.replace("|", "\\|")) else "| " for cell in cells) + "|"
