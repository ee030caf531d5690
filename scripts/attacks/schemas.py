"""Response formats whose schemas are made to take for ever, several at once."""

import tempfile
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import httpx
import orjson

from scripts.attacks.servers import WATCHED
from tests.servers.chat_upstream import KEY, ChatUpstream
from tests.servers.gateway import running_gateway
from tests.servers.thread import serving

_AT_ONCE = 4
_PATIENCE = 300.0
_Schema = Mapping[str, Any]


def _patterned(*patterns: str) -> _Schema:
    properties = {f"p{number}": {"type": "string", "pattern": text} for number, text in enumerate(patterns)}
    return {"type": "object", "properties": properties}


def _doubling(levels: int) -> _Schema:
    twice = {f"a{i}": {"allOf": [{"$ref": f"#/$defs/a{i + 1}"}] * 2} for i in range(levels)}
    return {"$ref": "#/$defs/a0", "$defs": {**twice, f"a{levels}": {}}}


def _nested(levels: int) -> _Schema:
    schema: _Schema = {}
    for _ in range(levels - 1):
        schema = {"items": schema}
    return schema


_NAMES = [rf"^\p{{L}}{{1,40}}{number}$" for number in range(1000)]
_SLOW = [rf"[01]*1[01]{{{2400 + number}}}" for number in range(50)]
_TEXTS = {f"p{number}": "01" * 3000 for number in range(50)}

ATTACKS: Mapping[str, tuple[_Schema, str]] = {
    "1,000 patterns, 67 KB": (_patterned(*_NAMES), "{}"),
    "50 large patterns, a text for each": (_patterned(*_SLOW), orjson.dumps(_TEXTS).decode()),
    "20,000 objects in an enum": (
        {"items": {"enum": [{"v": n} for n in range(20_000)]}},
        "[" + ",".join(['{"v":19999}'] * 3000) + "]",
    ),
    "each level twice, 40 levels": (_doubling(40), "{}"),
    "5,000 properties": ({"properties": {f"p{n}": {"type": "string"} for n in range(5000)}}, "{}"),
    "100 levels of nesting": (_nested(100), "[" * 99 + "]" * 99),
    "256 KB of text": ({"description": "x" * 262_000}, "{}"),
    "a megabyte of text": ({"description": "x" * 1_000_000}, "{}"),
}


def report() -> str:
    """A table with a line for each attack, the gateway started anew for each."""
    lines = ["| attack, 4 at once | answers | longest stop ms | health checks | slowest ms | peak RSS MiB | after |"]
    lines.append("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    with serving(ChatUpstream().app) as url:
        for name, (schema, said) in ATTACKS.items():
            lines.append(f"| {name} | {_attacked(url, schema, said)} |")
    return "\n".join(lines)


def _attacked(url: str, schema: _Schema, said: str) -> str:
    config = {"retries": {"attempts": 1}, "providers": {"deepseek": {"base_url": f"{url}/v1", "api_key": KEY}}}
    form = {"type": "json_schema", "json_schema": {"name": "a", "schema": schema}}
    messages = [{"role": "user", "content": said}]
    body = {"model": "deepseek/echo", "messages": messages, "response_format": form}
    with (
        tempfile.TemporaryDirectory() as folder,
        running_gateway(Path(folder), config, command=WATCHED) as gateway,
        gateway.client(timeout=_PATIENCE) as client,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        client.get("/watched")
        sent = [pool.submit(client.post, "/v1/chat/completions", json=body) for _ in range(_AT_ONCE)]
        checks = [_health(client)]
        while wait(sent, timeout=0.02).not_done:
            checks.append(_health(client))
        answers = Counter(answer.result().status_code for answer in sent)
        seen = client.get("/watched").json()
        statuses = ", ".join(f"{count} x {status}" for status, count in answers.items())
        memory = f"{seen['peak'] / 2**20:.0f} | {seen['resident'] / 2**20:.0f}"
        return f"{statuses} | {seen['stop_ms']:.1f} | {len(checks)} | {max(checks) * 1000:.0f} | {memory}"


def _health(client: httpx.Client) -> float:
    answer = client.get("/health/live")
    answer.raise_for_status()
    return answer.elapsed.total_seconds()
