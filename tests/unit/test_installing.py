"""What the scripts do before they run anything: with a Python that only notes what it is asked for."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.servers.gateway import DEADLINE, ROOT

# Notes each call, makes an environment that holds itself, and fails where the test says so.
PYTHON = """#!/bin/sh
echo "$*" | head -n 1 >>"$CALLS"
case "$*" in *"${FAILING:-nothing fails}"*) exit 1 ;; esac
case "$*" in
*"-m venv"*)
    for target in "$@"; do :; done
    rm -rf "$target"
    mkdir -p "$target/bin"
    cp "$0" "$target/bin/python"
    printf '#!/bin/sh\\necho "waystone $*"\\n' >"$target/bin/waystone"
    chmod +x "$target/bin/waystone"
    case "$*" in *--without-pip*) ;; *) : >"$target/bin/pip" && chmod +x "$target/bin/pip" ;; esac
    ;;
esac
"""
TOOLS = ("sh", "dash", "bash", "cat", "dirname", "head", "rm", "mkdir", "cp", "chmod")

pytestmark = pytest.mark.skipif(shutil.which("sh") is None, reason="the scripts are for POSIX systems")


class Checkout:
    """A copy of what the scripts read, and a PATH of a few tools and perhaps the Python above."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a checkout"
        self.calls_file = folder / "calls"
        self.tools = folder / "tools"
        self.tools.mkdir()
        for tool in TOOLS:
            if found := shutil.which(tool):
                (self.tools / tool).symlink_to(found)
        for part in ("scripts/lib", "requirements"):
            shutil.copytree(ROOT / part, self.root / part)
        shutil.copy(ROOT / "scripts/serve", self.root / "scripts")
        shutil.copy(ROOT / "pyproject.toml", self.root)

    def add_python(self, name: str = "python3.11") -> None:
        file = self.tools / name
        file.write_text(PYTHON)
        file.chmod(0o755)

    def serve(self, shell: str = "sh", failing: str = "nothing fails") -> subprocess.CompletedProcess[str]:
        """Run scripts/serve from another folder; `calls` are those of this run."""
        self.calls_file.write_text("")
        return subprocess.run(
            [shell, os.path.relpath(self.root / "scripts/serve", self.tools), "--port", "0"],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.tools,
            env={"PATH": str(self.tools), "CALLS": str(self.calls_file), "FAILING": failing},
            timeout=DEADLINE,
        )

    @property
    def calls(self) -> str:
        return self.calls_file.read_text()


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
