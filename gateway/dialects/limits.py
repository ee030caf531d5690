"""Reads from an upstream's headers whether its limits are used up, in all the spellings of it."""

from collections.abc import Mapping

from gateway.dialects.waiting import reset

_UNTOLD = 1.0
"""Seconds that a limit is taken to be used up for where nothing says when it is lifted."""


def exhausted(headers: Mapping[str, str]) -> float | None:
    """Seconds until a request can be served again; None where no limit is used up. Header names are in lower case.

    `x-ratelimit-remaining-tokens` with `x-ratelimit-reset-tokens` (OpenAI, Azure, Groq, xAI, Fireworks, Mistral),
    `anthropic-ratelimit-tokens-remaining` with `-reset`, `x-ratelimit-remaining` (OpenRouter, Together),
    `ratelimitbysize-remaining` (Mistral), `x-tokenlimit-remaining` (Together): shared facts on providers, sections 1,
    3, 4, 9, 10, 12 to 15. Anthropic's priority tier falls back to the standard one, so its limits refuse nothing.
    """
    waits: list[float] = []
    for name, value in headers.items():
        if "remaining" in name and value[:1] in "0-" and "limit" in name and _is_nothing(value):
            waits.append(_lifted(headers, name))
    if headers.get("x-ratelimit-over-limit") == "yes":
        waits.append(_UNTOLD)
    return max(waits) or None if waits else None


def _lifted(headers: Mapping[str, str], name: str) -> float:
    for word in ("reset", "renewalperiod"):
        value = headers.get(name.replace("remaining", word))
        if value is not None and (seconds := reset(value)) is not None:
            return seconds
    return _UNTOLD


def _is_nothing(value: str) -> bool:
    try:
        return float(value) <= 0
    except ValueError:
        return False
