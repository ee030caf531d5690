"""Plays cases against the gateway, and writes down what became of each step."""

import asyncio
import json
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.goldens.application import KEYS, Answered, Client, Ledger, ledger, running
from scripts.goldens.cases import Case, Document, Reply, Step
from scripts.goldens.filling import document, filled
from scripts.goldens.stable import Stable
from scripts.goldens.upstream import Received, ScriptedUpstreams, serving

_REQUEST_ID = "x-request-id"


@dataclass(frozen=True)
class Played:
    """One step, as it went."""

    answered: Answered
    received: Sequence[Received]


def play(cases: Sequence[Case], config: Mapping[str, Any], defaults: Mapping[str, Reply]) -> list[list[Document]]:
    """What became of each case: a document for each of its steps, which is the same each time."""
    return asyncio.run(_play(cases, config, defaults))


async def _play(
    cases: Sequence[Case], config: Mapping[str, Any], defaults: Mapping[str, Reply]
) -> list[list[Document]]:
    began = time.time()
    upstreams = ScriptedUpstreams(defaults)
    with tempfile.TemporaryDirectory(prefix="golden-") as name:
        folder = Path(name)
        async with serving(upstreams) as port, running(config, folder, port) as client:
            played = [await _play_case(case, client, upstreams) for case in cases]
        stored = ledger(folder)
    return [_described(steps, Stable(began, stored.secret), stored) for steps in played]


async def _play_case(case: Case, client: Client, upstreams: ScriptedUpstreams) -> list[Played]:
    documents: list[Any] = []
    played = []
    for step in case.steps:
        upstreams.begin(step.replies)
        answered = await _ask(step, client, documents, case.name)
        played.append(Played(answered, upstreams.received))
        documents.append(document(answered))
    return played


async def _ask(step: Step, client: Client, documents: Sequence[Any], name: str) -> Answered:
    body = step.body
    if isinstance(body, str):
        content = body.encode()
    else:
        content = b"" if body is None else json.dumps(filled(body, documents)).encode()
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEYS[step.key]}", **step.headers}
    try:
        return await client.ask(step.method, str(filled(step.path, documents)), headers, content)
    except TimeoutError:
        return Answered(0, (), f"no answer in time to {name}".encode())


def _described(steps: Sequence[Played], stable: Stable, stored: Ledger) -> list[Document]:
    return [_step(step, stable, stored) for step in steps]


def _step(step: Played, stable: Stable, stored: Ledger) -> Document:
    answered = step.answered
    known = len(stable.seals)
    request_id = dict(answered.headers).get(_REQUEST_ID, "")
    described = {
        "upstream": [_received(request, stable) for request in step.received],
        "status": answered.status,
        "headers": stable.headers(answered.headers, answered.body),
        "body": stable.body(answered.body),
        "usage": stable.usage(stored.usage.get(request_id)),
    }
    return {**described, "seals": stable.seals[known:]}


def _received(request: Received, stable: Stable) -> Document:
    return {
        "method": request.method,
        "target": stable.text(request.target),
        "headers": stable.headers(request.headers, request.body),
        "body": stable.body(request.body),
    }
