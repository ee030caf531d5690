"""What is measured, as data: the rows of each table, and the requests that they send."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scripts.benchmark import servers
from scripts.benchmark.servers import CHAT_DIALECT, FLOOR, GATEWAY

CHAT = "/v1/chat/completions"
RESPONSES = "/v1/responses"
WAYSTONE_CHAT = "/api/gateway/v1/chat/completions"

_SYSTEM = "You are a careful assistant. Answer in one sentence, and say so when you do not know."
_QUESTION = "What is a waystone, who set it by the road, and what did it tell to those who came by?"
_TRANSLATED = ("anthropic-messages", "gemini", "bedrock-converse")


@dataclass(frozen=True)
class Row:
    """One line of a table: a request, and the server that gets it. `note` is what is special about the request."""

    server: str
    body: Mapping[str, Any]
    path: str = CHAT
    note: str = ""

    @property
    def name(self) -> str:
        return f"{self.server}, {self.note}" if self.note else self.server

    @property
    def expected(self) -> bytes:
        """What a complete answer contains: the last word of a stream; a plain one is complete by its length."""
        return b"word49" if self.body.get("stream") else b""


@dataclass(frozen=True)
class Group:
    """A table: rows that are loaded in alternating rounds. The first is what the others are compared with.

    `is_pinned`: load and server have a core each. `has_peers`: other gateways get a row, too, with `--peers`.
    """

    key: str
    title: str
    rows: Sequence[Row]
    connections: Sequence[int] = (8,)
    is_pinned: bool = True
    has_peers: bool = False


def chat(model: str = f"{CHAT_DIALECT}/static", *, is_stream: bool = False, **more: Any) -> dict[str, Any]:
    """A chat request. It includes usage, so that the gateway and the floor pass on the same events."""
    messages = [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": _QUESTION}]
    body: dict[str, Any] = {"model": model, "messages": messages, "temperature": 0.2, **more}
    if is_stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def responses(model: str = f"{CHAT_DIALECT}/static", *, is_stream: bool = False, **more: Any) -> dict[str, Any]:
    """A Responses request with the same question."""
    return {"model": model, "input": _QUESTION, "instructions": _SYSTEM, "stream": is_stream, **more}


def _beside(body: Mapping[str, Any]) -> list[Row]:
    return [Row(FLOOR, body), Row(GATEWAY, body)]


def _translated(*, is_stream: bool) -> list[Row]:
    """The floor with its chat, and the gateway with upstreams of other dialects."""
    rows = [Row(GATEWAY, chat(f"{name}/static", is_stream=is_stream), note=f"upstream {name}") for name in _TRANSLATED]
    return [Row(FLOOR, chat(is_stream=is_stream)), *rows]


def _with_tools(dialect: str) -> Row:
    """A longer conversation with tools, for an upstream of a dialect."""
    return Row(GATEWAY, conversation(f"{dialect}/static"), note=f"upstream {dialect}")


def conversation(model: str) -> dict[str, Any]:
    """Twenty messages, some of them tool calls and their results, and five tools."""
    messages: list[dict[str, Any]] = [{"role": "system", "content": "You are a careful assistant. " * 10}]
    call = {"name": "tool_0", "arguments": '{"field_0": "crossroads", "field_3": "three"}'}
    for turn in range(5):
        messages.append({"role": "user", "content": f"What stands at crossroads {turn}? " * 5})
        if turn % 2 == 0:
            calls = [{"id": f"call_{turn}", "type": "function", "function": call}]
            messages.append({"role": "assistant", "content": None, "tool_calls": calls})
            messages.append({"role": "tool", "tool_call_id": f"call_{turn}", "content": "A stone, mossy. " * 10})
        messages.append({"role": "assistant", "content": "There stands a stone with three arms. " * 10})
    messages += [{"role": "user", "content": "And at the next one?"}] * (20 - len(messages))
    return {"model": model, "messages": messages, "max_tokens": 500, "tools": [_tool(number) for number in range(5)]}


def _tool(number: int) -> dict[str, Any]:
    properties = {f"field_{place}": {"type": "string", "description": "What is meant by it."} for place in range(5)}
    parameters = {"type": "object", "properties": properties, "required": ["field_0"], "additionalProperties": False}
    return {
        "type": "function",
        "function": {"name": f"tool_{number}", "description": "Looks around.", "parameters": parameters},
    }


GROUPS = (
    Group(
        "plain",
        "Plain chat",
        [Row(FLOOR, chat()), Row(servers.ECHO, chat()), Row(GATEWAY, chat())],
        connections=(8, 1, 32),
        has_peers=True,
    ),
    Group("stream", "Streamed chat, 54 events sent at once", _beside(chat(is_stream=True)), has_peers=True),
    Group(
        "paced",
        "Streamed chat, 54 events one by one, 2 ms apart",
        _beside(chat(f"{CHAT_DIALECT}/paced", is_stream=True)),
        connections=(32,),
        has_peers=True,
    ),
    Group(
        "log",
        "Plain chat, with the access log and without",
        [Row(servers.WITHOUT_ACCESS_LOG, chat()), Row(GATEWAY, chat())],
        connections=(8,),
    ),
    Group(
        "responses",
        "/v1/responses beside the floor's chat",
        [
            Row(FLOOR, chat()),
            Row(GATEWAY, responses(store=False), RESPONSES, "not stored"),
            Row(GATEWAY, responses(store=True), RESPONSES, "stored"),
        ],
    ),
    Group("translated", "Chat translated to other dialects, beside the floor's chat", _translated(is_stream=False)),
    Group("translated-stream", "The same, streamed: 50 pieces of text sent at once", _translated(is_stream=True)),
    Group(
        "tools",
        "A chat request with 20 messages and 5 tools, beside the chat dialect",
        [_with_tools(name) for name in (CHAT_DIALECT, *_TRANSLATED)],
    ),
    Group(
        "tls",
        "Plain chat, TLS to the upstream",
        [Row(servers.FLOOR_TLS, chat()), Row(servers.GATEWAY_TLS, chat())],
    ),
    Group(
        "workers",
        "Plain chat, two workers beside one; they, wrk and the upstream share both cores",
        [Row(servers.ONE_WORKER, chat()), Row(servers.TWO_WORKERS, chat())],
        connections=(32,),
        is_pinned=False,
    ),
)

FIRST_EVENTS = (
    Row(servers.UPSTREAM, chat("late", is_stream=True)),
    Row(FLOOR, chat(f"{CHAT_DIALECT}/late", is_stream=True)),
    Row(GATEWAY, chat(f"{CHAT_DIALECT}/late", is_stream=True)),
    Row(GATEWAY, chat("anthropic-messages/late", is_stream=True), note="upstream anthropic-messages"),
    Row(GATEWAY, responses(f"{CHAT_DIALECT}/late", is_stream=True), RESPONSES, RESPONSES),
)
"""Streams of which the time of the first text is measured; the first two are what the others are compared with."""
