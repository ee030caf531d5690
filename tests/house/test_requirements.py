"""What is installed: locked, hashed, and from wherever the machine's own configuration says."""

import json
import re
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.house.sources import ROOT, imports, texts, under

LOCKED = ("server", "bench", "test", "embedded")

# Put together here, so that this file does not contain what it looks for.
PLACES = [
    "".join(parts)
    for parts in (
        ("pypi", ".org"),
        ("python", "hosted.org"),
        ("registry.", "npmjs"),
        ("--index", "-url"),
        ("--extra-index", "-url"),
        ("--find", "-links"),
        ("/tmp", "/spike"),
        ("/wo", "rk/"),
        ("/root", "/"),
        ("/opt", "/pypi"),
    )
]


@pytest.mark.parametrize("name", LOCKED)
def test_every_locked_package_has_a_version_and_hashes(name: str) -> None:
    packages = _packages(name)
    assert packages
    loose = [
        entry.split()[0]
        for entry in packages
        if not re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", entry) or "--hash=sha256:" not in entry
    ]
    assert not loose


@pytest.mark.parametrize("name", LOCKED)
def test_every_wanted_package_is_locked(name: str) -> None:
    wanted = _wanted(name)
    assert wanted
    assert wanted <= {_plain(entry.partition("==")[0]) for entry in _packages(name)}


def test_server_benchmark_and_tests_lock_the_same_versions() -> None:
    server, bench, test = (
        dict(entry.split()[0].split("==") for entry in _packages(name)) for name in ("server", "bench", "test")
    )
    assert server.items() <= bench.items() <= test.items()


def test_every_locked_javascript_package_has_a_version_and_a_hash_and_no_place() -> None:
    locked = json.loads((ROOT / "tests/clients/javascript/package-lock.json").read_text())["packages"]
    root = locked.pop("")
    assert locked
    loose = [
        name
        for name, package in locked.items()
        if "version" not in package or not package.get("integrity", "").startswith("sha512-") or "resolved" in package
    ]
    assert not loose
    wanted = json.loads((ROOT / "tests/clients/javascript/package.json").read_text())["dependencies"]
    assert root["dependencies"] == wanted
    assert wanted == {name: locked[f"node_modules/{name}"]["version"] for name in wanted}


@pytest.mark.parametrize(
    ("folders", "lists"),
    [(("gateway/", "handlers/"), ("server",)), (("scripts/", "tests/"), ("server", "bench", "test"))],
)
def test_every_package_that_is_imported_is_asked_for_by_name(folders: tuple[str, ...], lists: tuple[str, ...]) -> None:
    ours = {"gateway", "handlers", "generated", "scripts", "tests"}
    imported = {dotted.split(".")[0] for module in under(*folders) for _, dotted in imports(module)}
    distributions = packages_distributions()
    packages = {
        _plain(distributions.get(package, [package])[0]) for package in imported - ours - sys.stdlib_module_names
    }
    assert packages
    assert packages <= {package for name in lists for package in _wanted(name)}


def test_nothing_names_a_package_index_or_a_path_of_one_machine() -> None:
    found = [f"{path}: {place}" for path, text in texts() for place in PLACES if place in text]
    assert not found


def _wanted(name: str) -> set[str]:
    """The packages that a list asks for by name."""
    text = (ROOT / f"requirements/{name}.in").read_text()
    return {_plain(package) for package in re.findall(r"^([A-Za-z][\w.-]*)", text, re.MULTILINE)}


def _packages(name: str) -> list[str]:
    text = (ROOT / f"requirements/{name}.txt").read_text().replace("\\\n", " ")
    return [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]


def _plain(package: str) -> str:
    return package.partition("[")[0].lower().replace("_", "-").replace(".", "-")
