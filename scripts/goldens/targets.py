"""The providers and models that bodies of our own are sent to: each branch that the facts of a model decide."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from scripts.goldens.cases import CHAT, RESPONSES, Case, single

EVERY: Sequence[str] = (
    *("openai-chat/gpt-4.1", "openai-chat/gpt-5.1", "openai-chat/o1-mini", "openai-responses/gpt-5.1"),
    *("plain-openai-chat/m", "plain-openai-responses/m", "drops-openai-chat/m", "azure-chat/any"),
    *("mistral/mistral-large-latest", "groq/openai/gpt-oss-120b", "deepseek/deepseek-reasoner"),
    *("openrouter-chat/any", "perplexity/sonar", "zai/glm-4.6", "ollama-chat/any"),
    *("anthropic/claude-sonnet-4-5", "anthropic/claude-opus-4-8", "anthropic/claude-mythos-1"),
    *("anthropic-drops/claude-sonnet-4-20250514", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    *("bedrock/us.amazon.nova-pro-v1:0", "bedrock/anthropic.claude-opus-4-6-v1", "bedrock/amazon.nova-2-lite-v1:0"),
    *("bedrock/openai.gpt-oss-120b-1:0", "bedrock/meta.llama3-3-70b-instruct-v1:0", "bedrock/deepseek.r1-v1:0"),
    *("bedrock-drops/mistral.mistral-large-2407-v1:0", "gemini/gemini-2.5-flash", "gemini/gemini-3-pro-preview"),
    *("gemini/gemini-2.0-flash", "gemini-drops/gemini-2.5-pro", "cohere/command-a-03-2025"),
    *("cohere/command-a-reasoning-08-2025", "cohere/command-r-plus", "cohere-drops/command-a-plus"),
)
FEW: Sequence[str] = (
    *("openai-chat/gpt-5.1", "openai-responses/gpt-5.1", "plain-openai-chat/m", "mistral/mistral-large-latest"),
    *("anthropic/claude-sonnet-4-5", "bedrock/us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    *("gemini/gemini-3-pro-preview", "cohere/command-a-plus"),
)
"""One or two for each dialect."""

Bodies = Mapping[str, dict[str, Any]]


def chat(kind: str, bodies: Bodies, targets: Sequence[str] = EVERY) -> Iterator[Case]:
    """Each body, which may leave its messages out, to each target in chat."""
    for name, body in bodies.items():
        for target in targets:
            asked = {"messages": [{"role": "user", "content": "Hi"}], **body, "model": target}
            yield single(f"{kind} {name} | {target}", CHAT, asked)


def responses(kind: str, bodies: Bodies, targets: Sequence[str] = EVERY) -> Iterator[Case]:
    """Each body, which may leave its input out, to each target in the Responses API."""
    for name, body in bodies.items():
        for target in targets:
            yield single(f"{kind} {name} | {target}", RESPONSES, {"input": "Hi", **body, "model": target})
