"""Other users of the machine cannot read what the gateway stores; folders that are not its own stay as they are."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.store.database import Database
from gateway.store.permissions import keep_folder_private

pytestmark = pytest.mark.anyio


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


async def opened(file: Path, own_folder: Path | None = None) -> Database:
    database = await Database.open(f"sqlite:///{file}", own_folder)
    await database.write(lambda c: c.exec_driver_sql("INSERT INTO probes VALUES (1, 'x')"))
    return database


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
async def test_database_and_its_companions_are_made_private_whatever_the_umask(tmp_path: Path, mask: int) -> None:
    folder = tmp_path / "data"
    file = folder / "waystone.db"
    with umask(mask):
        database = await opened(file, folder)
    assert mode(folder) == 0o700
    assert {path.name: mode(path) for path in folder.iterdir()} == {
        name: 0o600 for name in ("waystone.db", "waystone.db-wal", "waystone.db-shm")
    }
    await database.close()


async def test_what_an_earlier_gateway_left_open_is_closed_with_a_line_for_each(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    file = folder / "waystone.db"
    first = await opened(file)
    for path in folder.iterdir():
        path.chmod(0o644)
    folder.chmod(0o755)
    with capture_logs() as lines:
        second = await Database.open(f"sqlite:///{file}", folder)
    assert mode(folder) == 0o700
    assert {mode(path) for path in folder.iterdir()} == {0o600}
    assert [(line["event"], line["was"], line["now"]) for line in lines] == [
        ("folder_made_private", "0755", "0700"),
        *[("file_made_private", "0644", "0600")] * 3,
    ]
    with capture_logs() as lines:
        third = await Database.open(f"sqlite:///{file}", folder)
    assert not lines, "there is nothing left to do"
    for database in (first, second, third):
        await database.close()


async def test_folder_of_a_database_elsewhere_stays_as_it_is(tmp_path: Path) -> None:
    elsewhere, own = tmp_path / "elsewhere", tmp_path / "own"
    for folder in (elsewhere, own):
        folder.mkdir()
        folder.chmod(0o755)
    database = await opened(elsewhere / "x.db", own)
    assert (mode(elsewhere), mode(own), mode(elsewhere / "x.db")) == (0o755, 0o700, 0o600)
    await database.close()


def test_folder_that_others_use_is_left_open_though_it_is_configured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sticky, home = tmp_path / "tmp", tmp_path / "home"
    for folder, permissions in ((sticky, 0o1777), (home, 0o755)):
        folder.mkdir()
        folder.chmod(permissions)
    monkeypatch.setenv("HOME", str(home))
    with capture_logs() as lines:
        for folder in (sticky, home, Path("/"), tmp_path / "missing"):
            keep_folder_private(folder)
    assert (mode(sticky), mode(home)) == (0o1777, 0o755)
    assert [line["event"] for line in lines] == ["folder_left_open"] * 3


async def test_bits_that_nobody_else_has_a_part_in_stay(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir(mode=0o500)
    keep_folder_private(folder)
    assert mode(folder) == 0o500
