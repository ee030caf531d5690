"""What Bedrock refuses in a Converse request: its service model, and the rules that models behind it have."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from botocore.model import ServiceModel
from botocore.session import Session
from botocore.validate import ParamValidator

_Object = dict[str, Any]
_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")
_TOOL = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_DOCUMENT = re.compile(r"[A-Za-z0-9\s()\[\]-]{1,200}")
_METADATA = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_ENUMS = {
    "role": {"user", "assistant"},
    "image": {"png", "jpeg", "gif", "webp"},
    "document": {"pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"},
}
_CHOOSERS = ("anthropic.", "amazon.nova", "mistral.mistral-large")


@cache
def _model() -> ServiceModel:
    return Session().get_service_model("bedrock-runtime")


def complaints(model: str, body: _Object) -> Iterator[str]:
    """Everything that is wrong with a request."""
    shape = _model().operation_model("Converse").input_shape
    report = ParamValidator().validate({"modelId": model, **body}, shape)
    if report.has_errors():
        yield report.generate_report()
        return
    yield from _about_turns(body["messages"])
    for message in body["messages"]:
        yield from _about_content(message, model)
    yield from _about_results(body["messages"])
    yield from _about_tools(body, model)
    for block in body.get("system", ()):
        if "text" in block and not block["text"].strip():
            yield "The text field in the system ContentBlock is blank."
    for name, value in body.get("requestMetadata", {}).items():
        if not _METADATA.fullmatch(name) or not _METADATA.fullmatch(value):
            yield f"requestMetadata: {name}"
    yield from _about_thinking(body, model)


def _about_turns(messages: list[_Object]) -> Iterator[str]:
    roles = [message["role"] for message in messages]
    if not roles or roles[0] != "user":
        yield "A conversation must start with a user message."
    if set(roles) - _ENUMS["role"]:
        yield f"roles: {roles}"
    if any(one == next_one for one, next_one in pairwise(roles)):
        yield "A conversation must alternate between user and assistant roles."


def _about_content(message: _Object, model: str) -> Iterator[str]:
    kinds = [kind for block in message["content"] for kind in block]
    if not kinds or any(len(block) != 1 for block in message["content"]):
        yield "a message without content, or a block that is none"
    for block in message["content"]:
        yield from _about_block(block)
    if "document" in kinds and "text" not in kinds:
        yield "A text block is required when using documents."
    others = set(kinds) - {"toolResult", "cachePoint"}
    if "toolResult" in kinds and "anthropic." in model and others & {"document", "video"}:
        yield "documents next to a toolResult"
    if "toolResult" in kinds and model.startswith(("meta.", "mistral.")) and others:
        yield "something next to a toolResult"
    names = [block["document"]["name"] for block in message["content"] if "document" in block]
    if len(set(names)) < len(names):
        yield "two documents of one name"


def _about_block(block: _Object) -> Iterator[str]:
    match block:
        case {"text": text} if not text.strip():
            yield "The text field in the ContentBlock object is blank."
        case {"image": {"format": form, "source": source}} | {"document": {"format": form, "source": source}}:
            if form not in _ENUMS[next(iter(block))] or len(source) != 1:
                yield f"{next(iter(block))}: {form}"
            name = block.get("document", {}).get("name", "none")
            if not _DOCUMENT.fullmatch(name) or "  " in name:
                yield f"The document file name can only contain alphanumeric characters: {name}"
        case {"toolUse": call}:
            if not _ID.fullmatch(call["toolUseId"]) or not _TOOL.fullmatch(call["name"]):
                yield f"toolUse: {call['toolUseId']} {call['name']}"
            if not isinstance(call["input"], dict):
                yield "toolUse.input is no object"
        case {"toolResult": result}:
            if not result["content"]:
                yield "an empty toolResult"
            for inner in result["content"]:
                yield from _about_block(inner)


def _about_results(messages: list[_Object]) -> Iterator[str]:
    """Every call is answered in the next message, and only there."""
    waiting: list[str] = []
    seen: set[str] = set()
    for message in messages:
        results = [block["toolResult"]["toolUseId"] for block in message["content"] if "toolResult" in block]
        if sorted(results) != sorted(waiting):
            yield f"toolUse ids {waiting} were found without toolResult blocks immediately after: {results}"
        first = [kind for block in message["content"] for kind in block if kind != "cachePoint"]
        if results and first[: len(results)] != ["toolResult"] * len(results):
            yield "toolResult blocks do not come first"
        waiting = [block["toolUse"]["toolUseId"] for block in message["content"] if "toolUse" in block]
        if seen & set(waiting) or len(set(waiting)) < len(waiting):
            yield "`tool_use` ids must be unique"
        seen |= set(waiting)
    if waiting:
        yield f"toolUse ids {waiting} have no toolResult"


def _about_tools(body: _Object, model: str) -> Iterator[str]:
    config = body.get("toolConfig")
    blocks = [kind for message in body["messages"] for block in message["content"] for kind in block]
    if config is None:
        if {"toolUse", "toolResult"} & set(blocks):
            yield "The toolConfig field must be defined when using toolUse and toolResult content blocks."
        return
    names = [tool["toolSpec"]["name"] for tool in config["tools"] if "toolSpec" in tool]
    if len(set(names)) < len(names):
        yield "two tools of one name"
    for tool in config["tools"]:
        spec = tool.get("toolSpec")
        if spec and spec["inputSchema"]["json"].get("type") != "object":
            yield f"the schema of {spec['name']} must be of type object"
    choice = config.get("toolChoice", {"auto": {}})
    if len(choice) != 1:
        yield "a toolChoice that is none"
    if "auto" not in choice and not any(maker in model for maker in _CHOOSERS):
        yield "This model doesn't support the toolConfig.toolChoice.any field."
    if "tool" in choice and choice["tool"]["name"] not in names:
        yield "a toolChoice that names no tool"


def _about_thinking(body: _Object, model: str) -> Iterator[str]:
    extra = body.get("additionalModelRequestFields") or {}
    inference = body.get("inferenceConfig", {})
    thinking = extra.get("thinking") or {"type": "disabled"}
    if thinking["type"] != "enabled":
        return
    if thinking["budget_tokens"] < 1024 or thinking["budget_tokens"] >= inference.get("maxTokens", 1 << 30):
        yield "`max_tokens` must be greater than `thinking.budget_tokens`."
    if inference.get("temperature", 1) != 1 or "top_k" in extra:
        yield "`temperature` may only be set to 1 when thinking is enabled."
    if "auto" not in body.get("toolConfig", {}).get("toolChoice", {"auto": {}}):
        yield "Thinking may not be enabled when tool_choice forces tool use."
