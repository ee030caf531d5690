"""Amazon Bedrock: models of many makers behind Converse, and the ones that it serves in OpenAI's own shape.

What a family of models takes is in the shared facts on providers, sections 4 and 7 (August 2026), which were read from
botocore's service model, Amazon's guides, pydantic-ai's profiles and recordings.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from gateway.dialects.profiles import Effort, Facts, Range, Thinking
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

_FACTS = Facts(
    # Converse takes 0 to 1, whatever the model.
    ranges={"temperature": Range(0, 1), "top_p": Range(0, 1)},
    # "Input is too long for requested model." and "Input Tokens Exceeded: …" are ValidationExceptions like any other.
    context_too_long=re.compile(
        r"input is too long|input tokens exceeded|prompt is too long|too many input tokens|maximum context length"
        r"|exceeds? the (maximum|model's)[^.]{0,40}(context|tokens)",
        re.I,
    ),
    # toolChoice any and tool are known to Claude, Nova and Mistral Large only; the others are left free as they are.
    tool_choices=frozenset(),
    forms=frozenset(),
    dropped=frozenset({"top_k"}),
    takes_image_urls=False,
)
_CLAUDE = replace(
    _FACTS,
    tool_choices=frozenset({"auto", "required", "named"}),
    renamed={"top_k": "additionalModelRequestFields.top_k"},
    dropped=frozenset(),
    traits=frozenset(
        {
            *("cache_points", "tool_cache_points", "output_status", "outputs_without_files"),
            *("signed_reasoning", "worded_stops"),
        }
    ),
)
_CLAUDE_BUDGET = replace(
    _CLAUDE,
    thinking=Thinking("budget", _BUDGETS),
    # While it thinks, the temperature has to be 1.
    dropped_reasoning=_SAMPLING,
)
_CLAUDE_4_5 = replace(_CLAUDE_BUDGET, forms=_JSON, traits=_CLAUDE.traits | {"strict_tools", "one_of_sampling"})
_CLAUDE_4_6 = replace(_CLAUDE_4_5, thinking=Thinking("adaptive", _EFFORTS))
_CLAUDE_5 = replace(_CLAUDE_4_6, thinking=Thinking("adaptive", _MORE_EFFORTS), dropped=_SAMPLING)
_CLAUDE_FREE = replace(_CLAUDE_5, tool_choices=_FREE, traits=_CLAUDE_5.traits | {"choice_as_auto"})
_NOVA = replace(
    _FACTS,
    tool_choices=frozenset({"auto", "required", "named"}),
    renamed={"top_k": "additionalModelRequestFields.inferenceConfig.topK"},
    dropped=frozenset(),
    traits=frozenset({"cache_points", "output_status"}),
)
_NOVA_2 = replace(
    _NOVA,
    thinking=Thinking(
        "nova",
        {"none": None, "minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high"},
    ),
    traits=_NOVA.traits | {"system_tools"},
)
_GPT_OSS = replace(
    _FACTS,
    forms=_JSON,
    # It always reasons; `none` is refused.
    thinking=Thinking(
        "reasoning_effort",
        {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"},
    ),
)
_QWEN = replace(
    _FACTS,
    forms=_JSON,
    thinking=Thinking(
        "reasoning_config",
        {"minimal": "low", "low": "low", "medium": "high", "high": "high", "xhigh": "high", "max": "high"},
    ),
)
_MISTRAL = replace(_FACTS, traits=frozenset({"lone_outputs", "json_outputs"}))
_MISTRAL_LARGE = replace(_MISTRAL, tool_choices=frozenset({"auto", "required", "named"}))
_LLAMA = replace(_FACTS, traits=frozenset({"lone_outputs"}))
_DEEPSEEK = replace(_FACTS, traits=frozenset({"unreturned_reasoning"}))
_OPEN = replace(_FACTS, forms=_JSON)


def _models(name: str) -> re.Pattern[str]:
    """Models by their own name, whatever geography or ARN stands before it and whatever version after."""
    return re.compile(rf"(?:.*[./])?(?:{name}).*")


_MODELS = (
    (_models(r"anthropic\.claude-(?:fable|mythos)"), _CLAUDE_FREE),
    (_models(r"anthropic\.claude-(?:opus-4-[78]|opus-[5-9]|sonnet-[5-9])"), _CLAUDE_5),
    (_models(r"anthropic\.claude-(?:opus|sonnet|haiku)-4-6"), _CLAUDE_4_6),
    (_models(r"anthropic\.claude-(?:opus-4-[15]|sonnet-4-5|haiku-4-5)"), _CLAUDE_4_5),
    (_models(r"anthropic\.claude-(?:(?:opus|sonnet)-4|3-7)"), _CLAUDE_BUDGET),
    (_models(r"anthropic\."), _CLAUDE),
    (_models(r"amazon\.nova-2"), _NOVA_2),
    (_models(r"amazon\.nova"), _NOVA),
    (_models(r"openai\.gpt-oss"), _GPT_OSS),
    (_models(r"qwen\."), _QWEN),
    (_models(r"mistral\.(?:mistral-large|pixtral-large)"), _MISTRAL_LARGE),
    (_models(r"mistral\."), _MISTRAL),
    (_models(r"meta\."), _LLAMA),
    (_models(r"deepseek\.(?:r1|v1)"), _DEEPSEEK),
    # Recording bedrock/007 has MiniMax keep a form.
    (_models(r"minimax\."), _OPEN),
)

ROW = Row(
    name="bedrock",
    dialects=("bedrock-converse",),
    base_url="https://bedrock-runtime.{region}.amazonaws.com",
    key_variable=_KEY,
    scheme="aws",
    variables={"region": _REGION},
    facts=replace(_FACTS, models=_MODELS),
    models_url="https://bedrock.{region}.amazonaws.com/foundation-models",
    note="Give an inference profile's name (`us.anthropic.claude-…`) where a model has no throughput on demand.",
)
MANTLE = Row(
    name="bedrock-mantle",
    dialects=("openai-chat", "openai-responses"),
    base_url="https://bedrock-mantle.{region}.api.aws/v1",
    key_variable=_KEY,
    variables={"region": _REGION},
    # It answers as OpenAI does (recordings bedrock/001, 002 and 043 to 045).
    facts=Facts(dropped=frozenset({"top_k"})),
    note="The models of Bedrock that it serves in OpenAI's own shape.",
)
