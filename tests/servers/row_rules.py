"""What each OpenAI-shaped provider refuses in a chat request, by the shared facts on providers (sections 1 to 18)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.servers.chat_rules import complaints as complaints_of_all

Body = dict[str, Any]

_EVERYBODYS = frozenset(
    (
        *("model", "messages", "stream", "stream_options", "temperature", "top_p", "stop", "tools", "tool_choice"),
        *("response_format", "reasoning_effort", "metadata"),
    )
)
_OF_ANSWERS = frozenset({"reasoning_details", "citations", "images"})
_REASONING = _OF_ANSWERS | {"reasoning_content", "reasoning"}
_OPENAI = _EVERYBODYS | {
    *("audio", "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "max_tokens", "modalities", "n"),
    *(
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "moderation",
    ),
    *("prompt_cache_retention", "safety_identifier", "seed", "service_tier", "store", "top_logprobs", "user"),
    *("verbosity", "web_search_options"),
}
_MISTRAL = (_EVERYBODYS - {"stream_options"}) | {
    *("max_tokens", "random_seed", "n", "presence_penalty", "frequency_penalty", "parallel_tool_calls", "prediction"),
    *("prompt_mode", "safe_prompt", "prompt_cache_key", "document_image_limit", "guardrails"),
}
_CHOICES = frozenset({"auto", "none", "required", "named"})


@dataclass(frozen=True)
class Rules:
    """What one provider takes. `fields` None: it takes any."""

    fields: frozenset[str] | None = None
    refused: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset({"system", "user", "assistant", "tool"})
    of_messages: frozenset[str] = frozenset()
    """Fields of messages that it refuses."""
    parts: frozenset[str] = frozenset({"text", "image_url"})
    choices: frozenset[str] = _CHOICES
    forms: frozenset[str] = frozenset({"text", "json_object", "json_schema"})
    efforts: Callable[[str], frozenset[str]] = lambda model: frozenset()
    usage: str = "asked"
    """Where usage is told: "asked" in a chunk of its own, "finish" in the last one with a choice."""
    reasoning: str = "reasoning_content"
    """Where its reasoning is told, and has to come back. Empty: nowhere."""
    more: tuple[Callable[[Body], Iterator[str]], ...] = field(default=())


def complaints(provider: str, body: Body) -> Iterator[str]:
    """Everything in a request that this provider does not take."""
    rules = rules_of(provider)
    if rules.fields is not None:
        yield from (f"extra_forbidden: {name}" for name in sorted(body.keys() - rules.fields))
    yield from (f"unsupported: {name}" for name in sorted(body.keys() & rules.refused))
    yield from _about_messages(body, rules)
    yield from _about_choice(body, rules)
    form = body.get("response_format") or {"type": "text"}
    if form["type"] not in rules.forms:
        yield f"response_format {form['type']}"
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in rules.efforts(body["model"]):
        yield f"reasoning_effort {effort} for {body['model']}"
    for complain in rules.more:
        yield from complain(body)
    if provider != "mistral":
        yield from complaints_of_all(body)


def rules_of(provider: str) -> Rules:
    """The rules of a provider; of one that has none of its own, those of a server that is easily pleased."""
    return RULES.get(provider, _EASY)


def _about_messages(body: Body, rules: Rules) -> Iterator[str]:
    for number, message in enumerate(body["messages"]):
        if message["role"] not in rules.roles:
            yield f"messages[{number}].role {message['role']}"
        yield from (f"messages[{number}].{name}" for name in sorted(message.keys() & rules.of_messages))
        content = message.get("content")
        for part in content if isinstance(content, list) else ():
            if part["type"] not in rules.parts and part["type"] != "thinking":
                yield f"messages[{number}]: a part of type {part['type']}"


def _about_choice(body: Body, rules: Rules) -> Iterator[str]:
    choice = body.get("tool_choice")
    if choice is None:
        return
    kind = "named" if isinstance(choice, dict) else choice
    if kind not in rules.choices:
        yield f"tool_choice {kind}"
    if not body.get("tools"):
        yield "tool_choice without tools"


def _openai_models(body: Body) -> Iterator[str]:
    model = body["model"]
    if not re.match(r"o\d|gpt-[56]", model) or "-chat" in model:
        return
    if "max_tokens" in body:
        yield "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
    effort = body.get("reasoning_effort") or ("none" if re.match(r"gpt-5\.[1-4]$", model) else "medium")
    for name in ("temperature", "top_p", "presence_penalty", "frequency_penalty"):
        if effort != "none" and body.get(name) not in (None, 0 if "penalty" in name else 1):
            yield f"Unsupported value: '{name}' does not support {body[name]} with this model."
    if model.startswith("o1-mini"):
        yield from (f"role {m['role']}" for m in body["messages"] if m["role"] in ("system", "developer"))


def _openai_efforts(model: str) -> frozenset[str]:
    if re.match(r"o\d", model):
        return frozenset({"low", "medium", "high"}) if "mini" not in model or "o1" not in model else frozenset()
    if model.startswith("gpt-6"):
        return frozenset({"low", "medium", "high", "xhigh", "max"})
    if model.startswith("gpt-5.6"):
        return frozenset({"none", "low", "medium", "high", "xhigh", "max"})
    if model.startswith("gpt-5.2"):
        return frozenset({"none", "low", "medium", "high", "xhigh"})
    if model.startswith("gpt-4") or "-chat" in model:
        return frozenset()
    return frozenset({"minimal", "low", "medium", "high"}) if model.startswith("gpt-5") else _ALL_EFFORTS(model)


def _mistral(body: Body) -> Iterator[str]:
    messages = body["messages"]
    for number, message in enumerate(messages):
        ids = [call["id"] for call in message.get("tool_calls") or ()]
        ids += [message["tool_call_id"]] if message["role"] == "tool" else []
        yield from (f"Tool call id was {i} but must be a-z, A-Z, 0-9, with a length of 9." for i in ids if not _nine(i))
        if number and messages[number - 1]["role"] == "tool" and message["role"] not in ("tool", "assistant"):
            yield f"Unexpected role '{message['role']}' after role 'tool'"
    last = messages[-1]
    if last["role"] == "assistant" and not last.get("prefix"):
        yield "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant"


def _nine(call_id: str) -> bool:
    return re.fullmatch(r"[A-Za-z0-9]{9}", call_id) is not None


def _data_only(body: Body) -> Iterator[str]:
    for message in body["messages"]:
        for part in message["content"] if isinstance(message.get("content"), list) else ():
            if part["type"] == "image_url" and not part["image_url"]["url"].startswith("data:"):
                yield "invalid image input"


def _in_loops(body: Body) -> Iterator[str]:
    """DeepSeek: reasoning comes back with the calls since the user spoke last, from V4 on with all of them."""
    is_late = "v4" in body["model"]
    asked = max((i for i, message in enumerate(body["messages"]) if message["role"] == "user"), default=-1)
    by_itself = "enabled" if is_late or "reasoner" in body["model"] else "disabled"
    is_thinking = body.get("thinking", {}).get("type", by_itself) == "enabled"
    for number, message in enumerate(body["messages"]):
        is_current = is_late or number > asked
        if "reasoning_content" in message and not is_late and not (is_current and message.get("tool_calls")):
            yield f"messages[{number}].reasoning_content must not be sent"
        if is_thinking and is_current and message.get("tool_calls") and not message.get("reasoning_content"):
            yield f"Missing `reasoning_content` field in the assistant message at message index {number}."


def _alternating(body: Body) -> Iterator[str]:
    roles = [message["role"] for message in body["messages"]]
    if any(first == second for first, second in pairwise(roles)):
        yield "After the (optional) system message(s), user and assistant roles should be alternating."


def _in_range(name: str, least: float, most: float) -> Callable[[Body], Iterator[str]]:
    def complain(body: Body) -> Iterator[str]:
        if not least <= body.get(name, least) <= most:
            yield f"{name} must be from {least} to {most}"

    return complain


def _words(*words: str) -> Callable[[str], frozenset[str]]:
    return lambda model: frozenset(words)


def _groq_efforts(model: str) -> frozenset[str]:
    if "gpt-oss" in model:
        return frozenset({"low", "medium", "high"})
    return frozenset({"none", "default"}) if "qwen3" in model else frozenset()


def _xai_efforts(model: str) -> frozenset[str]:
    if model.startswith("grok-3-mini"):
        return frozenset({"low", "high"})
    if model.startswith("grok-4.5"):
        return frozenset({"low", "medium", "high"})
    return frozenset({"none", "low", "medium", "high"}) if model.startswith("grok-4.3") else frozenset()


_ALL_EFFORTS = _words("none", "minimal", "low", "medium", "high", "xhigh", "max")
_EASY = Rules(
    roles=frozenset({"system", "developer", "user", "assistant", "tool"}),
    parts=frozenset({"text", "image_url", "file", "input_audio", "refusal"}),
    efforts=_ALL_EFFORTS,
)
_OPENAI_RULES = Rules(
    _OPENAI,
    roles=frozenset({"system", "developer", "user", "assistant", "tool"}),
    of_messages=_REASONING,
    parts=frozenset({"text", "image_url", "file", "input_audio", "refusal"}),
    efforts=_openai_efforts,
    reasoning="",
    more=(_openai_models,),
)
RULES: dict[str, Rules] = {
    "openai": _OPENAI_RULES,
    "azure": Rules(
        _OPENAI,
        roles=_OPENAI_RULES.roles,
        of_messages=_REASONING,
        parts=frozenset({"text", "image_url", "input_audio", "refusal"}),
        efforts=_openai_efforts,
        reasoning="",
        more=(_openai_models,),
    ),
    "mistral": Rules(
        _MISTRAL,
        of_messages=_REASONING | {"name", "refusal", "audio", "annotations", "function_call"},
        parts=frozenset({"text", "image_url", "document_url", "input_audio"}),
        choices=frozenset({"auto", "any", "required", "named"}),
        efforts=lambda model: frozenset(
            {"none", "high"} if model.startswith(("mistral-small", "mistral-medium")) else ()
        ),
        usage="finish",
        reasoning="content",
        more=(_mistral, _in_range("temperature", 0, 1.5)),
    ),
    "groq": Rules(
        refused=frozenset({"n", "logprobs", "top_logprobs", "logit_bias", "top_k"}),
        of_messages=_OF_ANSWERS | {"name", "reasoning_content", "refusal"},
        efforts=_groq_efforts,
        reasoning="reasoning",
    ),
    "deepseek": Rules(
        refused=frozenset({"seed", "n", "logit_bias", "top_k", "max_completion_tokens"}),
        parts=frozenset({"text"}),
        forms=frozenset({"text", "json_object"}),
        efforts=lambda model: frozenset({"high", "max"} if "v4" in model else ()),
        usage="finish",
        more=(_in_loops,),
    ),
    "xai": Rules(refused=frozenset({"top_k", "max_tokens"}), efforts=_xai_efforts),
    "openrouter": Rules(
        roles=_OPENAI_RULES.roles,
        parts=frozenset({"text", "image_url", "file", "input_audio"}),
        usage="finish",
        reasoning="reasoning",
    ),
    "together": Rules(
        refused=frozenset({"max_completion_tokens", "store"}),
        efforts=lambda model: frozenset({"low", "medium", "high"} if "gpt-oss" in model else ()),
        usage="finish",
        reasoning="reasoning",
    ),
    "fireworks": Rules(refused=frozenset({"max_completion_tokens", "prompt_cache_key"}), efforts=_ALL_EFFORTS),
    "perplexity": Rules(
        refused=frozenset({"tools", "tool_choice", "n", "logprobs", "stream_options", "parallel_tool_calls"}),
        of_messages=_REASONING | {"name"},
        forms=frozenset({"text", "json_schema"}),
        efforts=lambda model: frozenset({"minimal", "low", "medium", "high"} if "reasoning" in model else ()),
        usage="finish",
        more=(_alternating,),
    ),
    "cerebras": Rules(
        refused=frozenset({"frequency_penalty", "presence_penalty", "logit_bias", "top_k", "max_tokens"}),
        of_messages=_OF_ANSWERS | {"reasoning_content"},
        parts=frozenset({"text"}),
        efforts=lambda model: frozenset({"low", "medium", "high"} if "gpt-oss" in model else ()),
        reasoning="reasoning",
        more=(_in_range("temperature", 0, 1.5),),
    ),
    "zai": Rules(
        refused=frozenset({"seed", "n", "logprobs", "user", "logit_bias", "top_k", "max_completion_tokens"}),
        choices=frozenset({"auto"}),
        forms=frozenset({"text", "json_object"}),
        more=(_in_range("temperature", 0, 1),),
    ),
    "ollama": Rules(
        refused=frozenset({"user", "n", "logprobs", "logit_bias", "top_k"}),
        # It takes any, and ignores it: one that is not auto would be broken in silence.
        choices=frozenset({"auto"}),
        efforts=_words("none", "low", "medium", "high", "max"),
        reasoning="reasoning",
        more=(_data_only,),
    ),
    # Its older versions' name; it takes either back.
    "vllm": Rules(efforts=_ALL_EFFORTS),
    "lmstudio": Rules(
        choices=frozenset({"auto", "none", "required"}),
        forms=frozenset({"text", "json_schema"}),
        efforts=_ALL_EFFORTS,
        more=(_data_only,),
    ),
    "huggingface": Rules(efforts=_ALL_EFFORTS),
}
