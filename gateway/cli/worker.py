"""What every process that serves builds: settings read, logs set up, the application and its protocol."""

import asyncio
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from gateway import logs, settings
from gateway.access_log import AccessLog, opened
from gateway.app import create_app
from gateway.cli.connections import Connections
from gateway.cli.protocol import GatewayProtocol
from gateway.contract.handlers import MissingHandler
from gateway.detached import DetachedWork
from gateway.readiness import Readiness
from gateway.settings import ConfigurationError

_WITH_ACCESS = ("debug", "info")


@dataclass(frozen=True, slots=True)
class Built:
    """The application, what makes the protocol of a connection to it, and how it is stopped."""

    application: ASGIApp
    protocol: Callable[..., asyncio.Protocol]
    readiness: Readiness
    detached: DetachedWork
    unready_seconds: float
    drain_seconds: float
    access_log: AccessLog | None


def build() -> Built:
    """Build them from the environment; `gateway.cli.processes` calls this by name, once in each process."""
    try:
        effective = settings.load()
        logs.configure(effective.log_level, effective.log_format, has_libraries=effective.log_libraries)
        connections = Connections(effective.bounds.connections)
        access_log = None
        if effective.log_level in _WITH_ACCESS:
            access_log = opened(is_json=not logs.is_for_person(effective.log_format))
        protocol = partial(GatewayProtocol, connections=connections, access_log=access_log)
        readiness, detached = Readiness(), DetachedWork()
        return Built(
            create_app(effective, readiness, detached),
            protocol,
            readiness,
            detached,
            effective.unready_seconds,
            effective.drain_seconds,
            access_log,
        )
    except (ConfigurationError, MissingHandler) as error:
        print(error, file=sys.stderr)
        sys.exit(STARTUP_FAILURE)
