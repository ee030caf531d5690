"""`waystone prompts`, as a person types it."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from gateway.cli.prompts import app

Run = Callable[..., Result]

FILE = """
providers: {lab: {dialect: openai-chat, base_url: "https://lab.example/v1"}}
prompts:
  weather:
    default: 1
    versions:
      1: {model: lab/m, instructions: "In {{city}}.", temperature: 0.5}
      2: {messages: [{role: user, content: "{{city}}, {{day}}?"}]}
  plain: {versions: {a: {instructions: Hi.}}}
"""


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "waystone.yaml").write_text(FILE)
    commands = typer.Typer()
    commands.add_typer(app, name="prompts")
    commands.command()(lambda: None)
    return lambda *arguments: CliRunner().invoke(commands, ["prompts", *arguments])


def test_prompts_are_listed_with_versions_models_and_variables(run: Run) -> None:
    result = run()
    assert result.exit_code == 0, result.output
    lines = [line.split() for line in result.stdout.splitlines() if line.split()]
    assert ["weather", "1", "default", "lab/m", "city"] in lines
    assert ["weather", "2", "city", "day"] in lines
    assert ["plain", "a", "default"] in lines
    entry = {"id": "plain", "version": "a", "is_default": True, "model": None, "variables": []}
    assert json.loads(run("--json").stdout)[2] == entry


def test_a_prompt_is_rendered_as_the_request_that_it_stands_for(run: Run) -> None:
    result = run("render", "weather", "--var", "city=A=B {{day}}")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == {"model": "lab/m", "temperature": 0.5, "instructions": "In A=B {{day}}."}
    result = run("render", "weather", "--version", "2", "--var", "city=Rome", "--var", "day=")
    assert json.loads(result.stdout) == {"input": [{"type": "message", "role": "user", "content": "Rome, ?"}]}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["other"], "no prompt 'other' in the settings; there are: weather, plain"),
        (["weather"], "needs a value for its variable city"),
        (["weather", "--version", "9"], "no version '9'"),
        (["plain", "--var", "x=1"], "has no variable 'x'"),
        (["plain", "--var", "x"], "expected NAME=VALUE"),
        (["weather", "--var", "city=1", "--var", "city=2"], "--var city: expected once"),
    ],
)
def test_what_cannot_be_rendered_is_named(run: Run, arguments: list[str], words: str) -> None:
    result = run("render", *arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not result.stdout


def test_a_broken_configuration_is_reported(run: Run, tmp_path: Path) -> None:
    (tmp_path / "waystone.yaml").write_text("prompts: {p: {}}")
    result = run()
    assert result.exit_code == 2
    assert "prompts.p.versions: expected" in result.stderr
