"""OpenAI itself."""

from collections.abc import Mapping
from dataclasses import replace

from gateway.dialects.profiles.base import Detour, Profile, Thinking
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.dialects.profiles.tokens import ImageTokens, TokenFacts, TokenTable
from gateway.providers import compatible
from gateway.providers.row import Row

# Fields of other providers' answers, by which they tell reasoning and more; OpenAI knows no such fields of a message.
_OF_OTHERS = compatible.OF_ANSWERS | {"reasoning_content", "reasoning"}
# What is refused while a model reasons, and harmless to leave out. `logprobs` and `logit_bias` are refused, too, but
# the answer would be another one: OpenAI says so itself (shared facts on providers, section 1, verified July 2026).
_SAMPLING = frozenset({"temperature", "top_p", "presence_penalty", "frequency_penalty"})

# Which tokenizer a model has: tiktoken's own table (tiktoken/model.py, version 0.14); what its images take: OpenAI's
# guide "Images and vision", section "Calculating costs", https://platform.openai.com/docs/guides/images-vision, 2026.
# `POST /responses/input_tokens` is in its API reference, August 2026.
_O200K = TokenFacts("o200k", is_counted=True)
_SMALLER = replace(_O200K, image=ImageTokens("patches", 1.62))
_SMALLEST = replace(_O200K, image=ImageTokens("patches", 2.46))
_OLDER = replace(_O200K, encoding="cl100k")
_FINE_TUNED = r"(?i:(?:ft:)?(?:{})(?:-[\w.]+)*(?::.*)?)"
TOKENS = TokenTable.by_name(
    replace(_O200K, encoding=None),
    {
        _FINE_TUNED.format(name): facts
        for name, facts in {
            r"gpt-(?:4|3\.?5)": _OLDER,
            r"gpt-4o-mini": replace(_O200K, image=ImageTokens("tiles", 5667, 2833)),
            r"gpt-(?:4\.1|5)-nano|gpt-5\.\d+-nano": _SMALLEST,
            r"gpt-(?:4\.1|5)-mini|gpt-5\.\d+-mini": _SMALLER,
            r"o4-mini": replace(_O200K, image=ImageTokens("patches", 1.72)),
            r"o\d+": replace(_O200K, image=ImageTokens("tiles", 150, 75)),
            r"gpt-(?:[5-9]|\d\d)(?:\.\d+)?|codex": replace(_O200K, image=ImageTokens("tiles", 140, 70)),
            r"gpt-4o|gpt-4\.\d+|chatgpt": _O200K,
        }.items()
    },
)

# AIHubMix's document: ignored for OpenAI and Azure.
_SHARED = Profile(dropped=frozenset({"top_k"}), tokens=TOKENS)


def _efforts(*known: str) -> Thinking:
    """The efforts that a model knows; each of OpenAI's goes as the nearest of them."""
    ladder = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
    places = {word: place for place, word in enumerate(ladder)}
    nearest: Mapping[str, str] = {
        word: min(known, key=lambda other: (abs(places[other] - places[word]), places[other])) for word in ladder
    }
    return Thinking("effort", nearest)


# Both told by OpenAI's own refusals: "This model is only supported in v1/responses and not in v1/chat/completions", and
# "Function tools with reasoning_effort are not supported for gpt-5.4 in /v1/chat/completions" (openai/openai-openapi,
# issue 541, May 2026; the same for 5.5, and for 5.6, where the model's own effort counts: BerriAI/litellm, pull request
# 34569, July 2026). GPT-6 takes no tools there whatever the effort, and no effort turns its reasoning off
# (BerriAI/litellm, issue 33237).
_RESPONSES_ONLY = (Detour("openai-responses"),)
_TOOLS = frozenset({"tools"})
_TOOLS_WITH_EFFORT = (Detour("openai-responses", _TOOLS, when="effort"),)
_TOOLS_WHILE_REASONING = (Detour("openai-responses", _TOOLS, when="reasoning"),)
_TOOLS_ALWAYS = (Detour("openai-responses", _TOOLS),)

# Which model takes what: shared facts on providers, section 1, live-verified July 2026. A name of a generation that
# nobody knows yet counts as one of the newest that is known; what no number tells is OpenAI's to judge.
_REASONING_MODEL = replace(_SHARED, reasons=True, dropped_reasoning=_SAMPLING)
_OPTIONAL = replace(_REASONING_MODEL, reasons=False)
_O1_MINI = replace(_REASONING_MODEL, thinking=Thinking("effort"))
_O_SERIES = replace(_REASONING_MODEL, thinking=_efforts("low", "medium", "high"))
_FIVE = replace(_REASONING_MODEL, thinking=_efforts("minimal", "low", "medium", "high"))
_FIVE_TWO = replace(_OPTIONAL, thinking=_efforts("none", "low", "medium", "high", "xhigh"))
_CODEX = replace(_REASONING_MODEL, thinking=_efforts("low", "medium", "high", "xhigh"), detours=_RESPONSES_ONLY)
_FIVE_FIVE = replace(_REASONING_MODEL, thinking=_efforts("none", "low", "medium", "high", "xhigh", "max"))
_SIX = replace(
    _REASONING_MODEL,
    thinking=_efforts("low", "medium", "high", "xhigh", "max"),
    detours=_TOOLS_ALWAYS,
    # Since 5.6 (shared facts on providers, section 1).
    has_cache_breakpoints=True,
)
# What may follow a generation: a letter, then words and numbers such as `-mini`, `-0613`, `-preview` or a
# date. Words that have a profile of their own come before the pattern that takes any; they are looked for ahead, as two
# tails in a row would take a long name's square of time.
_MORE = r"(-[\w.]+)*"
_TAIL = rf"[a-z]?{_MORE}"


