"""Token counts under chat's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway.neutral.events import Usage
from gateway.neutral.json import Json, JsonObject
from gateway.surfaces.extensions import extensions

if TYPE_CHECKING:
    from generated import models

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def chat_usage(usage: Usage | None) -> models.CompletionUsage:
    """Token counts under chat's names, zeros where the upstream reported none.

    Details beyond the two that are neutral are shown where the upstream has chat's own names for them.
    """
    usage = usage or Usage()
    is_chat = _COUNTS[0] in usage.raw and all(type(usage.raw.get(name)) is int for name in _COUNTS)
    raw: JsonObject = usage.raw if is_chat else {}
    written: models.CompletionUsage = {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
    }
    # Beside the counts of the contract stand those that only this provider has.
    fields = extensions(written)
    fields["prompt_tokens_details"] = {
        **_counts(raw.get("prompt_tokens_details")),
        "cached_tokens": usage.cached,
        "cache_write_tokens": usage.cache_write,
    }
    fields["completion_tokens_details"] = {
        **_counts(raw.get("completion_tokens_details")),
        "reasoning_tokens": usage.reasoning,
    }
    return written


def _counts(details: Json) -> dict[str, int]:
    if not isinstance(details, dict):
        return {}
    return {name: count for name, count in details.items() if type(count) is int}
