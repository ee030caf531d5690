"""Cases from the fidelity page: every probe to every provider and model of the page, plain and streamed."""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from scripts.documents.probes import BASES, CONTENT, RESPONSES, SETTINGS, TOOLS, Probe
from scripts.goldens import cases
from scripts.goldens.cases import Case, single

_PAGE = Path(__file__).resolve().parents[2] / "docs" / "fidelity.md"
_ANY = "any"
_EXTRA = (
    *(("openai-chat", "gpt-5.1"), ("openai-responses", "gpt-5.1"), ("azure-responses", "any")),
    *(("plain-openai-chat", "m"), ("plain-openai-responses", "m"), ("bedrock", "openai.gpt-oss-120b-1:0")),
    *(("cohere", "command-a-reasoning-08-2025"), ("anthropic", "claude-3-5-haiku-20241022"), ("limits", "m")),
)
"""Providers and models beside those of the page: the other API of a provider, and kinds of models it leaves out."""


def fidelity_cases() -> Iterator[Case]:
    """Every case of every probe."""
    columns = [*_columns(), *_EXTRA]
    for probe in (*SETTINGS, *TOOLS, *CONTENT, *RESPONSES):
        for surface in _surfaces(probe):
            for provider, model in columns:
                for is_stream in (False, True):
                    name = f"fidelity {probe.name} | {provider}/{model} {surface}{' stream' if is_stream else ''}"
                    yield single(name, surface, _body(probe, f"{provider}/{model}", is_stream=is_stream))


def _columns() -> Sequence[tuple[str, str]]:
    """Providers and models, as the page's first table has them."""
    lines = _PAGE.read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("| --- |"))
    providers, models = (
        [cell.strip() for cell in lines[number].strip("| ").split("|")][1:] for number in (start - 1, start + 1)
    )
    return list(zip(providers, (model or _ANY for model in models), strict=True))


def _surfaces(probe: Probe) -> Sequence[str]:
    if probe.surface == "chat":
        return (cases.CHAT, cases.WAYSTONE_CHAT)
    body = {**BASES[probe.surface], **probe.around, **probe.adds}
    # Waystone's own operation takes a text only.
    return (cases.RESPONSES, cases.WAYSTONE_RESPONSES) if isinstance(body["input"], str) else (cases.RESPONSES,)


def _body(probe: Probe, model: str, *, is_stream: bool) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy({**BASES[probe.surface], **probe.around, **probe.adds})
    return {**body, "model": model, "stream": is_stream}
