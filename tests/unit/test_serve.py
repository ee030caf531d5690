"""`waystone serve` as people start it: real processes, real ports."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.cli.command import COMMANDS, main
from gateway.embedded import EmbeddedModel
from tests.servers.gateway import DEADLINE, ROOT, running_gateway

NO_KEY = {"WAYSTONE_API_KEY": ""}


def serve(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `waystone serve` in `folder` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "gateway", "serve", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": str(ROOT),
            "WAYSTONE_DATA": str(folder / "data"),
            **environment,
        },
        timeout=DEADLINE,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def test_help_names_every_option(tmp_path: Path) -> None:
    done = serve(tmp_path, "--help")
    assert done.returncode == 0
    for option in ("--host", "--port", "--workers", "--config", "--log-level"):
        assert option in done.stdout


def test_help_names_every_command() -> None:
    shown = CliRunner().invoke(main, ["--help"]).stdout
    listed = shown.partition("Commands")[2].splitlines()
    assert [line.split()[1] for line in listed if line[2:3].isalpha()] == [*COMMANDS]


def test_taken_port_is_said_before_anything_is_made(tmp_path: Path, taken_port: int) -> None:
    done = serve(tmp_path, "--port", str(taken_port))
    assert done.returncode == 2
    assert done.stderr == f"port {taken_port} on 127.0.0.1 is taken; choose another with --port or PORT\n"
    assert done.stdout == ""
    assert not (tmp_path / "data").exists()


def test_flag_wins_over_the_environment_and_the_file(tmp_path: Path, taken_port: int) -> None:
    (tmp_path / "waystone.yaml").write_text("port: 1\n")
    done = serve(tmp_path, "--port", str(taken_port), PORT="2")
    assert f"port {taken_port} " in done.stderr


def test_environment_wins_over_the_file(tmp_path: Path, taken_port: int) -> None:
    (tmp_path / "waystone.yaml").write_text("port: 1\n")
    assert f"port {taken_port} " in serve(tmp_path, PORT=str(taken_port)).stderr


def test_impossible_flag_is_named_as_it_was_typed(tmp_path: Path) -> None:
    done = serve(tmp_path, "--port", "99999")
    assert done.returncode == 2
    assert done.stderr.startswith("--port: ")


def test_unknown_host_is_said(tmp_path: Path) -> None:
    done = serve(tmp_path, "--host", "no such host")
    assert done.returncode == 2
    assert done.stderr == "host no such host is unknown; choose another with --host or HOST\n"


def test_configuration_that_cannot_be_read_is_one_message_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "own.yaml"
    file.write_text("port: 3000\nprot: 1\n")
    done = serve(tmp_path, "--config", str(file))
    assert done.returncode == 2
    assert "own.yaml:2: prot: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_missing_handler_stops_the_start_with_what_to_write(tmp_path: Path, workers: str) -> None:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers" / "__init__.py").touch()  # stands before ours, because it is in the current folder
    done = serve(tmp_path, "--port", "0", "--workers", workers)
    assert done.returncode == 3
    assert "handlers/" in done.stderr
    assert "Traceback" not in done.stderr
    assert "listens" not in done.stdout


def test_first_start_prints_a_key_once_and_a_curl_line_that_works(tmp_path: Path) -> None:
    with running_gateway(tmp_path, {}, NO_KEY) as gateway:
        printed = "".join(gateway.output)
        assert gateway.stop() == 0
    assert printed.count("\n  sk-gateway-") == 1
    secret = printed.partition("\n  ")[2].split()[0]
    command = next(line for line in printed.splitlines() if line.startswith("curl "))
    assert f"Bearer {secret}" in command

    if EmbeddedModel(tmp_path / "data").missing():
        return  # the line is right all the same; only nothing answers it here
    with running_gateway(tmp_path, {}, NO_KEY) as again:
        assert "sk-gateway-" not in "".join(again.output)
        words = [word.replace(gateway.url, again.url) for word in shlex.split(command)]
        answer = subprocess.run([*words, "-sS", "-f"], capture_output=True, text=True, check=True, timeout=DEADLINE)
        assert "Paris" in answer.stdout


def test_no_key_is_made_where_one_is_given(tmp_path: Path) -> None:
    with running_gateway(tmp_path) as gateway:
        assert "sk-gateway-" not in "".join(gateway.output)
        assert gateway.command("keys", "list") == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_signal_stops_it_cleanly(tmp_path: Path, number: signal.Signals, workers: str) -> None:
    with running_gateway(tmp_path, environment={"WORKERS": workers}) as gateway:
        with gateway.client(key=None) as client:
            assert client.get("/health/ready").status_code == 200
        gateway.process.send_signal(number)
        assert gateway.process.wait(DEADLINE) == 0
        assert "".join(gateway.output).count("listens on") == 1
        assert "Traceback" not in gateway.log.read_text()
