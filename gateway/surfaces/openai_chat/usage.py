"""Token counts in chat's shape."""

from typing import Any

from gateway.events import Usage

_COUNTS = ("prompt_tokens", "completion_tokens", "total_tokens")


def chat_usage(usage: Usage | None) -> dict[str, Any]:
    """Token counts under chat's names, zeros where the upstream reported none.

    Details beyond the two that are neutral are shown where the upstream has chat's own names for them.
    """
    usage = usage or Usage()
    is_chat = all(type(usage.raw.get(name)) is int for name in _COUNTS)
    raw = usage.raw if is_chat else {}
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": {
            **_counts(raw.get("prompt_tokens_details")),
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
        },
        "completion_tokens_details": {
            **_counts(raw.get("completion_tokens_details")),
            "reasoning_tokens": usage.reasoning,
        },
    }


def _counts(details: Any) -> dict[str, int]:
    if not isinstance(details, dict):
        return {}
    return {name: count for name, count in details.items() if type(count) is int}
