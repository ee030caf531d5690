"""Tells an upstream how much to reason, in its own words.

The forms that a row's `Thinking` may have in OpenAI's dialects:

* `effort`: a word in `reasoning_effort` (in the Responses API, in `reasoning.effort`).
* `thinking`: `thinking: {"type": "enabled"}` or `"disabled"`, and a word in `reasoning_effort` where there is one.
* `reasoning`: a word in `reasoning.effort`, also in chat.
* `enabled`: `reasoning: {"enabled": true}` or `false`.
"""

from typing import Any

from gateway.dialects.profiles import Effort, Thinking

Body = dict[str, Any]
_FIELD = "reasoning_effort"


def fit_effort(body: Body, thinking: Thinking, dropped: list[str]) -> None:
    """Write the effort of a chat request as the upstream reads it; one that it cannot be asked for is left out.

    Where the client has sent what the upstream itself has for it, that counts.
    """
    effort = body.pop(_FIELD, None)
    if effort is None:
        return
    if not isinstance(effort, str) or effort not in thinking.efforts:
        dropped.append(_FIELD)
        return
    _tell(body, thinking.form, thinking.efforts[effort])


def word_for(effort: Any, thinking: Thinking) -> str | None:
    """The upstream's word for an effort in the Responses API; None where it has none."""
    value = thinking.efforts.get(effort) if isinstance(effort, str) else None
    return value if isinstance(value, str) and value else None


def _tell(body: Body, form: str, value: Effort) -> None:
    match form:
        case "thinking":
            body.setdefault("thinking", {"type": "disabled" if value is None else "enabled"})
            if value:
                body[_FIELD] = value
        case "reasoning":
            body.setdefault("reasoning", {"effort": value})
        case "enabled":
            body.setdefault("reasoning", {"enabled": value is not None})
        case _:
            body[_FIELD] = value
