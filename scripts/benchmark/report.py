"""Writes what was measured as Markdown."""

from collections.abc import Sequence

from scripts.benchmark.rounds import Table

_HEADS = ("server", "connections", "requests/s", "share", "p50 ms", "p99 ms", "CPU µs", "CPU share", "spread")


def group(title: str, tables: Sequence[Table]) -> str:
    """The tables of a group as one, and what does not count of it."""
    lines = [
        [
            *(one.name, str(one.connections), f"{one.medians.per_second:,.0f}", f"{one.share:.2f}"),
            *(f"{one.medians.p50_ms:.2f}", f"{one.medians.p99_ms:.2f}", f"{one.medians.cpu_us:,.0f}"),
            *(f"{measured.figures[0].medians.cpu_us / one.medians.cpu_us:.2f}", f"{one.spread:.0%}"),
        ]
        for measured in tables
        for one in measured.figures
    ]
    objections = [
        f"\n**Does not count** (connections: {measured.figures[0].connections}): {measured.objection}.\n"
        for measured in tables
        if measured.objection
    ]
    return f"### {title}\n\n{table(_HEADS, lines)}{''.join(objections)}"


def verdict(tables: Sequence[Table]) -> str:
    """Whether the run counts."""
    failed = [f"{one.group} at {one.figures[0].connections}" for one in tables if one.objection]
    if failed:
        return f"**This run does not count** in {len(failed)} of {len(tables)} tables: {', '.join(failed)}."
    return f"This run counts: in each of its {len(tables)} tables the first row was steady."


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; the first column to the left, the others, which are figures, to the right."""
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    rule = ["-" * width if column == 0 else "-" * (width - 1) + ":" for column, width in enumerate(widths)]
    layout = " | ".join(f"{{:{'<' if column == 0 else '>'}{width}}}" for column, width in enumerate(widths))
    return "".join(f"| {layout.format(*row)} |\n" for row in [heads, rule, *rows])
