"""Writes the tables of pages that are otherwise written by hand, each between two comments.

<!-- NAME: written by scripts/document -->

the table

<!-- end -->
"""

import re
from collections.abc import Callable, Mapping

_MARKED = re.compile(r"(<!-- (?P<name>\w+): written by scripts/document -->\n).*?(\n<!-- end -->\n)", re.DOTALL)


class MarkerError(Exception):
    """A page lacks the comments that its tables stand between, or has others."""


def fill(page: str, tables: Mapping[str, Callable[[], str]]) -> str:
    """The page with each table between the comments that have its name.

    Raises `MarkerError` if a table has no place in the page, more than one, or one that does not end.
    """
    found = sorted(place["name"] for place in _MARKED.finditer(page))
    if found != sorted(tables):
        raise MarkerError(f"expected comments for {', '.join(sorted(tables))}; found {', '.join(found) or 'none'}")
    return _MARKED.sub(lambda place: f"{place[1]}\n{tables[place['name']]()}\n{place[3]}", page)
