"""Bodies that hold up the event loop or fill the memory: one of each, then six at once, with health checks."""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from scripts.attacks.hostile_bodies import BOUNDED, NAMED, Attack
from scripts.attacks.servers import WATCHED
from tests.servers.gateway import ROOT, RunningGateway, running_gateway

_AT_ONCE = 6
_PATIENCE = 300.0
_KEY = "sk-upstream"


def report() -> str:
    """A table with a line for each body and model, the gateway started anew for each."""
    lines = [
        "| body | model | MB | answer | longest stop ms (of CPU) | 6 at once | longest stop ms (of CPU) |"
        " health checks | slowest ms | peak MiB |"
    ]
    lines.append("| --- | --- | ---: | --- | ---: | --- | ---: | ---: | ---: | ---: |")
    with _upstream() as url:
        for attack in (*NAMED, *BOUNDED):
            for model in attack.models:
                lines.append(f"| {attack.name} | {model} | {_attacked(url, attack, model)} |")
                print(lines[-1], flush=True)
    return "\n".join(lines)


def _attacked(url: str, attack: Attack, model: str) -> str:
    body = attack.make(model)
    with (
        tempfile.TemporaryDirectory() as folder,
        running_gateway(Path(folder), _config(url), command=WATCHED) as gateway,
        gateway.client(timeout=_PATIENCE) as client,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        # What a process does for the first time only, it does for a small request.
        _small(client, attack, model)
        client.get("/watched")
        checks: list[float] = []
        columns = [f"{len(body) / 1e6:.1f}"]
        for times in (1, _AT_ONCE):
            sent = [pool.submit(_send, gateway, attack, body) for _ in range(times)]
            checks.append(_health(client))
            while wait(sent, timeout=0.02).not_done:
                checks.append(_health(client))
            answers = Counter(one.result() for one in sent)
            seen = client.get("/watched").json()
            columns.append(
                ", ".join(answer if count == times else f"{count} x {answer}" for answer, count in answers.items())
            )
            columns.append(f"{seen['stop_ms']:.0f} ({seen['stop_cpu_ms']:.0f})")
        columns += [str(len(checks)), f"{max(checks) * 1000:.0f}", f"{seen['peak'] / 2**20:.0f}"]
        return " | ".join(columns)


def _send(gateway: RunningGateway, attack: Attack, body: bytes) -> str:
    """The status, and an error's code."""
    headers = [("content-type", "application/json"), *attack.headers]
    with gateway.client(timeout=_PATIENCE) as client:
        try:
            answer = client.post(attack.path + attack.query, content=body, headers=headers)
        except httpx.HTTPError as error:
            return type(error).__name__
        if answer.status_code == 200:
            return "200"
        return f"{answer.status_code} {answer.json()['error']['code']}"


def _small(client: httpx.Client, attack: Attack, model: str) -> None:
    words: dict[str, Any] = {"model": model, "messages": [{"role": "user", "content": "Hello."}], "input": "Hello."}
    client.post(attack.path, json=words if model else {})


def _health(client: httpx.Client) -> float:
    answer = client.get("/health/live")
    answer.raise_for_status()
    return answer.elapsed.total_seconds()


def _config(url: str) -> dict[str, Any]:
    keys = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret"}
    return {
        "retries": {"attempts": 1},
        "providers": {
            "chat": {"dialect": "openai-chat", "base_url": f"{url}/v1", "api_key": _KEY},
            "responses": {"dialect": "openai-responses", "base_url": f"{url}/v1", "api_key": _KEY},
            "deepseek": {"base_url": f"{url}/v1", "api_key": _KEY},
            "anthropic": {"base_url": f"{url}/v1", "api_key": _KEY},
            "gemini": {"base_url": f"{url}/v1beta", "api_key": _KEY},
            "bedrock": {"base_url": url, "region": "eu-central-1", **keys},
        },
    }


@contextmanager
def _upstream() -> Iterator[str]:
    """Its address. It has a process of its own, so that only the gateway's work is measured."""
    command = [sys.executable, "-m", "scripts.attacks.patient_upstream"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()
