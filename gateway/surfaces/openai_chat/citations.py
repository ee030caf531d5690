"""Citations and log probabilities in chat's shapes."""

from typing import Any

_PLACES = ("start_index", "end_index")


def chat_annotation(annotation: dict[str, Any], part_start: int) -> dict[str, Any] | None:
    """A citation of a page, nested under its type. None for any other: chat has no place for it.

    Flat ones count from the beginning of their own part, which is `part_start` in the message.
    """
    nested: Any = annotation.get("url_citation")
    is_nested = isinstance(nested, dict)
    source: dict[str, Any] = nested if is_nested else annotation
    if annotation.get("type", "url_citation") != "url_citation" or not isinstance(source.get("url"), str):
        return None
    written = {name: source[name] if type(source.get(name)) is int else 0 for name in _PLACES}
    if not is_nested:
        written = {name: place + part_start for name, place in written.items()}
    title = source.get("title")
    citation = {**written, "url": source["url"], "title": title if isinstance(title, str) else ""}
    return {"type": "url_citation", "url_citation": citation}


def chat_logprobs(entries: list[dict[str, Any]] | None) -> dict[str, Any] | None:
    """Log probabilities of the tokens of a text, with every field present. None where there are none."""
    content = [{**_token(entry), "top_logprobs": _tokens(entry.get("top_logprobs"))} for entry in _known(entries)]
    return {"content": content, "refusal": None} if content else None


def _tokens(entries: Any) -> list[dict[str, Any]]:
    return [_token(entry) for entry in _known(entries)]


def _known(entries: Any) -> list[dict[str, Any]]:
    """The entries that say of which token they are, and how likely it was: elsewhere both may be left out."""
    return [entry for entry in entries or () if "token" in entry and "logprob" in entry]


def _token(entry: dict[str, Any]) -> dict[str, Any]:
    return {"token": entry["token"], "logprob": entry["logprob"], "bytes": entry.get("bytes")}
