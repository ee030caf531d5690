"""Log probabilities of tokens, in chat's shape."""

from typing import Any

_Entry = dict[str, Any]


def token_entries(given: Any) -> list[_Entry] | None:
    """The tokens of a text with their log probabilities. None where one of them is none."""
    if not isinstance(given, list):
        return None
    entries: list[_Entry] = []
    for token in given:
        entry = _measured(token)
        if entry is None:
            return None
        others = token.get("top_logprobs")
        alternatives = [_measured(other) for other in others] if isinstance(others, list) else []
        entry["top_logprobs"] = [other for other in alternatives if other is not None]
        entries.append(entry)
    return entries or None


def _measured(token: Any) -> _Entry | None:
    if not isinstance(token, dict) or not isinstance(token.get("token"), str):
        return None
    logprob, spelled = token.get("logprob"), token.get("bytes")
    if type(logprob) not in (int, float):
        return None
    is_spelled = isinstance(spelled, list) and all(type(byte) is int for byte in spelled)
    return {"token": token["token"], "logprob": logprob, "bytes": spelled if is_spelled else None}
