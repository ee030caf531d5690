"""A gateway whose providers speak every dialect, each with an upstream behind it that is as strict as the real one."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import Any

import orjson
from starlette import types
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.contract.bundle import Bundle
from gateway.dialects.turns.pairing import Pairs
from gateway.neutral.items import Item, Message, Position, ToolCall, ToolOutput
from tests.contract.forgiving import Forgiving, greeted
from tests.servers import gemini_upstream
from tests.servers.anthropic_upstream import AnthropicUpstream
from tests.servers.bedrock_upstream import BedrockUpstream
from tests.servers.chat_upstream import KEY
from tests.servers.cohere_upstream import CohereUpstream
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.gemini_upstream import GeminiUpstream
from tests.servers.responses_upstream import ResponsesUpstream
from tests.servers.row_rules import RULES
from tests.servers.row_upstream import RowUpstream
from tests.servers.thread import serving

ROWS = ("openai", "mistral", "groq", "deepseek", "xai", "perplexity", "cerebras", "ollama", "lmstudio")
"""Providers of the chat dialect that differ most from it, each by the rules of its own."""

SCRIPTS = {
    "anthropic": ("echo", "tool", "think", "search", "length", "refusal", "cut", "late-error", "claude-opus-4-8:echo"),
    "gemini": ("echo", "tool", "think", "parallel", "length", "images", "search", "cut", "late-error", "gemini-2-echo"),
    "vertex": ("echo", "tool", "length", "code"),
    "cohere": ("echo", "tool", "plan", "think", "cite", "form", "length", "cut", "end-early", "late-error"),
    "bedrock": (
        *("echo", "tool", "think", "length", "cut", "late-error", "damaged"),
        *("anthropic.claude-sonnet-4-5-v1:0.echo", "us.amazon.nova-lite-v1:0.tool", "meta.llama3-3-70b.echo"),
    ),
    "native": ("echo", "tools", "reasoning", "web-search", "custom-tool", "length", "cut", "failed-in-stream"),
    **{row: ("echo", "tool", "think", "length") for row in ROWS},
}
"""What the fuzzer asks of each provider. `native` speaks the Responses API."""
LISTED = RULES["openai"].fields or frozenset()
"""The fields of chat that are listed anywhere."""
NATIVE = "as-it-came"
"""Marks the models that are asked in their own dialect: what was said travels as it came, sense or none."""


_SPEAKING = {
    "/v1/chat/completions": ROWS,
    "/api/gateway/v1/chat/completions": ROWS,
    "/v1/responses": ("native",),
}


def _named(provider: str, script: str) -> str:
    return f"{script}:{NATIVE}" if provider == "native" else f"{NATIVE}-{script}"


def models_for(path: str) -> list[str]:
    """Every model, as the operation at this path asks for it: those that speak its dialect are marked."""
    speaking = _SPEAKING.get(path, ())
    return [
        f"{provider}/{_named(provider, script) if provider in speaking else script}"
        for provider, scripts in SCRIPTS.items()
        for script in scripts
    ]


_NEVER_TOLD = re.compile(
    "must be passed back|Invalid `signature`|Expected `thinking`|reasoning before the tool call|Thought signature is"
    "|candidateCount value of"
)
"""A model that reasons in a loop of calls misses what it said; calls that it never made come without.

How many answers it gives at once is its own: OpenAI's contract has up to 128.
"""


_EXTRA = "extra_forbidden:"
LISTED = Bundle.load().document["components"]["schemas"]["CreateChatCompletionRequest"]["properties"].keys()


def is_forgiven(complaint: str) -> bool:
    """Whether an upstream complains of what the fuzzer has said, and not of how it was put."""
    return _NEVER_TOLD.search(complaint) is not None


def is_made_up(complaint: str, body: dict[str, Any]) -> bool:
    """Whether an upstream complains only of fields that the fuzzer has made up: these reach it as they came."""
    _, extra, names = complaint.partition(_EXTRA)
    # Blanks at the ends of a message are not passed on; a name may be nothing else.
    made_up = {name.strip() for name in body.keys() - LISTED}
    return bool(extra) and {name.strip() for name in names.split(f"; {_EXTRA}")} <= made_up


def _message(told: str) -> str:
    try:
        return str(orjson.loads(told)["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""


@dataclass
class Watch:
    """What the upstreams complained of: a gateway's request in a shape that the provider would not have."""

    answered: dict[str, int] = field(default_factory=dict)
    complaints: list[dict[str, Any]] = field(default_factory=list)

    def over(self, provider: str, app: ASGIApp) -> ASGIApp:
        """The same server; what it refuses, or breaks down over, is noted."""

        async def watched(scope: Scope, receive: Receive, send: Send) -> None:
            asked, told = bytearray(), bytearray()
            status = 500

            async def hear() -> types.Message:
                message = await receive()
                asked.extend(message.get("body", b""))
                return message

            async def say(message: types.Message) -> None:
                nonlocal status
                status = message.get("status", status)
                if status != 200:
                    told.extend(message.get("body", b""))
                await send(message)

            try:
                await app(scope, hear, say)
            finally:
                if scope["type"] == "http" and scope["method"] == "POST":
                    self._note(provider, status, bytes(asked), bytes(told))

        return watched

    def _note(self, provider: str, status: int, asked: bytes, told: bytes) -> None:
        told_text = told.decode("utf-8", "replace")
        if status == 200:
            self.answered[provider] = self.answered.get(provider, 0) + 1
        elif not is_forgiven(told_text) and not is_made_up(_message(told_text), orjson.loads(asked)):
            self.complaints.append({"provider": provider, "status": status, "told": told_text, "asked": asked.decode()})

    def report(self, limit: int = 20) -> str:
        """The complaints, one of each kind first."""
        by_kind = {(one["provider"], one["told"][:120]): one for one in self.complaints}
        return "\n".join(orjson.dumps(one).decode() for one in list(by_kind.values())[:limit])


