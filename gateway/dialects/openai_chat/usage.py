"""Reads and writes token counts, however an upstream spells them (shared facts on providers, section 0.3)."""

from collections.abc import Mapping, Sequence

from gateway.dialects.decoder import later_counts
from gateway.dialects.openai_chat.repairs import LATEST
from gateway.neutral.events import Usage
from gateway.neutral.json import Json, JsonObject, count_or_none, count_or_zero, object_or_empty, object_or_none

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")
_DETAILS: Mapping[str, Sequence[str]] = {
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
# Servers between two APIs have the names of the other one.
_OWN_AND_OTHER = (("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens"))
_OTHER_DETAILS = "prompt_token_details"
_CACHED = ("cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens")
_CACHED_ELSEWHERE = frozenset({_OTHER_DETAILS, *_CACHED})


_NO_DETAILS: JsonObject = {}
# Digits of a number that may be a count.
_LONGEST = 16


def usage_field(document: JsonObject) -> Json:
    """The usage of a reply or a chunk, which some servers have in a field of their own (Groq's `x_groq.usage`)."""
    usage = document.get("usage")
    if usage and (type(usage) is not dict or any(map(usage.get, _COUNTS))):
        return usage
    for name, value in document.items():
        if name.startswith("x_") and type(value) is dict and (found := value.get("usage")):
            return found
    return usage


def later_usage(known: Usage | None, later: Usage | None) -> Usage | None:
    """What two reports of one answer say: the later one counts, but for a zero where the earlier had a number."""
    if known is None or later is None:
        return later or known
    return Usage(
        prompt=later.prompt or known.prompt,
        completion=later.completion or known.completion,
        cached=later.cached or known.cached,
        cache_write=later.cache_write or known.cache_write,
        reasoning=later.reasoning or known.reasoning,
        raw=later_counts(known.raw, later.raw),
    )


def read_usage(document: JsonObject) -> Usage | None:
    """The usage of a reply or a chunk: token counts in OpenAI's meaning, 0 for what is missing.

    `raw` is what a client of the dialect may read. A detail never exceeds its parent. Where the upstream's own total
    includes reasoning on top of the completion (xAI's chat, and Grok elsewhere), or sound on top of the prompt
    (Mistral), it is added.
    """
    raw = object_or_none(usage_field(document))
    if raw is None:
        return None
    if (usual := usual_counts(raw)) is not None and (usual.prompt or usual.completion):
        return usual
    prompt, completion = (_count(raw, *names) for names in _OWN_AND_OTHER)
    total = _count(raw, "total_tokens")
    repaired = raw if _is_right(raw, (prompt, completion, total)) else _repaired(raw, prompt, completion)
    prompt_details = object_or_empty(raw.get("prompt_tokens_details") or raw.get("input_tokens_details"))
    details = object_or_empty(raw.get("completion_tokens_details") or raw.get("output_tokens_details"))
    reasoning = count_or_zero(details.get("reasoning_tokens"))
    missing = total - prompt - completion
    if missing > 0:
        if missing == reasoning:
            completion += reasoning
        elif missing == count_or_zero(prompt_details.get("audio_tokens")):
            prompt += missing
    cached = count_or_zero(prompt_details.get("cached_tokens"))
    if not cached and not _CACHED_ELSEWHERE.isdisjoint(raw):
        cached = _cached_elsewhere(raw)
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=min(cached, prompt),
        cache_write=min(count_or_zero(prompt_details.get("cache_write_tokens")), prompt),
        reasoning=min(reasoning, completion),
        raw=repaired,
    )


