"""Citations and log probabilities of the chat dialect, in the Responses API's shapes."""

from typing import Any

_PLACES = ("start_index", "end_index")


def flat_annotation(annotation: dict[str, Any]) -> dict[str, Any] | None:
    """A citation, which chat nests under its type, flat. None for one that cites nothing."""
    kind = annotation.get("type", "url_citation")
    if not isinstance(kind, str):
        return None
    nested = annotation.get(kind)
    flat = {**(nested if isinstance(nested, dict) else annotation), "type": kind}
    if kind != "url_citation":
        return flat
    if not isinstance(flat.get("url"), str):
        return None
    flat["title"] = flat["title"] if isinstance(flat.get("title"), str) else ""
    for name in _PLACES:
        flat[name] = flat[name] if type(flat.get(name)) is int else 0
    return flat


def response_logprobs(entries: list[dict[str, Any]] | None) -> list[dict[str, Any]]:
    """Log probabilities with every field present: chat leaves `bytes` null, here it is a list."""
    return [
        {**_measured(entry), "top_logprobs": [_measured(other) for other in entry.get("top_logprobs") or ()]}
        for entry in entries or ()
    ]


def _measured(entry: dict[str, Any]) -> dict[str, Any]:
    return {"token": entry["token"], "logprob": entry["logprob"], "bytes": entry.get("bytes") or []}
