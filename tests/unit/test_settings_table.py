"""Every setting has one verdict: what requests nothing is nobody's fault, and nothing else is lost in silence."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.profiles.base import Profile
from gateway.errors import InvalidRequest
from gateway.neutral.settings import RULES, is_required, requests_nothing
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface

# A value of each setting that requests something.
REQUESTED: Mapping[str, Any] = {
    "audio": {"voice": "alloy", "format": "wav"},
    "frequency_penalty": 0.5,
    "logit_bias": {"5": 1},
    "logprobs": True,
    "max_completion_tokens": 100,
    "max_tokens": 100,
    "metadata_of_nobody": "x",
    "modalities": ["text", "audio"],
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "a"},
    "presence_penalty": 0.5,
    "prompt_cache_key": "k",
    "reasoning_effort": "low",
    "safety_identifier": "s",
    "seed": 7,
    "service_tier": "flex",
    "stop": ["END"],
    "store": True,
    "temperature": 0.5,
    "top_k": 5,
    "top_logprobs": 3,
    "top_p": 0.5,
    "user": "u",
    "verbosity": "low",
    "web_search_options": {"search_context_size": "low"},
}
FACTS: Sequence[tuple[str, str, Profile]] = [
    *(("nobody", dialect, DIALECTS[dialect].profile_type()) for dialect in DIALECTS),
    *((row.name, profile.dialect, profile) for row in ROWS.values() for profile in row.profiles),
]
# Settings that only mean something beside another one, and so go with it.
LOOK = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}
TOGETHER: Mapping[str, Mapping[str, Any]] = {
    "top_logprobs": {"logprobs": True},
    "parallel_tool_calls": {"tools": [LOOK]},
}


def sent(name: str, dialect: str, facts: Profile, fields: Mapping[str, Any]) -> Outbound:
    """A chat client's request, translated."""
    body: Any = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], **fields}
    generation = replace(OpenAIChatSurface().read(body), dialect=None)
    return DIALECTS[dialect].encode(generation, Origin(name, "m", facts))


def verdict(name: str, dialect: str, facts: Profile, fields: Mapping[str, Any]) -> Outbound | InvalidRequest:
    """What is sent, or the refusal."""
    try:
        return sent(name, dialect, facts, fields)
    except InvalidRequest as refused:
        return refused


@pytest.mark.parametrize(("name", "dialect", "facts"), FACTS, ids=lambda part: part if isinstance(part, str) else "")
def test_what_requests_nothing_is_neither_refused_nor_reported(name: str, dialect: str, facts: Profile) -> None:
    neutral = [(setting, value) for setting, rule in RULES.items() for value in (None, *rule.neutral)]

    verdicts = {setting: sent(name, dialect, facts, {setting: value}).dropped for setting, value in neutral}

    assert not {setting: dropped for setting, dropped in verdicts.items() if dropped}


@pytest.mark.parametrize("setting", REQUESTED)
@pytest.mark.parametrize(("name", "dialect", "facts"), FACTS, ids=lambda part: part if isinstance(part, str) else "")
def test_what_requests_something_is_sent_reported_or_refused(
    name: str, dialect: str, facts: Profile, setting: str
) -> None:
    others = TOGETHER.get(setting, {})
    without = verdict(name, dialect, facts, others)
    found = verdict(name, dialect, facts, {setting: REQUESTED[setting], **others})
    if isinstance(found, InvalidRequest):
        assert found.param in (setting, *others)
        assert name in found.message
        # What only makes the answer another one is refused, by whichever row.
        assert is_required(setting)
    elif any(other in found.dropped for other in others):
        pass  # it goes with them
    elif setting in found.dropped:
        assert not is_required(setting) or setting in facts.dropped
    else:
        assert isinstance(without, Outbound)
        assert (found.body, found.headers) != (without.body, without.headers)


def test_every_rule_of_the_table_is_tried() -> None:
    assert RULES.keys() - {"stream_options"} <= REQUESTED.keys()
    assert not any(requests_nothing(name, value) for name, value in REQUESTED.items())
