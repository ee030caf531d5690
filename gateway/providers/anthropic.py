"""Anthropic, whose models differ in what they take."""

import re
from collections.abc import Mapping
from dataclasses import replace

from gateway.dialects.profiles.anthropic import AnthropicProfile
from gateway.dialects.profiles.base import Effort, Thinking
from gateway.dialects.profiles.tokens import ImageTokens, TokenFacts, TokenTable
from gateway.providers.row import Row

_EFFORTS = ("minimal", "low", "medium", "high", "xhigh", "max")
_NONE: dict[str, Effort] = {"none": None}
# All of this is from the shared facts on providers, section 4 (August 2026), unless it says otherwise.
_BUDGETS = Thinking("budget", _NONE | dict(zip(_EFFORTS, (1024, 2048, 10_000, 16_384, 32_768, 32_768), strict=True)))
_LEVELS = dict(zip(_EFFORTS, ("low", "low", "medium", "high", "max", "max"), strict=True))
_ADAPTIVE = Thinking("adaptive", _NONE | _LEVELS)
# Thinking is not shown by these unless that is asked for (recordings `anthropic/018` and `019`).
_SHOWN = Thinking("adaptive-shown", _NONE | _LEVELS | {"xhigh": "xhigh"})
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})

# Anthropic counts for all of them (https://docs.claude.com/en/docs/build-with-claude/token-counting, August 2026). Its
# tokenizer is not public: recordings of 2024 to 2026 have 1.0 to 1.2 of its tokens for one of `o200k`, and 1.4 from
# Opus 4.7 on. Images: https://docs.claude.com/en/docs/build-with-claude/vision.
CLAUDE = TokenFacts(per_o200k=1.1, image=ImageTokens("area", 750))
NEWER_CLAUDE = replace(CLAUDE, per_o200k=1.4)
_COUNTED, _NEWER_COUNTED = replace(CLAUDE, is_counted=True), replace(NEWER_CLAUDE, is_counted=True)
_TOKENS = TokenTable.by_name(
    _COUNTED, {r"claude-(fable|mythos|opus-4-[78]|(opus|sonnet|haiku)-([5-9]|\d\d))(?!\d).*": _NEWER_COUNTED}
)

_BASE = AnthropicProfile(
    tokens=_TOKENS,
    # Only prose tells these two apart from other refusals with status 400; the first as in the facts' section 4, from
    # a recording, the second from the same place.
    context_too_long=re.compile(r"prompt is too long|exceed(s|ed)? (the )?context (limit|window)", re.I),
    no_credit=re.compile(r"credit balance is too low", re.I),
    takes_file_urls=True,
    # The limit must be told. Enough for a long answer, and known by all models since Claude 3.5.
    default_answer_tokens=8192,
)
_OLD = replace(_BASE, default_answer_tokens=4096, max_answer_tokens=4096, thinking=Thinking("off", _NONE))
_CLAUDE_3_5 = replace(_OLD, default_answer_tokens=8192, max_answer_tokens=8192)
_THINKING = replace(
    _BASE,
    default_answer_tokens=32_000,
    max_answer_tokens=64_000,
    thinking=_BUDGETS,
    dropped_reasoning=_SAMPLING,
)
_OPUS_4 = replace(_THINKING, max_answer_tokens=32_000)
_CLAUDE_4_5 = replace(_THINKING, takes_one_of_sampling=True, keeps_schemas=True)
# `top_k` goes to models before Opus 4.6 only (AIHubMix's document).
_CLAUDE_4_6 = replace(
    _THINKING,
    max_answer_tokens=None,
    thinking=_ADAPTIVE,
    dropped=frozenset({"top_k"}),
    dropped_reasoning=_SAMPLING - {"top_k"},
    takes_one_of_sampling=True,
    keeps_schemas=True,
    takes_prefill=False,
)
_NEWEST = replace(
    _CLAUDE_4_6, thinking=_SHOWN, dropped=_SAMPLING, dropped_reasoning=frozenset(), takes_one_of_sampling=False
)
_NEWEST_LATE = replace(_NEWEST, takes_late_system=True)

# By the start of a model's name; the first that fits counts.
_MODELS: Mapping[str, AnthropicProfile] = {
    r"claude-(fable|mythos)-": replace(_NEWEST_LATE, tool_choices=frozenset({"auto", "none"})),
    r"claude-opus-([5-9]|\d\d|4-8)(?!\d)": _NEWEST_LATE,
    r"claude-(opus-4-7|(sonnet|haiku)-([5-9]|\d\d))(?!\d)": _NEWEST,
    r"claude-(opus|sonnet|haiku)-4-6(?!\d)": _CLAUDE_4_6,
    r"claude-(opus|sonnet|haiku)-4-5(?!\d)": _CLAUDE_4_5,
    r"claude-opus-4-1(?!\d)": replace(_OPUS_4, takes_one_of_sampling=True, keeps_schemas=True),
    r"claude-opus-4(?!\d)": _OPUS_4,
    r"claude-sonnet-4(?!\d)": _THINKING,
    r"claude-3-7-": _THINKING,
    r"claude-3-5-": _CLAUDE_3_5,
    r"claude-(3|2|instant)": _OLD,
}

ROW = Row(
    name="anthropic",
    profiles=(_BASE.with_models({f"{name}.*": of_model for name, of_model in _MODELS.items()}),),
    # Without /v1, as Anthropic's own clients read ANTHROPIC_BASE_URL.
    base_url="https://api.anthropic.com",
    key_variable="ANTHROPIC_API_KEY",
    base_url_variable="ANTHROPIC_BASE_URL",
)
