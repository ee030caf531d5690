"""Fits the settings of a request to what is particular to one upstream, in either of OpenAI's dialects."""

from collections.abc import Callable
from typing import Any

from gateway.dialects.profiles import Facts
from gateway.errors import InvalidRequest

Body = dict[str, Any]
Named = Callable[[str], str]
"""From a field's name in chat to the name by which the client asked for it."""

_LIMITS = ("max_completion_tokens", "max_tokens")
# Values that ask for nothing: where a field cannot be had, they are no reason to refuse or to tell anybody.
_NOTHING: dict[str, tuple[Any, ...]] = {
    "frequency_penalty": (0,),
    "logit_bias": ({},),
    "logprobs": (False,),
    "modalities": (["text"], []),
    "n": (1,),
    "parallel_tool_calls": (True,),
    "presence_penalty": (0,),
    "service_tier": ("auto", "default"),
    "stop": ([], ""),
    "store": (False,),
    "stream_options": ({"include_usage": True}, {"include_usage": False}, {}),
    "temperature": (1,),
    "top_logprobs": (0,),
    "top_p": (1,),
}

# The gateway's own account has it: where a provider has no place for it, nothing is lost.
_UNSAID = frozenset({"metadata"})


def asks_nothing(name: str, value: Any) -> bool:
    """Whether the answer is the same without this field."""
    return value is None or value in _NOTHING.get(name, ())


def fit_fields(body: Body, facts: Facts, provider: str, dropped: list[str], named: Named) -> None:
    """Rename, bound, leave out and refuse what this upstream has otherwise. Raises `InvalidRequest`."""
    if facts.refused:
        _refuse(body, facts.refused, provider, named)
    leave_out(body, facts.dropped, dropped)
    bring_within(body, facts, dropped)
    for name, there in facts.renamed.items():
        if name in body:
            body[there] = body.pop(name)


def leave_out(body: Body, names: frozenset[str], dropped: list[str]) -> None:
    """Take fields out, and say so of each that asks for something."""
    for name in names & body.keys():
        value = body.pop(name)
        if name not in _UNSAID and not asks_nothing(name, value):
            dropped.append(name)


def bring_within(body: Body, facts: Facts, dropped: list[str]) -> None:
    """Bring numbers within the bounds that the upstream has for them, and say so."""
    for name, bounds in facts.ranges.items():
        value = body.get(name)
        if isinstance(value, int | float) and not isinstance(value, bool) and not bounds.least <= value <= bounds.most:
            body[name] = bounds.least if value < bounds.least else bounds.most
            dropped.append(name)


def leave_out_with_reasoning(body: Body, facts: Facts, effort: Any, dropped: list[str]) -> None:
    """Leave out what a model refuses while it reasons, where it does: `effort` is what it is told in the end."""
    is_reasoning = facts.reasons if effort is None else effort != "none"
    for name in facts.dropped_reasoning & body.keys() if is_reasoning else ():
        if not asks_nothing(name, body[name]):
            del body[name]
            dropped.append(name)


def limit(body: Body, facts: Facts) -> None:
    """Cap the answer's tokens, and give the limit the name that the upstream has for it."""
    asked = {name: _count(name, body[name]) for name in _LIMITS if body.get(name) is not None}
    limits = [*asked.values()]
    if facts.max_answer_tokens is not None:
        limits.append(facts.max_answer_tokens)
    if not limits:
        return
    for name in _LIMITS:
        body.pop(name, None)
    body[facts.token_limit_field or next(iter(asked), "max_tokens")] = min(limits)


def keep_known(body: Body, known: frozenset[str], dropped: list[str]) -> Body:
    """The body with the fields that are known, and no others."""
    gone = [name for name in body if name not in known]
    if not gone:
        return body
    dropped += [name for name in gone if not asks_nothing(name, body[name])]
    return {name: value for name, value in body.items() if name in known}


def _refuse(body: Body, refused: frozenset[str], provider: str, named: Named) -> None:
    for name in sorted(refused & body.keys()):
        if not asks_nothing(name, body[name]):
            field = named(name)
            message = f"{provider} has no {field}, and without it the answer would be another one."
            raise InvalidRequest(message, param=field, code="unsupported_parameter")
        del body[name]


def _count(name: str, value: Any) -> int:
    """A limit as a whole number: to some servers one below 1 is no limit at all."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 1 or value != value // 1:
        message = f"Invalid value for {name}: expected a whole number from 1 up."
        raise InvalidRequest(message, param=name, code="invalid_value")
    return int(value)
