"""`waystone keys` and `waystone usage`, as a person types them."""

import asyncio
import re
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.auth import KeyRing
from gateway.cli import keys
from gateway.cli.usage import usage
from gateway.store.database import Database
from gateway.store.usage import UsageRow, record

commands = typer.Typer()
commands.add_typer(keys.app, name="keys")
commands.command()(usage)

Run = Callable[..., Result]


@pytest.fixture
def run(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    return lambda *arguments: CliRunner().invoke(commands, arguments)


def _in_database(url: str, work: Callable[[Database], Any]) -> Any:
    async def run() -> Any:
        database = await Database.open(url)
        try:
            return await work(database)
        finally:
            await database.close()

    return asyncio.run(run())


def test_created_key_opens_the_gateway(run: Run, url: str) -> None:
    result = run("keys", "create", "--name", "laptop", "--expires", "30d")
    assert result.exit_code == 0, result.output
    secret = result.stdout.strip()
    principal = _in_database(url, lambda database: KeyRing(database, None).find(secret))
    assert principal.name == "laptop"
    assert "good until" in result.stderr
    assert secret not in result.stderr


def test_list_shows_names_and_states_but_no_secret(run: Run) -> None:
    secrets = [run("keys", "create", "--name", name).stdout.strip() for name in ("a", "b")]
    run("keys", "create", "--expires", "2100-01-31")
    run("keys", "revoke", "a")
    shown = run("keys", "list").stdout
    assert re.search(r"key_\w+ +a +….{4} .* revoked \d{4}-", shown)
    assert re.search(r"key_\w+ +b +….{4} .* good\s*\n", shown)
    assert "good until 2100-01-31 00:00" in shown
    assert not any(secret in shown for secret in secrets)
    assert secrets[0][-4:] in shown


def test_list_without_keys_says_how_to_make_one(run: Run) -> None:
    result = run("keys", "list")
    assert "waystone keys create" in result.stderr


def test_revoke_takes_a_name_or_an_id(run: Run) -> None:
    run("keys", "create", "--name", "laptop")
    by_name = run("keys", "revoke", "laptop")
    id_ = re.search(r"key_\w+", by_name.stdout)
    assert id_ is not None
    assert run("keys", "revoke", id_[0]).stdout == by_name.stdout


def test_revoking_an_unknown_key_fails_in_one_sentence(run: Run) -> None:
    result = run("keys", "revoke", "nobody")
    assert result.exit_code == 1
    assert result.stderr == "There is no key with the id or name 'nobody'; `waystone keys list` shows all.\n"


def test_ambiguous_name_fails_with_the_ids(run: Run) -> None:
    for _ in range(2):
        run("keys", "create", "--name", "twin")
    result = run("keys", "revoke", "twin")
    assert result.exit_code == 1
    assert len(re.findall(r"key_\w+", result.stderr)) == 2


@pytest.mark.parametrize("expires", ["soon", "2020-01-01", "0d", "999999999w"])
def test_expiry_that_makes_no_sense_is_a_usage_error(run: Run, expires: str) -> None:
    result = run("keys", "create", "--expires", expires)
    assert result.exit_code == 2
    assert "--expires" in result.stderr
    assert "There are no keys yet" in run("keys", "list").stderr


def test_usage_is_summed_up(run: Run, url: str) -> None:
    now = time.time()
    rows = [
        UsageRow(request_id="r", time=moment, key_id="env", operation="chat", user_id=user, prompt_tokens=1_500)
        for moment, user in ((now, "ann"), (now, "ann"), (now, None), (now - 9 * 86_400, "bob"))
    ]
    batch = [(f"id{number}", row, None) for number, row in enumerate(rows)]
    _in_database(url, lambda database: database.write(partial(record, batch=batch)))

    table = run("usage", "--by", "user", "--since", "7d").stdout
    assert re.search(r"ann +2 +0 +3,000 ", table)
    assert re.search(r"\(none\) +1 ", table)
    assert "bob" not in table
    document = orjson.loads(run("usage", "--by", "user", "--json").stdout)
    assert [(total["id"], total["requests"]) for total in document] == [("ann", 2), ("bob", 1), (None, 1)]


def test_escape_sequences_in_ids_do_not_reach_the_terminal(run: Run, url: str) -> None:
    row = UsageRow(request_id="r", time=1.0, key_id="env", operation="chat", user_id="\x1b[31m[bold]red")
    _in_database(url, lambda database: database.write(partial(record, batch=[("id", row, None)])))
    shown = run("usage", "--by", "user").stdout
    assert "\x1b" not in shown
    assert "[31m[bold]red" in shown


@pytest.mark.parametrize("arguments", [("--since", "yesterday"), ("--by", "planet")])
def test_usage_option_that_makes_no_sense_is_a_usage_error(run: Run, arguments: tuple[str, ...]) -> None:
    result = run("usage", *arguments)
    assert result.exit_code == 2
    assert arguments[0] in result.stderr


@pytest.mark.parametrize("command", [("keys", "list"), ("keys", "create"), ("usage",)])
def test_database_that_is_away_is_one_line_without_the_password(
    command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", "postgresql://waystone:hunter2@127.0.0.1:1/waystone")
    result = CliRunner().invoke(commands, command)
    assert result.exit_code == 1
    assert result.stderr.startswith("Cannot use the database postgresql://waystone:***@127.0.0.1:1/waystone: ")
    assert result.stderr.count("\n") == 1
    assert "hunter2" not in result.output
