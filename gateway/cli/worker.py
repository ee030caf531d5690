"""What every worker process runs: settings read, logs set up, the application composed."""

import sys

from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from gateway import logs, settings
from gateway.app import create_app
from gateway.contract.handlers import MissingHandler
from gateway.settings import ConfigurationError


def application() -> ASGIApp:
    """Build the application from the environment; uvicorn calls this by name, once in each process."""
    try:
        effective = settings.load()
        logs.configure(effective.log_level)
        return create_app(effective)
    except (ConfigurationError, MissingHandler) as error:
        print(error, file=sys.stderr)
        sys.exit(STARTUP_FAILURE)
