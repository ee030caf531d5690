"""Other gateways, beside which Waystone is measured with `--peers`: installed apart, in a folder that git ignores."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scripts.benchmark.processes import BenchmarkError, Program
from scripts.benchmark.servers import AUTHORIZATION, CHAT_DIALECT, KEY, Servers
from scripts.benchmark.upstream import PACES

FOLDER = ".venv-peers"
_INSTALL_SECONDS = 900

Commands = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Peer:
    """Another gateway: the commands that install a version of it into a folder, and how it is started from there."""

    name: str
    version: str
    install: Callable[[Path, str], Commands]
    program: Callable[[Path, Servers], Program]


def start(peer: Peer, servers: Servers) -> None:
    """Start a peer, which is installed first if that is still to be done. Raises `BenchmarkError` if either fails."""
    folder = servers.root / FOLDER / peer.name
    made = folder / "version"
    if not made.exists() or made.read_text() != peer.version:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        try:
            for command in peer.install(folder, peer.version):
                subprocess.run(command, capture_output=True, text=True, check=True, timeout=_INSTALL_SECONDS)
        except subprocess.CalledProcessError as error:
            raise BenchmarkError(f"{error}\n{error.stderr.strip()[-500:]}") from error
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BenchmarkError(str(error)) from error
        made.write_text(peer.version)
    servers.programs[peer.name] = partial(peer.program, folder, servers)
    servers.get(peer.name)


def _install_litellm(folder: Path, version: str) -> Commands:
    pip = (str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    return [(sys.executable, "-m", "venv", str(folder)), (*pip, f"litellm[proxy]=={version}")]


def _litellm(folder: Path, servers: Servers) -> Program:
    """LiteLLM's proxy with one worker, its key check on, and no calls to anything but the upstream."""
    upstream = {"api_base": servers.upstream_url, "api_key": "sk-benchmark-upstream"}
    models = [
        {"model_name": f"{CHAT_DIALECT}/{name}", "litellm_params": {"model": f"openai/{name}", **upstream}}
        for name in PACES
    ]
    config = servers.folder / "litellm.yaml"
    # JSON is YAML, too.
    config.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": KEY}}))
    command = (str(folder / "bin" / "litellm"), "--config", str(config), "--host", "127.0.0.1", "--port", "{port}")
    environment = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_LOG": "ERROR", "LITELLM_MODE": "PRODUCTION"}
    return Program("LiteLLM", command, servers.cores.server, environment, AUTHORIZATION, "/health/liveliness")


def _install_portkey(folder: Path, version: str) -> Commands:
    package = {
        "dependencies": {"@portkey-ai/gateway": version},
        # Newer ones within the range that the gateway allows break its streams: "TypeError: immutable".
        "overrides": {"@hono/node-server": "1.13.8"},
    }
    (folder / "package.json").write_text(json.dumps(package))
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error")
    return [("npm", "install", "--prefix", str(folder), *quiet)]


def _portkey(folder: Path, servers: Servers) -> Program:
    """Portkey's gateway. It checks no keys of its own: the key in a request is the upstream's."""
    script = folder / "node_modules" / "@portkey-ai" / "gateway" / "build" / "start-server.js"
    command = ("node", str(script), "--port={port}", "--headless")
    headers = {"x-portkey-provider": "openai", "x-portkey-custom-host": servers.upstream_url, **AUTHORIZATION}
    return Program("Portkey", command, servers.cores.server, {"NODE_ENV": "production"}, headers, "/")


PEERS = (
    Peer("Portkey", "1.15.2", _install_portkey, _portkey),
    Peer("LiteLLM", "1.108.0", _install_litellm, _litellm),
)
