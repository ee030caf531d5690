"""Log probabilities of tokens, in chat's format."""

from gateway.neutral.json import Json, JsonObject, list_or_empty, object_or_empty


def token_entries(given: Json) -> list[JsonObject] | None:
    """The tokens of a text with their log probabilities. None where one of them is none."""
    if not isinstance(given, list):
        return None
    entries: list[JsonObject] = []
    for token in given:
        entry = _measured(token)
        if entry is None:
            return None
        others = list_or_empty(object_or_empty(token).get("top_logprobs"))
        entry["top_logprobs"] = [known for other in others if (known := _measured(other)) is not None]
        entries.append(entry)
    return entries or None


def _measured(token: Json) -> JsonObject | None:
    if not isinstance(token, dict) or not isinstance(token.get("token"), str):
        return None
    logprob, spelled = token.get("logprob"), token.get("bytes")
    if type(logprob) not in (int, float):
        return None
    is_spelled = isinstance(spelled, list) and all(type(byte) is int for byte in spelled)
    return {"token": token["token"], "logprob": logprob, "bytes": spelled if is_spelled else None}
