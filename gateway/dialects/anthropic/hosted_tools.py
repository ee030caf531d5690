"""Tools that Anthropic runs: in a request, and their calls in an answer as items."""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import partial

import orjson

from gateway.dialects.anthropic.types import Tool
from gateway.dialects.report import Report
from gateway.dialects.turns.containers import container_options
from gateway.neutral.events import Event, ItemBegan, ItemEnded, ItemProgress
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_none,
    object_or_empty,
    object_or_none,
    objects_in,
    text_or_empty,
    text_or_none,
)
from gateway.neutral.paths import field_path
from gateway.neutral.tools import HostedTool

# Anthropic's types end with the day of their version.
_NATIVE = re.compile(r"(?P<name>[a-z0-9_]+)_20\d{6}")
_SEARCHES = ("web_search", "web_search_2025_08_26", "web_search_preview", "web_search_preview_2025_03_11")
_LOCATION = ("city", "region", "country", "timezone")
# The versions that every model with such a tool has (shared facts on providers, section 4).
_SEARCH: JsonObject = {"type": "web_search_20250305", "name": "web_search"}
_CODE: JsonObject = {"type": "code_execution_20250825", "name": "code_execution"}
# The names of the betas that some of them need.
_BETAS = {"code_execution_20250825": "code-execution-2025-08-25"}
_CODE_CALLS = ("code_execution", "bash_code_execution", "text_editor_code_execution")
# What happens to an item before and after it is done, by its type (shared facts on the Responses API, section A2).
_BEFORE = {"web_search_call": ("in_progress", "searching"), "code_interpreter_call": ("in_progress", "interpreting")}


def hosted_tool(tool: HostedTool, report: Report) -> JsonObject | None:
    """The tool as Anthropic has it; None for one that it does not have. Raises `InvalidRequest`."""
    kind, body = tool.kind, tool.body
    if kind is None:
        return None
    native = _NATIVE.fullmatch(kind)
    if native:
        name = text_or_none(body.get("name"))
        known: JsonObject = {key: value for key, value in body.items() if value is not None}
        known["name"] = native["name"] if name is None else name
        return known
    if kind in _SEARCHES:
        return web_search_tool(body, partial(field_path, tool.path), report)
    if kind == "code_interpreter" and container_options(body.get("container")) == {}:
        return dict(_CODE)
    return None


def web_search_tool(given: JsonObject, path_of: Callable[[str], str], report: Report) -> JsonObject:
    """A search of the web. How much of it is read cannot be set. `path_of` gives the path of one of its fields."""
    tool = dict(_SEARCH)
    if given.get("external_web_access") is False:
        raise report.unsupported("searches that stay off the web", path_of("external_web_access"))
    if given.get("search_context_size"):
        report.drop(path_of("search_context_size"))
    if (most := given.get("max_uses")) is not None:
        # OpenAI has no such field; Anthropic's clients know it.
        tool["max_uses"] = most
    filters = object_or_empty(given.get("filters"))
    for name in ("allowed_domains", "blocked_domains"):
        if filters.get(name):
            tool[name] = filters[name]
    location = object_or_none(given.get("user_location"))
    if location is not None:
        # Chat nests it under its type.
        nested = object_or_none(location.get("approximate"))
        known = location if nested is None else nested
        tool["user_location"] = {"type": "approximate", **{name: known[name] for name in _LOCATION if known.get(name)}}
    return tool


def betas(tools: Iterable[Tool]) -> list[str]:
    """The betas that a request with these tools needs, each once."""
    kinds = {text_or_empty(tool.get("type")) for tool in tools}
    return [beta for kind, beta in _BETAS.items() if kind in kinds]


def is_server_call(kind: Json) -> bool:
    """Whether a block is a call of a tool that Anthropic, or a server that it calls, runs."""
    return kind in ("server_tool_use", "mcp_tool_use")


def is_server_result(kind: str) -> bool:
    """Whether a block is the result of such a call."""
    return kind.endswith("_tool_result")


class ServerCalls:
    """The calls of one answer, of which one is open at most."""

    def __init__(self) -> None:
        self._item: JsonObject | None = None
        self._id: Json = None

    def begin(self, block: JsonObject) -> list[Event]:
        """A call whose input is complete."""
        self._id, self._item = block.get("id"), _item(block)
        if self._item is None:
            return []
        return [ItemBegan({**self._item, "status": "in_progress"}), *_progress(self._item, _BEFORE)]

    def end(self, result: JsonObject | None = None) -> list[Event]:
        """The call is over, with this result or without one. Nothing where no call is open."""
        item = self._item
        self._item = None
        if item is None:
            return []
        if result is not None and result.get("tool_use_id") == self._id:
            _add_result(item, result)
        done = {kind: ("completed",) for kind in _BEFORE if item["status"] == "completed"}
        return [*_progress(item, done), ItemEnded(item)]


def _progress(item: JsonObject, steps: Mapping[str, tuple[str, ...]]) -> list[Event]:
    kind = text_or_empty(item["type"])
    return [
        ItemProgress({"type": f"response.{kind}.{step}", "item_id": "", "output_index": 0})
        for step in steps.get(kind, ())
    ]


def _item(block: JsonObject) -> JsonObject | None:
    """The item for a call; None for a tool that no item is known for."""
    name, given = block.get("name"), object_or_empty(block.get("input"))
    if block.get("type") == "mcp_tool_use":
        call: JsonObject = {"server_label": str(block.get("server_name")), "name": str(name)}
        return _completed("mcp_call", {**call, "arguments": orjson.dumps(given).decode(), "output": None})
    if name == "web_search":
        query = str(given.get("query", ""))
        return _completed("web_search_call", {"action": {"type": "search", "query": query, "queries": [query]}})
    if name == "web_fetch":
        return _completed("web_search_call", {"action": {"type": "open_page", "url": str(given.get("url", ""))}})
    if name in _CODE_CALLS:
        return _completed("code_interpreter_call", {"container_id": "", "code": _code(given), "outputs": []})
    if text_or_empty(name).startswith("tool_search_tool"):
        return _completed("tool_search_call", {"call_id": None, "execution": "server", "arguments": given})
    return None


def _completed(kind: str, fields: JsonObject) -> JsonObject:
    return {"type": kind, "status": "completed", **fields}


def _code(given: JsonObject) -> str:
    """What was run: a program, a command, or what was done to a file."""
    for name in ("code", "command"):
        code = text_or_none(given.get(name))
        if code is not None and "path" not in given:
            return code
    return orjson.dumps(given).decode()


def _add_result(item: JsonObject, result: JsonObject) -> None:
    """Add the result of the call, as far as its item has a place for it."""
    content = result.get("content")
    inner = object_or_empty(content)
    if str(inner.get("type", "")).endswith("_error") or result.get("is_error") is True:
        item["status"] = "failed"
    match item["type"]:
        case "web_search_call":
            action = object_or_empty(item["action"])
            if list_or_none(content) is not None and action["type"] == "search":
                found = (text_or_none(entry.get("url")) for entry in objects_in(content))
                sources: list[Json] = [{"type": "url", "url": url} for url in found if url is not None]
                item["action"] = {**action, "sources": sources}
        case "code_interpreter_call":
            logs = text_or_empty(inner.get("stdout")) + text_or_empty(inner.get("stderr"))
            item["outputs"] = [{"type": "logs", "logs": logs}] if logs else []
        case "mcp_call":
            texts = [text_or_empty(part.get("text")) for part in objects_in(content)]
            item["output"] = content if isinstance(content, str) else "\n".join(filter(None, texts))
