"""The servers of a benchmark, by name, and how each is started."""

import json
import sys
from collections.abc import Callable, Mapping, Set
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from gateway.dialects import DIALECTS
from scripts.benchmark import certificates
from scripts.benchmark.processes import Cores, Program, Server, free_port, running
from scripts.benchmark.upstream import PACES

KEY = "sk-gateway-benchmark-0123456789abcdefghijklmnop"
AUTHORIZATION = {"Authorization": f"Bearer {KEY}"}
CHAT_DIALECT = "openai-chat"

UPSTREAM = "upstream itself"
FLOOR = "floor"
FLOOR_TLS = "floor over TLS"
ECHO = "ASGI echo"
GATEWAY = "Waystone"
GATEWAY_TLS = "Waystone over TLS"
WITHOUT_ACCESS_LOG = "Waystone, no access log"
ONE_WORKER = "Waystone, 1 worker"
TWO_WORKERS = "Waystone, 2 workers"


class Servers:
    """The servers, each started when it is first used and running until `stack` is closed.

    `root` is the project's folder, `folder` one for what a run writes.
    """

    def __init__(self, root: Path, folder: Path, cores: Cores, stack: ExitStack) -> None:
        self.root, self.folder, self.cores, self._stack = root, folder, cores, stack
        self._running: dict[str, Server] = {}
        self._tls_port = free_port()
        self._certificate, self._key = folder / "certificate.pem", folder / "key.pem"
        certificates.write(self._certificate, self._key)
        self.programs: dict[str, Callable[[], Program]] = {
            UPSTREAM: self._upstream,
            FLOOR: lambda: self._floor(FLOOR, self.upstream_url),
            FLOOR_TLS: lambda: self._floor(FLOOR_TLS, self._tls_url),
            ECHO: lambda: self._floor(ECHO),
            GATEWAY: self.gateway,
            GATEWAY_TLS: self._gateway_tls,
            WITHOUT_ACCESS_LOG: lambda: self.gateway(environment={"LOG_LEVEL": "warning"}),
            ONE_WORKER: lambda: self.gateway(1, cores.both),
            TWO_WORKERS: lambda: self.gateway(2, cores.both),
        }

    @property
    def upstream_url(self) -> str:
        return f"{self.get(UPSTREAM).url}/v1"

    @property
    def _tls_url(self) -> str:
        return f"https://127.0.0.1:{self._tls_port}/v1"

    def get(self, name: str) -> Server:
        """The server of that name, which is started now if it does not run yet."""
        if name not in self._running:
            self._running[name] = self._stack.enter_context(running(self.programs[name](), self.folder))
        return self._running[name]

    def gateway(
        self, workers: int = 1, cores: Set[int] | None = None, environment: Mapping[str, str] | None = None
    ) -> Program:
        """The gateway as people run it, in front of the upstream in every dialect."""
        providers = {dialect: provider(dialect, self.upstream_url) for dialect in DIALECTS}
        return self.configured({"providers": providers}, {"WORKERS": str(workers), **(environment or {})}, cores)

    def configured(
        self, config: Mapping[str, Any], environment: Mapping[str, str], cores: Set[int] | None = None
    ) -> Program:
        """The gateway with a configuration, and with a data folder and so a SQLite database of its own."""
        folder = self.folder
        number = len(list(folder.glob("waystone-*.yaml")))
        file = folder / f"waystone-{number}.yaml"
        # JSON is YAML, too.
        file.write_text(json.dumps(config))
        own = {"WAYSTONE_CONFIG": str(file), "WAYSTONE_DATA": str(folder / f"data-{number}"), "WAYSTONE_API_KEY": KEY}
        return self._python(GATEWAY, cores, {**own, **environment}, "gateway", "serve", "--port")

    def _gateway_tls(self) -> Program:
        providers = {CHAT_DIALECT: provider(CHAT_DIALECT, self._tls_url)}
        return self.configured({"providers": providers}, {"SSL_CERT_FILE": str(self._certificate)})

    def _upstream(self) -> Program:
        words = (str(self._tls_port), str(self._certificate), str(self._key))
        return self._python(UPSTREAM, self.cores.load, {}, "scripts.benchmark.upstream", *words)

    def _floor(self, name: str, *upstream: str) -> Program:
        environment = {"SSL_CERT_FILE": str(self._certificate)}
        return self._python(name, None, environment, "scripts.benchmark.floor", *upstream)

    def _python(self, name: str, cores: Set[int] | None, environment: Mapping[str, str], *words: str) -> Program:
        """A program of the project's, which takes its port as its last word; it runs on the server's core by itself."""
        command = (sys.executable, "-m", *words, "{port}")
        imports = {"PYTHONPATH": str(self.root)}
        return Program(name, command, cores or self.cores.server, {**imports, **environment}, AUTHORIZATION)


def provider(dialect: str, url: str) -> dict[str, Any]:
    """The configuration of a provider that speaks one dialect."""
    return {"dialect": dialect, "base_url": url, "api_key": "sk-benchmark-upstream", "models": list(PACES)}
