"""DeepSeek: reasoning that goes back within a tool loop, and no schemas."""

from dataclasses import replace

from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.providers import compatible
from gateway.providers.row import Row

_TO_HIGH = ("minimal", "low", "medium", "high")

# Shared facts on providers, sections 0.4 and 11 (August 2026).
PROFILE = ChatProfile(
    context_too_long=compatible.TOO_LONG,
    token_limit_field="max_tokens",
    formats=frozenset({"json_object"}),
    refused=frozenset({"n", "logit_bias", "audio", "modalities", "web_search_options"}),
    dropped=frozenset(
        {"prediction", "seed", "top_k", "parallel_tool_calls", "user", "service_tier", "store", "metadata"}
    )
    | compatible.OF_OPENAI,
    takes_developer_role=False,
    takes_parts=False,
    # Of earlier turns it must not come back, within a loop it has to.
    reasoning_field="reasoning_content",
    reasoning_in_loops=True,
    # With calls and without it, such a message is a 400 (GitNexus, issue 43, February 2026).
    requires_reasoning=True,
    # It thinks if told to, and not otherwise.
    thinking=Thinking("thinking", {"none": None, **dict.fromkeys(_TO_HIGH, ""), **dict.fromkeys(("xhigh", "max"), "")}),
)
_THINKING = replace(PROFILE, tool_choices=frozenset({"auto", "none"}))
_REASONER = replace(_THINKING, reasons=True, thinking=Thinking("thinking"))
# It thinks by itself, and wants the reasoning of every turn with calls in all later requests (opencode, issue 24083,
# and openclaw, issue 73417, April 2026).
_V4 = replace(
    _THINKING,
    reasons=True,
    reasoning_in_loops=False,
    thinking=Thinking(
        "thinking", {"none": None, **dict.fromkeys(_TO_HIGH, "high"), **dict.fromkeys(("xhigh", "max"), "max")}
    ),
)

ROW = Row(
    name="deepseek",
    base_url="https://api.deepseek.com",
    key_variable="DEEPSEEK_API_KEY",
    base_url_variable="DEEPSEEK_BASE_URL",
    # It has a Responses API, too. Chat is what its reasoning, its schemas and its tool choices are made up for in, and
    # there the calls of one turn need not stand together (shared facts, section 11).
    profiles=(PROFILE.with_models({r"(?i:deepseek-reasoner)": _REASONER, r"(?i:deepseek-v([4-9]|\d\d).*)": _V4}),),
)
