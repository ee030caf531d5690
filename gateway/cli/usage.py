"""`waystone usage`: what was used, in sums."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import orjson
import typer

from gateway.cli import moments, tables
from gateway.cli.state import ConfigPath, with_database
from gateway.store.usage import Subject, Total, totals

_NUMBERS = (
    *("requests", "errors", "prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"),
    "estimated_tokens",
)


def usage(
    by: Annotated[Subject, typer.Option(help="What to sum up by.")] = "model",
    since: Annotated[str | None, typer.Option(help=f"From when on: {moments.EXPECTED}. Default: all.")] = None,
    until: Annotated[str | None, typer.Option(help="Up to when, likewise. Default: now.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
    config: ConfigPath = None,
) -> None:
    """Sum up requests, errors and tokens, by model, key, user or group.

    The last column is how many of the prompt and completion tokens were estimated, where no provider reported them.
    """
    work = partial(totals, by=by, since=_time(since, "--since"), until=_time(until, "--until"))
    sums = with_database(config, lambda database: database.read(work))
    if json:
        typer.echo(orjson.dumps([asdict(total) for total in sums], option=orjson.OPT_INDENT_2))
    else:
        _show(by, sums)


def _time(text: str | None, option: str) -> float | None:
    if text is None:
        return None
    try:
        return moments.before(text, datetime.now(UTC)).timestamp()
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def _show(by: Subject, sums: Sequence[Total]) -> None:
    rows = [
        (
            f"{total.id} ({total.name})" if total.name else total.id or "(none)",
            *(f"{getattr(total, number):,}" for number in _NUMBERS),
        )
        for total in sums
    ]
    head = (by, *(number.removesuffix("_tokens") for number in _NUMBERS))
    tables.show(head, rows, numbers_from=1)
