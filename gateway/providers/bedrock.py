"""Amazon Bedrock: models of many makers behind Converse.

What a family of models takes is in the shared facts on providers, sections 4 and 7 (August 2026), which were read from
botocore's service model, Amazon's guides, pydantic-ai's profiles and recordings.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from gateway.dialects.profiles.base import Effort, Range, Thinking
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.profiles.tokens import TokenTable
from gateway.providers.anthropic import CLAUDE, NEWER_CLAUDE
from gateway.providers.row import Row

_KEY = "AWS_BEARER_TOKEN_BEDROCK"
_REGION = ("AWS_REGION", "AWS_DEFAULT_REGION")
_JSON = frozenset({"json_schema"})
_SAMPLING = frozenset({"temperature", "top_p", "top_k"})
_FREE = frozenset({"auto"})

# Claude until 4.5 thinks by a budget in tokens, from 4.6 on by an effort (pydantic-ai's tables, section 4).
_BUDGETS: Mapping[str, Effort] = {
    "none": None,
    "minimal": 1024,
    "low": 2048,
    "medium": 10_000,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 32_768,
}
_EFFORTS: Mapping[str, Effort] = {
    "none": None,
    "minimal": "low",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "max",
    "max": "max",
}
_MORE_EFFORTS: Mapping[str, Effort] = {**_EFFORTS, "xhigh": "xhigh"}

# CountTokens is there for Claude, from 3.5 on (https://docs.aws.amazon.com/bedrock/latest/userguide/count-tokens.html,
# August 2026).
_OF_ANY_CLAUDE = r"(?:.*[./])?anthropic\."
_TOKENS = TokenTable.by_name(
    TokenTable().others,
    {
        rf"{_OF_ANY_CLAUDE}claude-(?:fable|mythos|opus-4-[78]|(?:opus|sonnet|haiku)-[5-9]).*": replace(
            NEWER_CLAUDE, is_counted=True
        ),
        rf"{_OF_ANY_CLAUDE}claude-(?:3-[57]-|(?:opus|sonnet|haiku)-4).*": replace(CLAUDE, is_counted=True),
        rf"{_OF_ANY_CLAUDE}.*": CLAUDE,
    },
)

_ANY = BedrockProfile(
    tokens=_TOKENS,
    # Converse takes 0 to 1, whatever the model.
    ranges={"temperature": Range(0, 1)},
    # "Input is too long for requested model." and "Input Tokens Exceeded: …" are ValidationExceptions like any other.
    context_too_long=re.compile(
        r"input is too long|input tokens exceeded|prompt is too long|too many input tokens|maximum context length"
        r"|exceeds? the (maximum|model's)[^.]{0,40}(context|tokens)",
        re.I,
    ),
    # toolChoice any and tool are known to Claude, Nova and Mistral Large only; the others are left free as they are.
    tool_choices=frozenset(),
    formats=frozenset(),
)
_CLAUDE = replace(
    _ANY,
    tool_choices=frozenset({"auto", "required", "named"}),
    renamed={"top_k": "additionalModelRequestFields.top_k"},
    caches_prompts=True,
    caches_tools=True,
    takes_output_status=True,
    takes_files_beside_outputs=False,
    takes_unsigned_reasoning=False,
    takes_blank_stops=False,
)
_CLAUDE_BUDGET = replace(
    _CLAUDE,
    thinking=Thinking("budget", _BUDGETS),
    # While it thinks, the temperature has to be 1.
    dropped_reasoning=_SAMPLING,
)
_CLAUDE_4_5 = replace(_CLAUDE_BUDGET, formats=_JSON, takes_strict_tools=True, takes_one_of_sampling=True)
_CLAUDE_4_6 = replace(_CLAUDE_4_5, thinking=Thinking("adaptive", _EFFORTS))
_CLAUDE_5 = replace(
    _CLAUDE_4_6,
    thinking=Thinking("adaptive", _MORE_EFFORTS),
    # It takes none of the settings of sampling, so that nothing else need be known of them.
    dropped=_SAMPLING - {"top_k"},
    renamed={},
    ranges={},
    dropped_reasoning=frozenset(),
    takes_one_of_sampling=False,
)
_CLAUDE_FREE = replace(_CLAUDE_5, tool_choices=_FREE, weakens_required_calls=True)
_NOVA = replace(
    _ANY,
    tool_choices=frozenset({"auto", "required", "named"}),
    renamed={"top_k": "additionalModelRequestFields.inferenceConfig.topK"},
    caches_prompts=True,
    takes_output_status=True,
)
_NOVA_2 = replace(
    _NOVA,
    thinking=Thinking(
        "nova",
        {"none": None, "minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high"},
    ),
    has_system_tools=True,
)
_GPT_OSS = replace(
    _ANY,
    formats=_JSON,
    # It always reasons; `none` is refused.
    thinking=Thinking(
        "reasoning_effort",
        {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"},
    ),
)
_QWEN = replace(
    _ANY,
    formats=_JSON,
    thinking=Thinking(
        "reasoning_config",
        {"minimal": "low", "low": "low", "medium": "high", "high": "high", "xhigh": "high", "max": "high"},
    ),
)
_MISTRAL = replace(_ANY, takes_parts_beside_outputs=False, takes_text_outputs=False)
_MISTRAL_LARGE = replace(_MISTRAL, tool_choices=frozenset({"auto", "required", "named"}))
_LLAMA = replace(_ANY, takes_parts_beside_outputs=False)
_DEEPSEEK = replace(_ANY, takes_reasoning=False)
_OPEN = replace(_ANY, formats=_JSON)


def _models(name: str) -> str:
    """Models by their own name, whatever geography or ARN stands before it and whatever version after."""
    return rf"(?:.*[./])?(?:{name}).*"


_MODELS = {
    _models(r"anthropic\.claude-(?:fable|mythos)"): _CLAUDE_FREE,
    _models(r"anthropic\.claude-(?:opus-4-[78]|opus-[5-9]|sonnet-[5-9])"): _CLAUDE_5,
    _models(r"anthropic\.claude-(?:opus|sonnet|haiku)-4-6"): _CLAUDE_4_6,
    _models(r"anthropic\.claude-(?:opus-4-[15]|sonnet-4-5|haiku-4-5)"): _CLAUDE_4_5,
    _models(r"anthropic\.claude-(?:(?:opus|sonnet)-4|3-7)"): _CLAUDE_BUDGET,
    _models(r"anthropic\."): _CLAUDE,
    _models(r"amazon\.nova-2"): _NOVA_2,
    _models(r"amazon\.nova"): _NOVA,
    _models(r"openai\.gpt-oss"): _GPT_OSS,
    _models(r"qwen\."): _QWEN,
    _models(r"mistral\.(?:mistral-large|pixtral-large)"): _MISTRAL_LARGE,
    _models(r"mistral\."): _MISTRAL,
    _models(r"meta\."): _LLAMA,
    _models(r"deepseek\.(?:r1|v1)"): _DEEPSEEK,
    # Recording bedrock/007 has MiniMax keep a form.
    _models(r"minimax\."): _OPEN,
}

ROW = Row(
    name="bedrock",
    profiles=(_ANY.with_models(_MODELS),),
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    key_variable=_KEY,
    scheme="aws",
    variables={"region": _REGION},
    models_url="https://bedrock.{region}.amazonaws.com/foundation-models",
    note="Give an inference profile's name (`us.anthropic.claude-…`) where a model has no throughput on demand.",
)
