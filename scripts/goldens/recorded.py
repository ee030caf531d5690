"""Cases from recorded traffic: each reply to a client of each surface, each request to providers of every kind."""

import base64
import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scripts.goldens.cases import CHAT, RESPONSES, SURFACES, WAYSTONE_CHAT, Case, Document, Reply, single
from scripts.goldens.configuration import COMPATIBLE, FOREIGN

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "recordings"
_ROWS = {"gpustack_vllm": "vllm", "huggingface_router": "huggingface", "openrouter_via_openai_sdk": "openrouter"}
_ENDPOINTS = {"chat_completions": "-chat", "responses": "-responses"}
_OWN = ("messages", "converse", "converse_stream", "generateContent", "streamGenerateContent", "v2_chat")
_MODELS = {
    "anthropic": "claude-sonnet-4-5",
    "bedrock": "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
    "gemini": "gemini-3-pro-preview",
    "cohere": "command-a-03-2025",
    "openai-chat": "gpt-5.1",
    "openai-responses": "gpt-5.1",
    "plain-openai-chat": "m",
}
_TEXT = "Say something."


def recorded_cases() -> Iterator[Case]:
    """Every case from the recordings."""
    with (FOLDER / "INDEX.tsv").open(newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        if row["endpoint"] in _ENDPOINTS or row["endpoint"] in _OWN:
            recording = json.loads((FOLDER / row["path"]).read_bytes())
            yield from _replies(row, recording)
            if recording["request_body"] is not None and row["endpoint"] in _ENDPOINTS:
                yield from _requests(row, recording)


def _replies(row: Mapping[str, str], recording: Document) -> Iterator[Case]:
    provider = _provider(row)
    if provider is None:
        return
    model = f"{provider}/{recording['model'] or 'm'}"
    is_stream = row["mode"] == "stream"
    name = row["path"].removesuffix(".json").partition("-")[0]
    for surface in SURFACES:
        for kind, body in _bodies(row["endpoint"], recording, surface):
            asked = {**body, "model": model, "stream": is_stream}
            yield single(f"recorded {name} {kind} {surface}", surface, asked, _reply(recording))


def _requests(row: Mapping[str, str], recording: Document) -> Iterator[Case]:
    """The recorded request, which has been sent to its own provider already, to others."""
    surface = CHAT if row["endpoint"] == "chat_completions" else RESPONSES
    name = row["path"].partition("-")[0]
    for provider, model in _MODELS.items():
        asked = {**recording["request_body"], "model": f"{provider}/{model}"}
        yield single(f"recorded-request {name} to {provider}", surface, asked)


def _provider(row: Mapping[str, str]) -> str | None:
    name = _ROWS.get(row["provider"], row["provider"])
    if row["endpoint"] in _OWN:
        return name if name in FOREIGN else None
    # Of other providers, what answers in one of OpenAI's APIs is read as that of a server without a row.
    end = _ENDPOINTS[row["endpoint"]]
    return name + end if name in COMPATIBLE else f"plain-openai{end}"


def _bodies(endpoint: str, recording: Document, surface: str) -> Iterator[tuple[str, Document]]:
    is_chat = surface in (CHAT, WAYSTONE_CHAT)
    body = recording["request_body"]
    is_own = isinstance(body, dict) and endpoint == ("chat_completions" if is_chat else "responses")
    if is_own and (is_chat or surface == RESPONSES or isinstance(body["input"], str)):
        yield "own", body
        return
    asked: Document = {"messages": [{"role": "user", "content": _TEXT}]} if is_chat else {"input": _TEXT}
    yield "generic", asked
    names = list(dict.fromkeys(_tool_names(body)))
    if names:
        flat = [{"name": name, "parameters": {"type": "object", "properties": {}}} for name in names]
        tools = [{"type": "function", "function": tool} if is_chat else {"type": "function", **tool} for tool in flat]
        yield "tools", {**asked, "tools": tools}


def _tool_names(body: Any) -> Iterator[str]:
    """The names of the tools in a recorded request, whatever its API."""
    if not isinstance(body, dict):
        return
    config = body.get("toolConfig")
    listed = [*(body.get("tools") or ()), *((config.get("tools") or ()) if isinstance(config, dict) else ())]
    for tool in listed:
        inner = tool.get("functionDeclarations") or [tool.get("function") or tool.get("toolSpec") or tool]
        for one in inner:
            if isinstance(one.get("name"), str):
                yield one["name"]


def _reply(recording: Document) -> Reply:
    text: str = recording["response_body"]
    body = base64.b64decode(text) if recording["response_body_encoding"] == "base64" else text.encode()
    headers = {name.lower(): value for name, value in recording["response_headers"].items()}
    kind = headers.pop("content-type", "application/json")
    headers.pop("content-length", None)
    return Reply(body, kind, recording["status"], headers)
