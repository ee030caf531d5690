"""What the scripts do before they run anything: with a Python that only notes what it is asked for."""

import shutil
from pathlib import Path

import pytest

from tests.unit.checkout import Checkout

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="the scripts are for POSIX systems")


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path)


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_first_run_installs_locked_packages_and_a_second_asks_python_nothing(checkout: Checkout, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    checkout.add_python()
    first = checkout.serve(shell)
    assert first.stdout == "waystone serve --port 0\n"
    installs = [line for line in checkout.calls.splitlines() if " install " in line]
    assert [("--require-hashes" in line, "--no-deps" in line) for line in installs] == [
        (True, False),
        (True, True),
        (False, True),
    ]
    second = checkout.serve(shell)
    assert (second.stdout, second.stderr, checkout.calls) == (first.stdout, "", "")


def test_changed_requirements_are_installed(checkout: Checkout) -> None:
    checkout.add_python()
    checkout.serve()
    with (checkout.root / "requirements/server.txt").open("a") as file:
        file.write("# another version\n")
    checkout.serve()
    assert "requirements/server.txt" in checkout.calls
    assert "-m venv" not in checkout.calls


def test_interrupted_install_is_made_anew(checkout: Checkout) -> None:
    checkout.add_python()
    failed = checkout.serve(failing="server.txt")
    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "requirements/server.txt could not be installed" in failed.stderr
    assert checkout.serve().stdout == "waystone serve --port 0\n"
    assert "-m venv --clear" in checkout.calls


def test_moved_checkout_is_installed_where_it_is_now(checkout: Checkout) -> None:
    checkout.add_python()
    checkout.serve()
    checkout.root = checkout.root.rename(checkout.root.with_name("elsewhere"))
    checkout.serve()
    assert "elsewhere" in checkout.calls


def test_without_the_embedded_model_it_says_so_and_runs(checkout: Checkout) -> None:
    checkout.add_python()
    done = checkout.serve(failing="embedded.txt")
    assert done.stdout == "waystone serve --port 0\n"
    assert "The embedded model could not be installed here" in done.stderr


def test_without_ensurepip_the_pip_of_the_machine_installs(checkout: Checkout) -> None:
    checkout.add_python()
    done = checkout.serve(failing="import ensurepip")
    assert done.stdout == "waystone serve --port 0\n"
    assert "-m pip --python" in checkout.calls


def test_without_venv_and_pip_it_says_what_to_install(checkout: Checkout) -> None:
    checkout.add_python()
    done = checkout.serve(failing="import ")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1


def test_without_python_it_says_what_to_install(checkout: Checkout) -> None:
    done = checkout.serve()
    assert done.returncode == 1
    assert "Waystone needs Python 3.11 or newer" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_python_that_is_too_old_is_passed_over(checkout: Checkout) -> None:
    old = checkout.tools / "python3.11"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    checkout.add_python("python3")
    assert checkout.serve().stdout == "waystone serve --port 0\n"


def test_packages_of_the_javascript_clients_are_installed_once(checkout: Checkout) -> None:
    checkout.add_python()
    checkout.add_node()
    assert checkout.test().returncode == 0
    assert checkout.calls.count("npm ci") == 1
    assert checkout.calls.endswith("-m pytest tests/unit\n")
    second = checkout.test()
    assert (second.stderr, checkout.calls) == ("", "-m pytest tests/unit\n")


def test_changed_packages_of_the_javascript_clients_are_installed(checkout: Checkout) -> None:
    checkout.add_python()
    checkout.add_node()
    checkout.test()
    with (checkout.root / "tests/clients/javascript/package-lock.json").open("a") as file:
        file.write("\n ")
    checkout.test()
    assert "npm ci" in checkout.calls


def test_without_node_the_tests_run_and_say_what_is_left_out_and_how_to_get_it(checkout: Checkout) -> None:
    checkout.add_python()
    done = checkout.test()
    assert done.returncode == 0
    assert "JavaScript SDK are left out: they need Node" in done.stderr
    assert "apt install nodejs npm" in done.stderr
    assert "-m pytest" in checkout.calls


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_where_npm_gets_no_packages_the_tests_run_and_the_next_run_tries_again(checkout: Checkout, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    checkout.add_python()
    checkout.add_node()
    done = checkout.test(shell, failing="npm ci")
    assert done.returncode == 0
    assert "JavaScript SDK are left out: npm could not get" in done.stderr
    assert "-m pytest" in checkout.calls
    assert "left out" not in checkout.test(shell).stderr
    assert "npm ci" in checkout.calls


def test_a_gateway_is_served_without_the_javascript_clients(checkout: Checkout) -> None:
    checkout.add_python()
    checkout.add_node()
    checkout.serve()
    assert "npm" not in checkout.calls
