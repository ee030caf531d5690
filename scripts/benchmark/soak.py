"""Loads the gateway for minutes with every kind of failure, and tells whether its memory grows."""

import http.client
import json
import signal
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.dialects import DIALECTS
from scripts.benchmark import wrk
from scripts.benchmark.bodies import CHAT, RESPONSES, WAYSTONE_CHAT, chat, responses
from scripts.benchmark.errors import BenchmarkError
from scripts.benchmark.failing import WAYS
from scripts.benchmark.processes import Server, on_core, running
from scripts.benchmark.sections import Aim
from scripts.benchmark.servers import GATEWAY, KEY, Place
from scripts.benchmark.tables import table

_MIXED = Path(__file__).with_name("mixed.lua")
_CONNECTIONS = 16
_SAMPLES = 60
# What is warmed up, filled and settled in the first part is no growth.
_SETTLED = 0.25
_MIB = 1024 * 1024
_MOST_GROWTH_MIB = 10.0


@dataclass(frozen=True)
class Sample:
    """The server's memory some seconds after the beginning."""

    seconds: float
    resident: int


def report(place: Place, minutes: float) -> tuple[str, Sequence[Aim]]:
    """Run the soak. The memory by time, its slope, and the targets."""
    with running(place.program("failing", "-m", "scripts.benchmark.failing", "{port}"), place.cores.load) as upstream:
        config = place.folder / "soak.yaml"
        config.write_text(json.dumps(_config(upstream)))
        environment = {
            "WAYSTONE_CONFIG": str(config),
            "WAYSTONE_DATA": str(place.folder / "soak"),
            "WAYSTONE_API_KEY": KEY,
            "LOG_LEVEL": "error",
        }
        program = place.program("soaked", *GATEWAY, environment=environment)
        with running(program, place.cores.server) as gateway:
            samples, told = _loaded(place, gateway, minutes * 60)
    return _written(samples, told, minutes)


def _config(upstream: Server) -> dict[str, Any]:
    """An instance for each way to fail in each dialect, and names for which one that answers steps in."""
    names = list(DIALECTS)
    providers: dict[str, Any] = {
        _instance(name, way): {
            **{"dialect": name, "base_url": f"{upstream.url}/v1", "models": [way]},
            **{"api_keys": ["soak-one", "soak-two"], "timeouts": {"first_byte": 0.5}},
        }
        for name in names
        for way in WAYS
    }
    providers["nowhere"] = {"dialect": "openai-chat", "base_url": "http://127.0.0.1:9/v1", "models": ["any"]}
    models = {
        f"{way}-{number}": {
            "targets": [f"{_instance(name, way)}/{way}"],
            "fallbacks": [f"{_instance(names[(number + 1) % len(names)], 'static')}/static"],
        }
        for way in WAYS
        for number, name in enumerate(names)
    }
    models["unreachable"] = {"targets": ["nowhere/any"], "fallbacks": [f"{_instance(names[0], 'static')}/static"]}
    return {
        **{"providers": providers, "models": models, "embedded": {"enabled": False}},
        # Waits are not what is measured; a breaker that stays open would keep most failures away.
        **{"retries": {"attempts": 2, "longest_wait": 0.05}, "breaker": {"failures": 20, "seconds": 0.5}},
    }


def _instance(dialect: str, way: str) -> str:
    return f"{dialect}-{way}"


def _asked(folder: Path) -> list[str]:
    """Paths and files of bodies: each way to fail, by each dialect, plain and streamed, with and without a way out."""
    words: list[str] = []
    names = [f"{way}-{number}" for way in WAYS for number in range(len(DIALECTS)) if way != "stall"]
    names += [f"{_instance(name, way)}/{way}" for name in DIALECTS for way in WAYS if way != "stall"]
    # A stalled answer holds its connection; one in a hundred is enough.
    names += ["unreachable", "stall-0", "no-such/model"]
    for number, name in enumerate(names):
        for is_stream in (False, True):
            asked = {
                CHAT: chat(name, is_stream=is_stream, metadata={"topic": f"topic-{number % 10}"}),
                RESPONSES: {**responses(is_stream=is_stream, model=name), "store": False},
                WAYSTONE_CHAT: chat(name, is_stream=is_stream),
            }
            path = list(asked)[number % len(asked)]
            file = folder / f"soak-{number}-{is_stream}.json"
            file.write_bytes(orjson.dumps(asked[path]))
            words += [path, str(file)]
    return words