def _has(words: str) -> str:
    """A pattern that looks ahead for one of these words in a name."""
    return rf"(?=[^:]*-({words})\b)"


_NEWEST = r"gpt-([6-9]|\d\d+)(\.\d+)?"
_NOT_REASONING = rf"gpt-5-chat{_MORE}|chatgpt-4o{_MORE}|gpt-(3\.?5|4).*"
_O1_MINI_NAMES = rf"o1-(mini|preview){_MORE}"
_BY_NAME: Mapping[str, Profile] = {
    _O1_MINI_NAMES: _O1_MINI,
    rf"{_has('pro|deep-research')}o\d+{_MORE}": replace(_O_SERIES, detours=_RESPONSES_ONLY),
    rf"o\d+{_MORE}": _O_SERIES,
    _NOT_REASONING: replace(_SHARED, thinking=Thinking("effort")),
    # A model that searches before each answer: nothing is known of what it refuses.
    rf"{_has('search')}gpt-[\d.]+{_TAIL}": _SHARED,
    rf"gpt-5\.\d+-chat{_MORE}": replace(_REASONING_MODEL, thinking=_efforts("medium")),
    rf"{_has('codex')}gpt-5{_TAIL}": replace(_FIVE, detours=_RESPONSES_ONLY),
    rf"{_has('codex')}gpt-5\.1{_TAIL}": _CODEX,
    rf"{_has('codex')}gpt-5\.\d+{_TAIL}": replace(_FIVE_TWO, detours=_RESPONSES_ONLY),
    rf"codex-mini{_MORE}": replace(_O_SERIES, detours=_RESPONSES_ONLY),
    rf"{_has('pro')}gpt-5{_TAIL}": replace(_REASONING_MODEL, thinking=_efforts("high"), detours=_RESPONSES_ONLY),
    rf"{_has('pro')}gpt-5\.\d+{_TAIL}": replace(
        _REASONING_MODEL, thinking=_efforts("medium", "high", "xhigh"), detours=_RESPONSES_ONLY
    ),
    rf"gpt-5{_TAIL}": _FIVE,
    rf"gpt-5\.1{_TAIL}": replace(_OPTIONAL, thinking=_efforts("none", "low", "medium", "high")),
    rf"gpt-5\.[23]{_TAIL}": _FIVE_TWO,
    rf"gpt-5\.4{_TAIL}": replace(_FIVE_TWO, detours=_TOOLS_WITH_EFFORT),
    rf"gpt-5\.5{_TAIL}": replace(_FIVE_FIVE, detours=_TOOLS_WITH_EFFORT),
    rf"gpt-5\.([6-9]|\d\d+){_TAIL}": replace(_FIVE_FIVE, detours=_TOOLS_WHILE_REASONING, has_cache_breakpoints=True),
    rf"{_has('pro|codex')}{_NEWEST}{_TAIL}": replace(_SIX, detours=_RESPONSES_ONLY),
    rf"{_NEWEST}{_TAIL}": _SIX,
}


def _named(pattern: str) -> str:
    """The pattern for a model's name and for those of its fine-tuned ones: `ft:gpt-6:acme::id`.

    Deployments at Azure are named in capitals, too.
    """
    return rf"(?i:(ft:)?({pattern})(:.*)?)"


_MODELS = _SHARED.with_models({_named(pattern): of_model for pattern, of_model in _BY_NAME.items()})


def _in_chat(profile: ChatProfile) -> ChatProfile:
    # The first three are of its own dialect's making (shared facts on the Responses API, section 2).
    return replace(
        profile,
        takes_custom_tools=True,
        takes_allowed_tools=True,
        takes_refusals=True,
        # Shared facts on providers, section 1; the outputs, too. Ollama takes those (recording ollama/004).
        token_limit_field="max_completion_tokens" if profile.dropped_reasoning else None,
        dropped_of_messages=_OF_OTHERS,
        takes_output_parts=False,
    )


def _in_responses(profile: ResponsesProfile) -> ResponsesProfile:
    # Without it there may be none in answers that are not stored (shared facts on providers, section 2). The detours
    # lead here.
    # Prompts by their ids: https://developers.openai.com/api/docs/guides/prompting, 2026. They are to be shut down on
    # 30 November 2026 (.../guides/prompting/migrate-from-prompt-object).
    return replace(profile, asks_encrypted_reasoning=True, keeps_prompts=True, detours=())


_CHAT = ChatProfile.over(_MODELS).everywhere(_in_chat)
_O1_MINI_IN_CHAT = replace(_in_chat(ChatProfile.over(_O1_MINI)), system_messages="none")
CHAT = _CHAT.with_models({_named(_O1_MINI_NAMES): _O1_MINI_IN_CHAT})
RESPONSES = ResponsesProfile.over(_MODELS).everywhere(_in_responses)

# It has these, and other servers that speak the same need not (shared facts on the Responses API, 1.1, 1.2 and 1.13).
_OWN_RESPONSES = RESPONSES.everywhere(
    lambda profile: replace(profile, compacts=True, truncates=True, takes_configuration_updates=True)
)

ROW = Row(
    name="openai",
    profiles=(CHAT, _OWN_RESPONSES),
    base_url="https://api.openai.com/v1",
    key_variable="OPENAI_API_KEY",
    base_url_variable="OPENAI_BASE_URL",
    headers={"openai-organization": "{organization}", "openai-project": "{project}"},
    # As OpenAI's own clients read them.
    variables={"organization": "OPENAI_ORG_ID", "project": "OPENAI_PROJECT_ID"},
)
