"""Writes tables that a person can read and Markdown can take."""

from collections.abc import Sequence


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column to the left, the others, which are figures, to the right."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    rule = [("-" * width if column == 0 else "-" * (width - 1) + ":") for column, width in enumerate(widths)]
    lines = [
        "| "
        + " | ".join(
            _aligned(cell, width, column) for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in [heads, rule, *rows]
    ]
    return "\n".join(lines) + "\n"


def _aligned(cell: str, width: int, column: int) -> str:
    return cell.ljust(width) if column == 0 else cell.rjust(width)
