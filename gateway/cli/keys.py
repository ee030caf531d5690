"""`waystone keys`: make, list and revoke the keys that open the gateway."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from gateway.auth import ABORT, BACKGROUND, DRAIN, KeyRing
from gateway.cli import moments, tables
from gateway.cli.state import ConfigPath, with_database
from gateway.store.keys import Key


class Action(StrEnum):
    """What becomes of an answer whose client leaves."""

    ABORT = ABORT
    DRAIN = DRAIN
    BACKGROUND = BACKGROUND


app = typer.Typer(
    help="Make, list and revoke the keys that open the gateway.", no_args_is_help=True, add_completion=False
)


@app.command()
def create(
    name: Annotated[str | None, typer.Option(help="What to call it in lists.")] = None,
    expires: Annotated[str | None, typer.Option(help=f"When it ends: {moments.EXPECTED}.")] = None,
    on_disconnect: Annotated[
        Action | None, typer.Option(help="What becomes of an answer whose client leaves; default: as in the settings.")
    ] = None,
    may_choose_on_disconnect: Annotated[
        bool, typer.Option("--may-choose-on-disconnect", help="Requests may choose that: x-waystone-on-disconnect.")
    ] = False,
    config: ConfigPath = None,
) -> None:
    """Make a key. Its secret is printed alone on standard output, and cannot be shown again."""
    expires_at = _expiry(expires) if expires else None
    action = None if on_disconnect is None else on_disconnect.value
    new = with_database(
        config,
        lambda database: KeyRing(database, None).create(name, expires_at, action, may_choose=may_choose_on_disconnect),
    )
    until = f", good until {moments.show(expires_at)} UTC" if expires_at else ""
    typer.echo(f"Made {new.key.id}{until}. This is the only time that its secret is shown:", err=True)
    typer.echo(new.secret)


@app.command("list")
def list_(config: ConfigPath = None) -> None:
    """List all keys, oldest first."""
    keys: Sequence[Key] = with_database(config, lambda database: KeyRing(database, None).list())
    if not keys:
        typer.echo("There are no keys yet; `waystone keys create` makes one.", err=True)
        return
    now = time.time()
    rows = [
        (key.id, key.name or "", f"…{key.hint}", moments.show(key.created_at), _state(key, now), _on_disconnect(key))
        for key in keys
    ]
    tables.show(("id", "name", "ends in", "made (UTC)", "state", "on disconnect"), rows)


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="Its id, or its name if only one bears it.")],
    config: ConfigPath = None,
) -> None:
    """Revoke a key: servers that are running refuse it within five seconds."""
    revoked = with_database(config, lambda database: KeyRing(database, None).revoke(key))
    if revoked is None:
        typer.echo(f"There is no key with the id or name {key!r}; `waystone keys list` shows all.", err=True)
        raise typer.Exit(1)
    named = f" ({revoked.name})" if revoked.name else ""
    typer.echo(f"Revoked {revoked.id}{named}, {_state(revoked, time.time())} UTC.")


def _expiry(text: str) -> float:
    now = datetime.now(UTC)
    try:
        moment = moments.after(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--expires") from None
    if moment <= now:
        raise typer.BadParameter(f"{text!r} is in the past.", param_hint="--expires")
    return moment.timestamp()


def _on_disconnect(key: Key) -> str:
    chosen = "may choose" if key.may_choose_on_disconnect else ""
    return ", ".join(filter(None, (key.on_disconnect, chosen)))


def _state(key: Key, now: float) -> str:
    if key.revoked_at is not None:
        return f"revoked {moments.show(key.revoked_at)}"
    if key.expires_at is None:
        return "good"
    return f"{'good until' if key.is_usable(now) else 'expired'} {moments.show(key.expires_at)}"
