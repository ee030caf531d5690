"""`waystone check`: one tiny real call, and what is wrong in words that a person can act on."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated

import orjson
import typer

from gateway import logs
from gateway.check.checkup import Checkup, Report, Way
from gateway.cli import tables
from gateway.cli.calling import with_upstreams
from gateway.cli.state import ConfigPath
from gateway.settings import Settings
from gateway.upstream import Upstream

_HEAD = ("", "provider", "model", "answered in", "tokens", "answer")


def check(
    name: Annotated[
        str | None, typer.Argument(metavar="[PROVIDER[/MODEL]]", help="What to call. Default: every provider.")
    ] = None,
    stream: Annotated[bool, typer.Option("--stream", help="Call a second time, for a stream.")] = False,
    timeout: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds to wait for an answer.")] = 60.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON array.")] = False,
    config: ConfigPath = None,
) -> None:
    """Make one tiny real call to each provider, by each of its keys, and say what is wrong.

    Of a provider without a model, the first configured is called, else the cheapest of its list. Ends with 0 where all
    is well, with 1 where something is wrong, and with 2 where the configuration is, or the name.
    """
    reports = with_upstreams(config, partial(_reports, name=name, way=Way(timeout, stream)))
    if as_json:
        fields = [report.fields() for report in reports]
        typer.echo(logs.redact(orjson.dumps(fields, option=orjson.OPT_INDENT_2).decode()))
    else:
        _show(reports)
    if any(report.finding for report in reports):
        raise typer.Exit(1)


async def _reports(
    settings: Settings, upstreams: Mapping[str, Upstream], *, name: str | None, way: Way
) -> list[Report]:
    checkup = Checkup(upstreams, settings.models, way)
    if name is not None:
        return await checkup.named(name)
    # The demonstration model takes seconds to load; it is called where there is nothing else.
    return await checkup.everything(list(settings.providers) or list(upstreams))


def _show(reports: Sequence[Report]) -> None:
    if any(report.outcome for report in reports):
        tables.show(_HEAD, map(_row, reports), numbers_from=3, numbers_to=5, first_to_go=("answer", "tokens"))
    for report in reports:
        if report.finding is not None:
            where = "/".join(part for part in (report.provider, report.model) if part)
            key = f", key {report.key}" if report.key else ""
            typer.echo(logs.redact(f"{where}{key}: {report.finding.message} {report.finding.advice}"))
    chosen = {f"{report.provider}/{report.model}": report.why for report in reports if report.why}
    for model, why in chosen.items():
        typer.echo(f"{model} was called as {why}.")


def _row(report: Report) -> tuple[str, ...]:
    outcome = report.outcome
    usage = outcome.usage if outcome else None
    form = " (stream)" if outcome and outcome.is_stream else ""
    return (
        "wrong" if report.finding else "ok",
        report.provider + (f", key {report.key}" if report.key else ""),
        report.model + form,
        f"{outcome.seconds:.2f} s" if outcome else "",
        f"{usage.prompt} + {usage.completion}" if usage else "",
        " ".join((outcome.answer if outcome else "").split())[:60],
    )
