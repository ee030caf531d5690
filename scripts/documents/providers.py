"""The tables of providers that are known by name: in README.md, and with every variable in docs/configuration.md."""

from collections.abc import Mapping

from gateway.providers import ROWS, Row, embedded
from scripts.documents.table import code, table

_WITHOUT_KEY: Mapping[str, str] = {"google": "none: Google's own credentials"}
"""What takes the place of a key that has no variable, by the scheme of the row."""


def summary() -> str:
    """Each provider with its dialects and the variable of its key, and the demonstration model."""
    lines = [(code(row.name), code(*row.dialects), _key(row)) for row in ROWS.values()]
    demonstration = (
        code(embedded.ROW.name),
        code(*embedded.ROW.dialects),
        "none: the demonstration model, always there",
    )
    return table(("provider", "dialect", "key"), [*lines, demonstration])


def variables() -> str:
    """Each provider with all variables that set something of it, and its address."""
    headings = ("provider", "key", "address", "further", "address where none is set")
    return table(headings, [_variables(row) for row in ROWS.values()])


def _key(row: Row) -> str:
    return code(row.key_variable) if row.key_variable else _WITHOUT_KEY.get(row.scheme, "none")


def _variables(row: Row) -> list[str]:
    further = [
        f"{setting}: {code(names) if isinstance(names, str) else code(*names)}"
        for setting, names in row.variables.items()
    ]
    keys = [name for name in (row.key_variable, *row.key_variables) if name]
    address = code(row.base_url_variable) if row.base_url_variable else ""
    return [code(row.name), code(*keys), address, "; ".join(further), code(row.base_url)]
