"""What every worker process runs: logs set up, settings read, the application composed."""

from starlette.types import ASGIApp

from gateway import logs, settings
from gateway.app import create_app


def application() -> ASGIApp:
    """Build the application from the environment; uvicorn calls this by name, once in each process."""
    effective = settings.load()
    logs.configure(effective.log_level)
    return create_app(effective)
