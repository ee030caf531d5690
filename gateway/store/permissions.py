"""Keeps what the gateway stores from other users of the machine: files are 0600, its own folder is 0700."""

import os
import stat
from contextlib import suppress
from pathlib import Path

import structlog

from gateway.store.errors import StoreError

_FOLDER, _FILE = 0o700, 0o600
_OTHERS = 0o077
_COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite writes beside a database. It gives these the permissions of the database itself, once that has them."""

log = structlog.get_logger(__name__)


def keep_folder_private(folder: Path) -> None:
    """Close the gateway's own folder to other users, where it is there and open.

    Only for a folder that is the gateway's alone: the configured one for its state. The folder of a database that lies
    elsewhere is somebody's (`sqlite:////tmp/x.db` must not close /tmp), and so is one that is another user's, one with
    the sticky bit, the home folder, or the root.
    """
    with suppress(OSError):
        found = folder.stat()
        if found.st_mode & stat.S_ISVTX or _is_shared(folder):
            log.warning("folder_left_open", folder=str(folder), reason="it is not the gateway's alone")
            return
        _tighten(folder, found, _FOLDER, "folder_made_private")


def make_private_folder(folder: Path) -> None:
    """Make a folder, where it is missing, that no other user can enter. Raises `StoreError`."""
    try:
        folder.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"its folder cannot be made ({error.strerror})") from None


def make_private_file(file: Path) -> None:
    """Make an empty file, where it is missing, that no other user can read; close it and its companions to them else.

    Whatever is wrong with the file itself, whoever opens it next finds out, and can say so.
    """
    with suppress(OSError):
        # SQLite would make it as the umask has it, and take its companions' permissions from it.
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, _FILE))
    for path in (file, *(file.with_name(file.name + suffix) for suffix in _COMPANIONS)):
        with suppress(OSError):
            _tighten(path, path.stat(), _FILE, "file_made_private")


def _tighten(path: Path, found: os.stat_result, mode: int, event: str) -> None:
    if found.st_mode & _OTHERS and found.st_uid == os.geteuid():
        path.chmod(stat.S_IMODE(found.st_mode) & mode | stat.S_IRUSR | stat.S_IWUSR)
        log.warning(event, path=str(path), was=f"{stat.S_IMODE(found.st_mode):04o}", now=f"{mode:04o}")


def _is_shared(folder: Path) -> bool:
    known = [Path("/"), *([Path(home)] if (home := os.path.expanduser("~")) != "~" else [])]  # noqa: PTH111
    return any(folder.samefile(path) for path in known if path.exists())
