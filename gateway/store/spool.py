"""Keeps usage rows that were not written before a stop in a file, from which the next start takes them."""

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import orjson
import structlog

from gateway.neutral.end_user import EndUser, Entity
from gateway.store.usage import Entry, UsageRow

_COMPLETE = ".jsonl"
_TAKEN = ".taken"
_UNFINISHED = ".tmp"

log = structlog.get_logger(__name__)


class TakenFile:
    """Rows of a process that has stopped. The file is locked, and the kernel releases the lock of a killed process."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self.damaged = 0
        """Lines read so far that hold no row."""

    def batches(self, size: int) -> Iterator[list[Entry]]:
        """The rows, so many at a time."""
        while lines := list(islice(self._file, size)):
            entries = [entry for line in lines if (entry := _entry(line)) is not None]
            self.damaged += len(lines) - len(entries)
            yield entries

    def remove(self) -> None:
        """Delete the file: its rows are committed."""
        with suppress(OSError):  # its rows have their ids, and are not counted twice
            self._path.unlink()
        self.release()

    def release(self) -> None:
        """Leave the file to the next start."""
        self._file.close()


class Spool:
    """The files `usage-<process>-<random>` of one folder, which all workers of a machine share."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, entries: Sequence[Entry]) -> int:
        """Write rows into a new file; return how many, for one that cannot be written as JSON is left out.

        Raises `OSError`, and leaves no file, if the disk is full or the folder cannot be written.
        """
        lines = [line for entry in entries if (line := _line(entry)) is not None]
        unfinished = self._own_path(_UNFINISHED)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.writelines(lines)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(unfinished.with_suffix(_COMPLETE))
        except OSError:
            with suppress(OSError):
                unfinished.unlink()
            raise
        return len(lines)

    def take(self) -> Iterator[TakenFile]:
        """Every complete file that no living process has taken, renamed and locked for this process."""
        for path in sorted(self._folder.glob("usage-*")):
            if path.suffix in (_COMPLETE, _TAKEN) and (taken := self._take(path)) is not None:
                yield taken

    def _take(self, path: Path) -> TakenFile | None:
        try:
            file = path.open("rb")
        except OSError as error:
            if not isinstance(error, FileNotFoundError):
                log.warning("usage_file_not_taken", file=str(path), reason=error.strerror)
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Only who holds the lock renames or removes: if the name still leads to this file, it will until then.
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                return TakenFile(path.rename(self._own_path(_TAKEN)), file)
        except OSError as error:
            if not isinstance(error, BlockingIOError | FileNotFoundError):
                log.warning("usage_file_not_taken", file=str(path), reason=error.strerror)
        file.close()
        return None

    def _own_path(self, suffix: str) -> Path:
        return self._folder / f"usage-{os.getpid()}-{secrets.token_hex(4)}{suffix}"


def _line(entry: Entry) -> bytes | None:
    try:
        return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return None


def _entry(line: bytes) -> Entry | None:
    try:
        id_, row, end_user = orjson.loads(line)
        entry = id_, UsageRow(**row), _end_user(end_user)
    except (ValueError, TypeError, KeyError):
        return None
    return entry if isinstance(id_, str) else None


def _end_user(document: dict[str, Any] | None) -> EndUser | None:
    if document is None:
        return None
    user, group = document["user"], document["group"]
    return EndUser(Entity(**user) if user is not None else None, Entity(**group) if group is not None else None)
