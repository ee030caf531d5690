"""Reads token counts, however an upstream spells them (shared facts on providers, section 0.3)."""

from typing import Any

from gateway.dialects.counts import count, is_whole
from gateway.events import Usage

_COUNTS = ("prompt_tokens", "completion_tokens")
_DETAILS = {
    "prompt_tokens_details": (
        "audio_tokens",
        "cached_tokens",
        "cache_write_tokens",
        "image_tokens",
        "text_tokens",
    ),
    "completion_tokens_details": (
        "accepted_prediction_tokens",
        "audio_tokens",
        "reasoning_tokens",
        "rejected_prediction_tokens",
        "text_tokens",
    ),
}
_CACHED_ELSEWHERE = ("prompt_token_details", "cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens")
_NOTHING: dict[str, Any] = {}


def read_usage(raw: dict[str, Any]) -> Usage:
    """Token counts in OpenAI's meaning, what is left out 0; `raw` is what a client of the dialect may read.

    A detail never exceeds its parent. Where the upstream's own total says that reasoning comes on top of the
    completion (xAI's chat, and Grok elsewhere), or sound on top of the prompt (Mistral), it is added.
    """
    prompt, completion = count(raw, "prompt_tokens"), count(raw, "completion_tokens")
    reasoning = count(raw.get("completion_tokens_details"), "reasoning_tokens")
    missing = count(raw, "total_tokens") - prompt - completion
    if missing > 0:
        if missing == reasoning:
            completion += reasoning
        elif missing == count(raw.get("prompt_tokens_details"), "audio_tokens"):
            prompt += missing
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(_cached(raw), prompt),
        cache_write=min(count(raw.get("prompt_tokens_details"), "cache_write_tokens"), prompt),
        reasoning=min(reasoning, completion),
        raw=_mended(raw),
    )


def told_usage(usage: Usage) -> dict[str, Any]:
    """The usage for a client of the dialect: as the upstream reported it, with OpenAI's meaning where it has another.

    Nearly all report it so, and then it is theirs as it is.
    """
    raw = usage.raw
    given = (count(raw, "prompt_tokens"), count(raw, "completion_tokens"), count(raw, "total_tokens"))
    told = {**raw}
    if given != (usage.prompt, usage.completion, usage.prompt + usage.completion):
        told |= {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion}
        told["total_tokens"] = usage.prompt + usage.completion
    _tell(told, "prompt_tokens_details", "cached_tokens", usage.cached)
    _tell(told, "completion_tokens_details", "reasoning_tokens", usage.reasoning)
    return told


def _tell(told: dict[str, Any], details: str, name: str, tokens: int) -> None:
    given = told.get(details)
    if count(given, name) != tokens:
        told[details] = {**given, name: tokens} if isinstance(given, dict) else {name: tokens}


def _cached(raw: dict[str, Any]) -> int:
    found = count(raw.get("prompt_tokens_details"), "cached_tokens")
    if found or raw.keys().isdisjoint(_CACHED_ELSEWHERE):
        return found
    return count(raw.get("prompt_token_details"), "cached_tokens") or next(
        (found for name in _CACHED_ELSEWHERE if (found := count(raw, name))), 0
    )


def _is_right(raw: dict[str, Any]) -> bool:
    """Whether all counts that a client reads are counts already, as they nearly always are."""
    for name in (*_COUNTS, "total_tokens"):
        if not is_whole(raw.get(name)):
            return False
    for name in _DETAILS:
        details = raw.get(name, _NOTHING)
        if type(details) is not dict:
            return False
        for number in details.values():
            if not is_whole(number):
                return False
    return True


def _mended(raw: dict[str, Any]) -> dict[str, Any]:
    """The counts that every client of the dialect reads, in numbers; everything else as it came."""
    if _is_right(raw):
        return raw
    mended = {**raw, **{name: count(raw, name) for name in _COUNTS}}
    if not is_whole(raw.get("total_tokens")):
        mended["total_tokens"] = sum(mended[name] for name in _COUNTS)
    for name, counts in _DETAILS.items():
        details = raw.get(name)
        if isinstance(details, dict):
            wrong = [kind for kind in counts if kind in details and not is_whole(details[kind])]
            mended[name] = {**details, **dict.fromkeys(wrong)}
        elif details is not None:
            mended[name] = None
    return mended
