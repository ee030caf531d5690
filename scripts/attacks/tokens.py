"""Inputs whose tokens take long to count, several at once."""

import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx

from scripts.attacks.servers import WATCHED
from tests.servers.gateway import running_gateway

_AT_ONCE = 4
_PATIENCE = 300.0
_MB = 10**6
_PIXEL = "data:image/png;base64,iVBORw0KGgo"
ATTACKS: Mapping[str, object] = {
    "20 MB of one letter": "a" * 20 * _MB,
    "1,000,000 blanks": " " * _MB,
    "1,000,000 blanks and line breaks": " \n" * (_MB // 2),
    "1,000,000 Chinese characters": "好" * _MB,
    "1,000,000 combining marks": "\u0301" * _MB,
    "10,000 messages": [{"role": "user", "content": "Hello there, all of you."}] * 9_999,
    "5,000 images": [{"role": "user", "content": [{"type": "input_image", "image_url": _PIXEL}] * 5_000}],
    "a JPEG of 10 MB without a frame": [
        {
            "role": "user",
            "content": [{"type": "input_image", "image_url": "data:image/jpeg;base64," + "/9j/" + "/wE=" * 2_500_000}],
        }
    ],
}


def report() -> str:
    """A table with a line for each attack, the gateway started anew for each."""
    lines = ["| attack, 4 at once | answers | seconds | longest stop ms | health checks | slowest ms | peak RSS MiB |"]
    lines.append("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    lines += [f"| {name} | {_attacked(given)} |" for name, given in ATTACKS.items()]
    return "\n".join(lines)


def _attacked(given: object) -> str:
    # Nobody answers there: counts are made here.
    providers = {"openai": {"base_url": "http://127.0.0.1:9/v1", "api_key": "any"}}
    body: dict[str, Any] = {"model": "openai/gpt-4o", "input": given}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_gateway(Path(folder), {"providers": providers}, command=WATCHED) as gateway,
        gateway.client(timeout=_PATIENCE) as client,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        client.get("/watched")
        sent = [pool.submit(client.post, "/v1/responses/input_tokens", json=body) for _ in range(_AT_ONCE)]
        checks = [_health(client)]
        while wait(sent, timeout=0.02).not_done:
            checks.append(_health(client))
        done = [answer.result() for answer in sent]
        seen = client.get("/watched").json()
        statuses = ", ".join(
            f"{count} x {status}" for status, count in Counter(answer.status_code for answer in done).items()
        )
        slowest = max(answer.elapsed.total_seconds() for answer in done)
        figures = f"{slowest:.1f} | {seen['stop_ms']:.1f} | {len(checks)} | {max(checks) * 1000:.0f}"
        return f"{statuses} | {figures} | {seen['peak'] / 2**20:.0f}"


def _health(client: httpx.Client) -> float:
    answer = client.get("/health/live")
    answer.raise_for_status()
    return answer.elapsed.total_seconds()
