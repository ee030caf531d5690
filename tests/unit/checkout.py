"""A copy of what the scripts read, and a Python, node and npm that only note what they are asked for."""

import os
import shutil
import subprocess
from pathlib import Path

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
# As npm does, it begins by removing what is there.
NPM = """#!/bin/sh
echo "npm $*" >>"$CALLS"
rm -rf node_modules
case "npm $*" in *"${FAILING:-nothing fails}"*) exit 1 ;; esac
mkdir node_modules
"""
TOOLS = ("sh", "dash", "bash", "cat", "dirname", "head", "rm", "mkdir", "cp", "chmod")


class Checkout:
    """A tree to run scripts in, and a PATH of a few tools and whatever was added to it."""

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
        for part in ("scripts/serve", "scripts/test", "pyproject.toml", "tests/clients/javascript/package.json"):
            self._copy(part)
        self._copy("tests/clients/javascript/package-lock.json")

    def _copy(self, part: str) -> None:
        target = self.root / part
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, target)

    def add_python(self, name: str = "python3.11") -> None:
        self._add(name, PYTHON)

    def add_node(self) -> None:
        self._add("node", "#!/bin/sh\n")
        self._add("npm", NPM)

    def _add(self, name: str, text: str) -> None:
        file = self.tools / name
        file.write_text(text)
        file.chmod(0o755)

    def serve(self, shell: str = "sh", failing: str = "nothing fails") -> subprocess.CompletedProcess[str]:
        """Run scripts/serve from another folder; `calls` are those of this run."""
        return self.run("serve", ["--port", "0"], shell, failing)

    def test(self, shell: str = "sh", failing: str = "nothing fails") -> subprocess.CompletedProcess[str]:
        """Run scripts/test with an argument, so that it checks nothing; `calls` are those of this run."""
        return self.run("test", ["tests/unit"], shell, failing)

    def run(self, script: str, words: list[str], shell: str, failing: str) -> subprocess.CompletedProcess[str]:
        self.calls_file.write_text("")
        return subprocess.run(
            [shell, os.path.relpath(self.root / "scripts" / script, self.tools), *words],
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