def usual_counts(usage: JsonObject) -> Usage | None:
    """The usage in counts that add up, as nearly all do, in one look; None for any other."""
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if (
        type(prompt) is not int
        or type(completion) is not int
        or not (0 <= prompt < LATEST and 0 <= completion < LATEST)
    ):
        return None
    total = usage.get("total_tokens")
    if type(total) is not int or total != prompt + completion or not _CACHED_ELSEWHERE.isdisjoint(usage):
        return None
    of_prompt = _usual_details(usage, "prompt_tokens_details", prompt)
    of_completion = _usual_details(usage, "completion_tokens_details", completion)
    if of_prompt is None or of_completion is None:
        return None
    cached, cache_write = of_prompt.get("cached_tokens", 0), of_prompt.get("cache_write_tokens", 0)
    return Usage(prompt, completion, cached, cache_write, of_completion.get("reasoning_tokens", 0), usage)


def _usual_details(usage: JsonObject, name: str, most: int) -> Mapping[str, int] | None:
    """The parts of a count, none of which is larger than it."""
    details = usage.get(name, _NO_DETAILS)
    if type(details) is not dict:
        return None
    counts: dict[str, int] = {}
    for part, count in details.items():
        if type(count) is not int or not 0 <= count <= most:
            return None
        counts[part] = count
    return counts


def usage_document(usage: Usage) -> JsonObject:
    """The usage for a client of the dialect: as the upstream reported it, with OpenAI's meaning where it has another.

    Nearly all report it so, and then it is theirs as it is.
    """
    raw = usage.raw
    total = usage.prompt + usage.completion
    given = (raw.get("prompt_tokens"), raw.get("completion_tokens"), raw.get("total_tokens"))
    document = {**raw}
    if given != (usage.prompt, usage.completion, total):
        document |= {"prompt_tokens": usage.prompt, "completion_tokens": usage.completion, "total_tokens": total}
    for details, name, tokens in (
        ("prompt_tokens_details", "cached_tokens", usage.cached),
        ("completion_tokens_details", "reasoning_tokens", usage.reasoning),
    ):
        known = document.get(details)
        if not isinstance(known, dict):
            if tokens:
                document[details] = {name: tokens}
        elif count_or_zero(known.get(name)) != tokens:
            document[details] = {**known, name: tokens}
    return document


def _count(raw: JsonObject, *names: str) -> int:
    """The first count under one of the names. Some servers write their numbers as texts."""
    for name in names:
        value = raw.get(name)
        if isinstance(value, str) and value.isdecimal() and len(value) < _LONGEST:
            value = int(value)
        if count := count_or_zero(value):
            return count
    return 0


def _cached_elsewhere(raw: JsonObject) -> int:
    """The cached tokens in the fields that other servers have for them."""
    found = count_or_zero(object_or_empty(raw.get(_OTHER_DETAILS)).get("cached_tokens"))
    return found or next((found for name in _CACHED if (found := count_or_zero(raw.get(name)))), 0)


def _is_right(raw: JsonObject, counts: Sequence[int]) -> bool:
    """Whether all `counts` that were read, and the details, are written so, as they nearly always are."""
    for name, count in zip(_COUNTS, counts, strict=True):
        value = raw.get(name)
        if type(value) is not int or value != count:
            return False
    for name in _DETAILS:
        if name not in raw:
            continue
        details = raw[name]
        if type(details) is not dict:
            return False
        for number in details.values():
            if count_or_none(number) is None:
                return False
    return True


def _repaired(raw: JsonObject, prompt: int, completion: int) -> JsonObject:
    """The counts that every client of the dialect reads, in numbers; everything else as it came."""
    repaired: JsonObject = {**raw, "prompt_tokens": prompt, "completion_tokens": completion}
    if count_or_none(raw.get("total_tokens")) is None:
        repaired["total_tokens"] = prompt + completion
    for name, counts in _DETAILS.items():
        details = raw.get(name)
        if isinstance(details, dict):
            repaired[name] = {**details, **_without_value(details, counts)}
        elif details is not None:
            repaired[name] = None
    return repaired


def _without_value(details: JsonObject, counts: Sequence[str]) -> dict[str, Json]:
    """The details that are no counts, each as null."""
    return {name: None for name in counts if name in details and count_or_none(details[name]) is None}
