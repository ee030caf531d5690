"""Turns Gemini's log probabilities into chat's."""

from typing import Any


def logprobs_of(result: Any) -> list[dict[str, Any]] | None:
    """The tokens that were chosen, each with those that could have been; None where none are told."""
    if not isinstance(result, dict):
        return None
    tops = [one.get("candidates") if isinstance(one, dict) else None for one in _list(result.get("topCandidates"))]
    entries: list[dict[str, Any]] = []
    for place, token in enumerate(_list(result.get("chosenCandidates"))):
        measured = _measured(token)
        if measured is not None:
            top = _list(tops[place]) if place < len(tops) else []
            found = [one for one in map(_measured, top) if one is not None]
            entries.append({**measured, "top_logprobs": found})
    return entries or None


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else []


def _measured(given: Any) -> dict[str, Any] | None:
    match given:
        case {"token": str() as token, "logProbability": int() | float() as probability}:
            return {"token": token, "logprob": probability, "bytes": list(token.encode("utf-8", "replace"))}
        case _:
            return None
