"""Prints a table."""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.table import Table

_WIDE = 1_000


def show(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers_from: int | None = None,
    numbers_to: int | None = None,
    first_to_go: Collection[str] = (),
) -> None:
    """Print rows under `head`; the columns from `numbers_from` on, and before `numbers_to`, are aligned right.

    Into a pipe or a file the table is as wide as it needs to be, since a cut id is of no use. On a terminal that is
    too narrow, the columns `first_to_go` are left out, one after the other, before any cell is folded.
    """
    # Imported here: the server's process loads the commands too, and should not pay for a table's needs.
    from rich.console import Console

    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    places, numbers = list(range(len(head))), range(len(head))[numbers_from or 0 : numbers_to]
    aligned = () if numbers_from is None else numbers
    cells = [[_printable(cell) for cell in row] for row in rows]
    for name in first_to_go:
        if _width(head, cells, places) <= console.width:
            break
        places = [place for place in places if head[place] != name]
    console.print(_table(head, cells, places, aligned))


def _width(head: Sequence[str], cells: Sequence[Sequence[str]], places: Sequence[int]) -> int:
    """How wide the table is if nothing is folded: two spaces of padding to a column."""
    return sum(max(len(row[place]) for row in (head, *cells)) + 2 for place in places)


def _table(
    head: Sequence[str], cells: Iterable[Sequence[str]], places: Sequence[int], aligned: Collection[int]
) -> "Table":
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place in places:
        table.add_column(head[place], justify="right" if place in aligned else "left", overflow="fold")
    for row in cells:
        table.add_row(*(row[place] for place in places))
    return table


def _printable(cell: str) -> str:
    # Callers choose the ids of users and groups; a terminal would obey escape sequences in them.
    return "".join(character if character.isprintable() else "\ufffd" for character in cell)
