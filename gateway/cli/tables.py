"""Prints a table."""

from collections.abc import Iterable, Sequence

_WIDE = 1_000


def show(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers_from: int | None = None) -> None:
    """Print rows under `head`; the columns from `numbers_from` on are aligned right.

    Into a pipe or a file the table is as wide as it needs to be, since a cut id is of no use.
    """
    # Imported here: the server's process loads the commands too, and should not pay for a table's needs.
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDE
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for place, title in enumerate(head):
        is_number = numbers_from is not None and place >= numbers_from
        table.add_column(title, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(_printable, row))
    console.print(table)


def _printable(cell: str) -> str:
    # Callers choose the ids of users and groups; a terminal would obey escape sequences in them.
    return "".join(character if character.isprintable() else "\ufffd" for character in cell)
