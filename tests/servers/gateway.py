"""Runs the real gateway as people run it: `waystone serve`, in a process of its own."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.servers.chat_upstream import KEY as UPSTREAM_KEY

ROOT = Path(__file__).resolve().parents[2]
KEY = "sk-gateway-tests-0123456789abcdefghijklmnop"
DEADLINE = 60.0
# Nothing here is encrypted, and reading the certificates of the world takes each client a tenth of a second.
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
_READY = re.compile(r"listens on (http://\S+?);")


@dataclass
class RunningGateway:
    """A gateway that serves. `output` is what it printed so far, `log` its log file."""

    url: str
    folder: Path
    process: subprocess.Popen[str]
    log: Path
    environment: Mapping[str, str] = field(repr=False)
    output: list[str] = field(default_factory=list)

    def client(self, key: str | None = KEY, timeout: float = 30.0) -> httpx.Client:
        """A client that sends the key. The caller closes it."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=timeout, verify=NO_CERTIFICATES)

    def stop(self) -> int:
        """Stop as a service manager would, and give the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(DEADLINE)

    def command(self, *words: str) -> str:
        """The output of another `waystone` command with the same settings."""
        command = [sys.executable, "-m", "gateway", *words]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            env=dict(self.environment),
            timeout=DEADLINE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


def scripted_config(upstream_url: str) -> dict[str, Any]:
    """Settings whose provider `test` is the scripted chat upstream.

    `slow` is too, with little patience, and `drops`, where hosted tools are left out; nobody answers for `down` and
    `twin`. `native` speaks the Responses API, `both` that and chat. `told` says what a test tells it to. Of `native`,
    `both`, `drops` and `told`, no models are listed.
    """
    scripted = {"dialect": "openai-chat", "base_url": upstream_url, "api_key": UPSTREAM_KEY}
    nowhere = {"dialect": "openai-chat", "base_url": "http://127.0.0.1:9/v1"}
    return {
        # What fails here is scripted: asking again, or not at all, would only take time and tell something else.
        "retries": {"attempts": 1},
        "breaker": {"failures": 10_000},
        "providers": {
            "native": {**_below(scripted, "native"), "dialect": "openai-responses", "stored_prompts": True},
            "both": {**_below(scripted, "both"), "dialect": ["openai-chat", "openai-responses"]},
            "drops": {**_below(scripted, "drops"), "hosted_tools": "drop"},
            "told": _below(scripted, "told"),
            "test": scripted,
            "down": {**nowhere, "models": ["any", "echo-too"]},
            "twin": {**nowhere, "models": ["any"]},
            "slow": {**scripted, "models": ["stall", "pause"], "timeouts": {"first_byte": 0.3, "idle": 0.3}},
        },
    }


def _below(provider: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {**provider, "base_url": f"{provider['base_url']}/{name}"}


@contextmanager
def running_gateway(
    folder: Path,
    config: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = (sys.executable, "-m", "gateway"),
    port: int = 0,
) -> Iterator[RunningGateway]:
    """A gateway on a free port, or on this one, with its state in `folder`. It is stopped when the context is left."""
    folder.mkdir(parents=True, exist_ok=True)
    if config is not None:
        # JSON is YAML, too.
        (folder / "waystone.yaml").write_text(json.dumps(config))
    full = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT),
        "WAYSTONE_DATA": str(folder / "data"),
        "WAYSTONE_API_KEY": KEY,
        **(environment or {}),
    }
    log = folder / "gateway.log"
    with log.open("w") as errors:
        process = subprocess.Popen(
            [*command, "serve", "--port", str(port)],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            cwd=folder,
            env=full,
        )
    gateway = RunningGateway("", folder, process, log, full)
    try:
        gateway.url = _ready_url(gateway)
        yield gateway
    finally:
        process.kill()
        process.wait(DEADLINE)


def _ready_url(gateway: RunningGateway) -> str:
    """Read the server's output until it says that it listens, and go on reading behind the test's back."""
    found: list[str] = []
    is_known = threading.Event()

    def read() -> None:
        assert gateway.process.stdout is not None
        with gateway.process.stdout as lines:
            for line in lines:
                gateway.output.append(line)
                match = _READY.search(line)
                if match and not found:
                    found.append(match[1])
                    is_known.set()
        is_known.set()

    threading.Thread(target=read, daemon=True).start()
    assert is_known.wait(DEADLINE), "the gateway did not come up"
    assert found, f"the gateway stopped: {''.join(gateway.output)}{gateway.log.read_text()}"
    return found[0]
