"""Cases from the fidelity page: every probe to every provider and model of the page, plain and streamed."""

import copy
from collections.abc import Iterator, Sequence
from typing import Any

from scripts.documents.fidelity import lines
from scripts.documents.probes import BASES, PROBES, Probe
from scripts.goldens import cases
from scripts.goldens.cases import Case, single

_EXTRA = (
    *(("openai-chat", "gpt-5.1"), ("openai-responses", "gpt-5.1"), ("azure-responses", "any")),
    *(("plain-openai-chat", "m"), ("plain-openai-responses", "m"), ("bedrock", "openai.gpt-oss-120b-1:0")),
    *(("cohere", "command-a-reasoning-08-2025"), ("anthropic", "claude-3-5-haiku-20241022"), ("limits", "m")),
)
"""Providers and models beside those of the page: the other API of a provider, and kinds of models it leaves out."""


def fidelity_cases() -> Iterator[Case]:
    """Every case of every probe."""
    targets = [*((line.row.name, line.model) for line in lines()), *_EXTRA]
    for probe in PROBES:
        for surface in _surfaces(probe):
            for provider, model in targets:
                for is_stream in (False, True):
                    name = f"fidelity {probe.name} | {provider}/{model} {surface}{' stream' if is_stream else ''}"
                    yield single(name, surface, _body(probe, f"{provider}/{model}", is_stream=is_stream))


def _surfaces(probe: Probe) -> Sequence[str]:
    if probe.surface == "chat":
        return (cases.CHAT, cases.WAYSTONE_CHAT)
    body = {**BASES[probe.surface], **probe.around, **probe.adds}
    # Waystone's own operation takes a text only.
    return (cases.RESPONSES, cases.WAYSTONE_RESPONSES) if isinstance(body["input"], str) else (cases.RESPONSES,)


def _body(probe: Probe, model: str, *, is_stream: bool) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy({**BASES[probe.surface], **probe.around, **probe.adds})
    return {**body, "model": model, "stream": is_stream}
