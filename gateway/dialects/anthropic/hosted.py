"""Tells of the tools that Anthropic ran itself as items: searches of the web, pages read, code run, tools looked up."""

from collections.abc import Mapping
from typing import Any

import orjson

from gateway.events import Event, ItemBegan, ItemEnded, ItemProgress

_Object = dict[str, Any]

_CODE = ("code_execution", "bash_code_execution", "text_editor_code_execution")
# What happens to an item before and after it is done, by its type (shared facts on the Responses API, section A2).
_BEFORE = {"web_search_call": ("in_progress", "searching"), "code_interpreter_call": ("in_progress", "interpreting")}


def is_use(kind: Any) -> bool:
    """Whether a block is the call of a tool that Anthropic, or a server that it asks, runs."""
    return kind in ("server_tool_use", "mcp_tool_use")


def is_result(kind: Any) -> bool:
    """Whether a block is what such a tool gave back."""
    return isinstance(kind, str) and kind.endswith("_tool_result")


class HostedCalls:
    """The calls of one answer, of which one is open at most."""

    def __init__(self) -> None:
        self._item: _Object | None = None
        self._id: Any = None

    def begin(self, block: _Object) -> list[Event]:
        """A call whose input is complete."""
        self._id, self._item = block.get("id"), _item(block)
        if self._item is None:
            return []
        return [ItemBegan({**self._item, "status": "in_progress"}), *self._progress(_BEFORE)]

    def end(self, result: _Object | None = None) -> list[Event]:
        """The call is over: with this result, or with none that was told. Nothing where no call is open."""
        item = self._item
        self._item = None
        if item is None:
            return []
        if result is not None and result.get("tool_use_id") == self._id:
            _add_result(item, result)
        done = {kind: (item["status"],) for kind in _BEFORE if item["status"] == "completed"}
        return [*_told(item, done), ItemEnded(item)]

    def _progress(self, steps: Mapping[str, tuple[str, ...]]) -> list[Event]:
        return _told(self._item or {}, steps)


def _told(item: _Object, steps: Mapping[str, tuple[str, ...]]) -> list[Event]:
    kind = item.get("type", "")
    place = {"item_id": "", "output_index": 0}
    return [ItemProgress({"type": f"response.{kind}.{step}", **place}) for step in steps.get(kind, ())]


def _item(block: _Object) -> _Object | None:
    """The item for a call; None for a tool that no item is known for."""
    name, given = block.get("name"), block.get("input")
    given = given if isinstance(given, dict) else {}
    if block.get("type") == "mcp_tool_use":
        label, arguments = str(block.get("server_name")), orjson.dumps(given).decode()
        return _completed("mcp_call", server_label=label, name=str(name), arguments=arguments, output=None)
    if name == "web_search":
        query = str(given.get("query", ""))
        return _completed("web_search_call", action={"type": "search", "query": query, "queries": [query]})
    if name == "web_fetch":
        return _completed("web_search_call", action={"type": "open_page", "url": str(given.get("url", ""))})
    if name in _CODE:
        return _completed("code_interpreter_call", container_id=None, code=_code(given), outputs=[])
    if isinstance(name, str) and name.startswith("tool_search_tool"):
        return _completed("tool_search_call", call_id=None, execution="server", arguments=given)
    return None


def _completed(kind: str, **fields: Any) -> _Object:
    return {"type": kind, "status": "completed", **fields}


def _code(given: _Object) -> str:
    """What was run: a program, a command, or what was done to a file."""
    for name in ("code", "command"):
        if isinstance(given.get(name), str) and "path" not in given:
            return str(given[name])
    return orjson.dumps(given).decode()


def _add_result(item: _Object, result: _Object) -> None:
    """Add what the call gave back, as far as its item has a place for it."""
    content = result.get("content")
    inner: _Object = content if isinstance(content, dict) else {}
    if str(inner.get("type", "")).endswith("_error") or result.get("is_error") is True:
        item["status"] = "failed"
    match item["type"]:
        case "web_search_call" if isinstance(content, list) and item["action"]["type"] == "search":
            found = [entry["url"] for entry in content if isinstance(entry, dict) and isinstance(entry.get("url"), str)]
            item["action"] = {**item["action"], "sources": [{"type": "url", "url": url} for url in found]}
        case "code_interpreter_call":
            logs = [inner[name] for name in ("stdout", "stderr") if isinstance(inner.get(name), str) and inner[name]]
            item["outputs"] = [{"type": "logs", "logs": "".join(logs)}] if logs else []
        case "mcp_call":
            texts = (
                [part.get("text") for part in content if isinstance(part, dict)] if isinstance(content, list) else []
            )
            item["output"] = content if isinstance(content, str) else "\n".join(filter(None, map(_text, texts)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