def _loaded(place: Place, gateway: Server, seconds: float) -> tuple[list[Sample], dict[str, Any]]:
    command = [wrk.find(), "-t1", f"-c{_CONNECTIONS}", "-d86400", "--timeout", "30", "-s", str(_MIXED)]
    command += ["-H", f"Authorization: Bearer {KEY}", "-H", "Content-Type: application/json", gateway.url, "--"]
    with on_core(place.cores.load):
        process = subprocess.Popen(
            command + _asked(place.folder), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
    leaving = _Leaving(gateway)
    leaving.start()
    samples: list[Sample] = []
    begun = time.monotonic()
    try:
        while (elapsed := time.monotonic() - begun) < seconds:
            samples.append(Sample(elapsed, gateway.resident_bytes()))
            time.sleep(seconds / _SAMPLES)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    finally:
        leaving.stop()
        process.kill()
        process.wait()
    line = next((line for line in output.splitlines() if line.startswith("{")), None)
    if line is None:
        raise BenchmarkError(f"wrk told nothing:\n{output}")
    return samples, {**json.loads(line), "left": leaving.count}


class _Leaving(threading.Thread):
    """A client that goes away in the middle of its answers."""

    def __init__(self, gateway: Server) -> None:
        super().__init__(daemon=True)
        self._port = gateway.port
        self._is_stopped = threading.Event()
        self.count = 0

    def run(self) -> None:
        body = orjson.dumps(chat("static-0", is_stream=True))
        headers = {"authorization": f"Bearer {KEY}", "content-type": "application/json"}
        while not self._is_stopped.wait(0.02):
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
            try:
                connection.request("POST", CHAT, body, headers)
                if self.count % 2:
                    connection.getresponse().read(10)
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            self.count += 1

    def stop(self) -> None:
        """Stop, and wait for the last call to end."""
        self._is_stopped.set()
        self.join(20)


def _written(samples: Sequence[Sample], told: dict[str, Any], minutes: float) -> tuple[str, Sequence[Aim]]:
    settled = [sample for sample in samples if sample.seconds >= _SETTLED * samples[-1].seconds]
    slope = _slope(settled)
    growth = slope * settled[-1].seconds / _MIB
    per_request = slope * minutes * 60 / max(told["requests"], 1)
    shown = samples[:: max(1, len(samples) // 12)]
    rows = [[f"{sample.seconds / 60:.1f}", f"{sample.resident / _MIB:.1f}"] for sample in shown]
    text = (
        f"### A soak of {minutes:g} minutes\n\n"
        f"{told['requests']:,} requests, {told['refused']:,} of them answered with an error, "
        f"{told['broken']:,} broken; {told['left']:,} more clients left in the middle.\n\n"
        + table(["minutes", "RSS MiB"], rows)
        + f"\nSlope after the first quarter: {slope * 60 / 1024:+.1f} KiB a minute, "
        f"{per_request:+.2f} bytes a request.\n"
    )
    return text, [Aim(f"growth of memory in {minutes:g} minutes of failures", growth, _MOST_GROWTH_MIB, "MiB")]


def _slope(samples: Sequence[Sample]) -> float:
    """Bytes a second, by least squares."""
    count = len(samples)
    middle = sum(sample.seconds for sample in samples) / count
    level = sum(sample.resident for sample in samples) / count
    spread = sum((sample.seconds - middle) ** 2 for sample in samples)
    return sum((s.seconds - middle) * (s.resident - level) for s in samples) / spread if spread else 0.0