@contextmanager
def dialects_gateway(folder: Path) -> Iterator[tuple[RunningGateway, Watch]]:
    """A gateway with a provider of every dialect, and what the upstreams behind it complain of."""
    watch = Watch()
    apps: dict[str, ASGIApp] = {
        "anthropic": AnthropicUpstream().app,
        "gemini": GeminiUpstream().app,
        "cohere": CohereUpstream().app,
        "bedrock": BedrockUpstream().app,
        "native": ResponsesUpstream().app,
        "rows": RowUpstream().app,
    }
    for name in ("native", "rows", "cohere"):
        apps[name] = Forgiving(apps[name], heard)
    with ExitStack() as stack:
        urls = {name: stack.enter_context(serving(watch.over(name, app))) for name, app in apps.items()}
        providers = _providers(urls)
        config = {
            "embedded": {"enabled": False},
            "retries": {"attempts": 1},
            "breaker": {"failures": 10_000},
            "may_choose_on_disconnect": True,
            "providers": {name: {**entry, "models": _served(name)} for name, entry in providers.items()},
        }
        yield stack.enter_context(running_gateway(folder, config)), watch


def _served(provider: str) -> list[str]:
    paths = ("/v1/chat/completions", "/v1/responses")
    names = dict.fromkeys(name for path in paths for name in models_for(path))
    return [name.partition("/")[2] for name in names if name.startswith(f"{provider}/")]


def heard(body: dict[str, Any]) -> dict[str, Any]:
    """What an upstream of OpenAI's kind hears: what it is for the client to say there is made sense of.

    A request in its own dialect becomes a greeting, with the settings that are listed and not null. In a translated
    one for the Responses API, outputs find their calls, and the limit is one.
    """
    if NATIVE in body["model"]:
        told = greeted(body)
        return {name: v for name, v in told.items() if "input" in told or (name in LISTED and v is not None)}
    if "input" not in body:
        return {**body, "messages": answered(body["messages"])}
    limit = body.get("max_output_tokens")
    return {**body, "input": paired(body["input"]) or _GREETING} | (
        {} if limit is None else {"max_output_tokens": max(limit, 16)}
    )


_GREETING = "Hello."
_CALLS = frozenset({"function_call", "custom_tool_call"})
_OUTPUTS = frozenset({"function_call_output", "custom_tool_call_output"})


def answered(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The messages with an output right behind the calls that nobody answered."""
    told: list[dict[str, Any]] = []
    for message in messages:
        waiting = [] if message["role"] == "tool" else _unanswered(told)
        told += [{"role": "tool", "tool_call_id": one, "content": "Nothing."} for one in waiting]
        told.append(message)
    told += [{"role": "tool", "tool_call_id": one, "content": "Nothing."} for one in _unanswered(told)]
    return told


def _unanswered(told: list[dict[str, Any]]) -> list[str]:
    """The ids of the calls that were made last, and that no tool's message follows."""
    outputs = list(takewhile(lambda message: message["role"] == "tool", reversed(told)))
    waiting = [
        call["id"] for message in told[: len(told) - len(outputs)][-1:] for call in message.get("tool_calls", ())
    ]
    for output in outputs:
        if output["tool_call_id"] in waiting:
            waiting.remove(output["tool_call_id"])
    return waiting


def paired(items: Any) -> Any:
    """The items without calls that nobody answered, and without outputs of no call."""
    pairs = Pairs([read for place, item in enumerate(items) if (read := _read(item, place)) is not None])
    kept = pairs.output_of.keys() | {output.position.index for output in pairs.output_of.values()}
    return [item for place, item in enumerate(items) if item.get("type") not in _CALLS | _OUTPUTS or place in kept]


def _read(item: dict[str, Any], place: int) -> Item | None:
    """What matters of an item to the pairing of calls and outputs."""
    position = Position(place, f"input[{place}]")
    if item.get("type") in _CALLS:
        return ToolCall(item["call_id"], "", "", position)
    if item.get("type") in _OUTPUTS:
        return ToolOutput(item.get("call_id"), (), position, "")
    return Message("user", (), position) if item.get("role") == "user" else None


def _providers(urls: dict[str, str]) -> dict[str, dict[str, Any]]:
    google = gemini_upstream.KEY
    rows = {name: {"base_url": f"{urls['rows']}/{name}", "api_key": KEY, "dialect": "openai-chat"} for name in ROWS}
    return {
        **rows,
        "anthropic": {"base_url": urls["anthropic"], "api_key": KEY},
        "gemini": {"base_url": f"{urls['gemini']}/v1beta", "api_key": google},
        # With an express key, which needs no account of Google Cloud.
        "vertex": {"base_url": f"{urls['gemini']}/v1/publishers/google", "api_key": google},
        "cohere": {"base_url": urls["cohere"], "api_key": KEY},
        "bedrock": {"base_url": urls["bedrock"], "api_key": KEY, "region": "eu-central-1"},
        "native": {
            "dialect": "openai-responses",
            "base_url": f"{urls['native']}/v1",
            "api_key": KEY,
            "stored_prompts": True,
        },
    }
