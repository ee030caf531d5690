"""`python -m gateway.store.migrate`: brings the database whose URL is on standard input up to date."""

import asyncio
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection

from gateway.store import schema
from gateway.store.database import Database
from gateway.store.errors import StoreError
from gateway.store.location import locate


def configuration() -> Config:
    """Alembic's configuration, which needs no file."""
    config = Config()
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


def upgrade(connection: Connection, target: str = "head") -> None:
    """Run the migrations up to `target`. Of several processes one does the work, the others find it done."""
    schema.lock(connection)
    config = configuration()
    config.attributes["connection"] = connection
    command.upgrade(config, target)


async def _migrate(url: str) -> None:
    location = locate(url)
    location.connect_args.pop("command_timeout", None)  # a migration takes as long as it takes
    database = Database(location)
    try:
        await database.write(upgrade)
    finally:
        await database.close()


def main() -> None:
    """Migrate; on failure leave with status 1 and one line on standard error."""
    try:
        asyncio.run(_migrate(sys.stdin.read().strip()))
    except CommandError as error:
        sys.exit(f"it is not Waystone's, or a newer Waystone wrote it ({error})")
    except StoreError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
