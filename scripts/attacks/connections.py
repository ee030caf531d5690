"""Connections that send nothing, more than the server has files for."""

import resource
import socket
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from scripts.attacks.servers import WATCHED, with_file_limit
from tests.servers.gateway import NO_CERTIFICATES, RunningGateway, running_gateway

_SILENT = 1200
_FILES = 1024
_NEW = 20
_PATIENCE = 5.0


def report() -> str:
    """A table with a line."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with (
        tempfile.TemporaryDirectory() as folder,
        running_gateway(Path(folder), {}, command=with_file_limit(_FILES, WATCHED)) as gateway,
        ExitStack() as stack,
    ):
        address = urlsplit(gateway.url)
        for _ in range(_SILENT):
            opened = stack.enter_context(socket.socket())
            opened.setblocking(False)
            opened.connect_ex((address.hostname, address.port))
        served = sum(_is_served(gateway) for _ in range(_NEW))
        log = gateway.log.read_text()
    lines = ["| silent connections | files | new clients served | logged |", "| ---: | ---: | ---: | --- |"]
    lines.append(f"| {_SILENT} | {_FILES} | {served} of {_NEW} | {log.count('connection_limit_reached') > 0} |")
    return "\n".join(lines)


def _is_served(gateway: RunningGateway) -> bool:
    try:
        with httpx.Client(base_url=gateway.url, timeout=_PATIENCE, verify=NO_CERTIFICATES) as client:
            return client.get("/health/live").status_code == 200
    except httpx.HTTPError:
        return False
