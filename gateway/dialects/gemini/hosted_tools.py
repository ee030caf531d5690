"""The tools that Google runs itself: requested by a prompt, and reported in an answer as items of the Responses API."""

from collections.abc import Callable

from gateway.dialects.gemini.types import FileSearch, HostedToolName, Tool
from gateway.dialects.report import Report
from gateway.dialects.turns.containers import container_options
from gateway.neutral.events import Event, ItemBegan, ItemEnded, ReasoningState
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_none,
    object_or_empty,
    object_or_none,
    text_or_empty,
    text_or_none,
    texts_in,
)
from gateway.neutral.paths import field_path

# OpenAI's names of hosted tools, dated ones by their beginning, and Gemini's own.
_NAMES: dict[str, HostedToolName] = {
    "web_search": "googleSearch",
    "web_search_preview": "googleSearch",
    "google_search": "googleSearch",
    "code_interpreter": "codeExecution",
    "code_execution": "codeExecution",
    "url_context": "urlContext",
    "file_search": "fileSearch",
}
_DATED = ("web_search_", "web_search_preview_")
_STORES = "fileSearchStores/"
# Options without which the answer is of the same kind.
_DISPENSABLE = ("search_context_size", "user_location", "ranking_options")
_OF_FILE_SEARCHES = ("vector_store_ids", "max_num_results")
_NO_NETWORK = {"type": "disabled"}

PART_NAMES = frozenset(("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "inlineData"))
"""The parts of an answer that `HostedItems` reads."""
CODE_OUTPUTS = "code_interpreter_call.outputs"
"""By which a client includes what its code has written."""
_SUCCESS = ("OUTCOME_OK", 1)
_SEARCHES = ("GOOGLE_SEARCH_WEB", "GOOGLE_SEARCH_IMAGE")


def hosted_tool_name(kind: str | None) -> HostedToolName | None:
    """Gemini's name of a hosted tool; None for one that Google does not run."""
    if kind is None:
        return None
    return "googleSearch" if kind.startswith(_DATED) else _NAMES.get(kind)


class HostedToolWriter:
    """Writes hosted tools."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def write(self, name: HostedToolName, given: JsonObject, path_of: Callable[[str], str]) -> Tool:
        """The tool of this name. `path_of` gives the path of one of its fields.

        Raises `InvalidRequest` for options that Gemini has not.
        """
        options: JsonObject = {key: value for key, value in given.items() if key != "type" and value is not None}
        known = _OF_FILE_SEARCHES if name == "fileSearch" else ()
        for key, value in options.items():
            if key in known:
                continue
            if key in _DISPENSABLE:
                self._report.drop(path_of(key))
            elif key == "container":
                self._container(value, path_of(key))
            elif not _is_default(key, value):
                raise self._report.unsupported(f"{key!r} of such a tool", path_of(key))
        match name:
            case "fileSearch":
                return {"fileSearch": self._file_search(options, path_of)}
            case "googleSearch":
                return {"googleSearch": {}}
            case "codeExecution":
                return {"codeExecution": {}}
            case "urlContext":
                return {"urlContext": {}}

    def _container(self, container: Json, path: str) -> None:
        """Report or refuse what is requested of the container, which Gemini makes as it is."""
        options = container_options(container)
        if options is None:
            raise self._report.unsupported("containers that are there already", path)
        for key, value in options.items():
            # Its containers reach no network.
            if key != "memory_limit" and not (key == "network_policy" and value == _NO_NETWORK):
                raise self._report.unsupported(f"{key!r} of a container", field_path(path, key))
            self._report.drop(field_path(path, key))

    def _file_search(self, options: JsonObject, path_of: Callable[[str], str]) -> FileSearch:
        stores = list_or_none(options.get("vector_store_ids"))
        if not stores or not all(isinstance(one, str) and one.startswith(_STORES) for one in stores):
            raise self._report.unsupported("vector stores that are not its own", path_of("vector_store_ids"))
        search: FileSearch = {"fileSearchStoreNames": stores}
        if "max_num_results" in options:
            search["topK"] = options["max_num_results"]
        return search


def _is_default(key: str, value: Json) -> bool:
    """Whether an option requests nothing beyond the tool itself."""
    options = object_or_none(value)
    if key == "external_web_access":
        return value is True
    return key == "filters" and options is not None and not any(options.values())


class HostedItems:
    """The items of one choice of an answer. Parts that Gemini takes back become a state behind their item."""

    def __init__(self, choice: int, *, with_outputs: bool) -> None:
        self._with_outputs = with_outputs
        self._choice = choice
        self._open: JsonObject | None = None
        self._parts: list[Json] = []
        self.has_searched = False

    def read(self, part: JsonObject) -> list[Event]:
        """The events of a part that is neither text nor call; nothing for what no client has a type for."""
        if (code := object_or_none(part.get("executableCode"))) is not None:
            return [*self.close(), *self._begin_code(part, code)]
        if (result := object_or_none(part.get("codeExecutionResult"))) is not None:
            return self._end_code(part, result)
        if (call := object_or_none(part.get("toolCall"))) is not None:
            return [*self.close(), *self._begin_call(part, call)]
        if object_or_none(part.get("toolResponse")) is not None:
            self._parts.append(part)
            return self.close()
        blob = object_or_empty(part.get("inlineData"))
        kind, data = text_or_empty(blob.get("mimeType")), text_or_none(blob.get("data"))
        if data is not None and kind.startswith("image/"):
            return [*self.close(), *_image_events(kind, data)]
        return []

    def close(self, status: str = "completed") -> list[Event]:
        """End the open item, and emit what Gemini takes back of it."""
        events: list[Event] = []
        if self._open is not None:
            events.append(ItemEnded({**self._open, "status": status}))
            self._open = None
        if self._parts:
            events.append(ReasoningState({"parts": self._parts}, self._choice))
            self._parts = []
        return events

    def _begin_code(self, part: JsonObject, code: JsonObject) -> list[Event]:
        self._parts.append(part)
        item: JsonObject = {"type": "code_interpreter_call", "status": "in_progress", "container_id": ""}
        self._open = {**item, "outputs": None, "code": text_or_empty(code.get("code"))}
        return [ItemBegan(dict(self._open))]

    def _end_code(self, part: JsonObject, result: JsonObject) -> list[Event]:
        self._parts.append(part)
        logs = text_or_none(result.get("output"))
        if self._open is not None and self._with_outputs and logs is not None:
            self._open["outputs"] = [{"type": "logs", "logs": logs}]
        return self.close("completed" if result.get("outcome") in _SUCCESS else "failed")

    def _begin_call(self, part: JsonObject, call: JsonObject) -> list[Event]:
        self._parts.append(part)
        if call.get("toolType") not in _SEARCHES:
            return []
        self.has_searched = True
        self._open = search_item(texts_in(object_or_empty(call.get("args")).get("queries")))
        return [ItemBegan({**self._open, "status": "in_progress"})]


def search_item(queries: list[str]) -> JsonObject:
    """A search of the web."""
    action: JsonObject = {"type": "search", "query": queries[0] if queries else "", "queries": [*queries]}
    return {"type": "web_search_call", "status": "completed", "action": action}


def _image_events(kind: str, data: str) -> list[Event]:
    item: JsonObject = {"type": "image_generation_call", "output_format": kind.removeprefix("image/")}
    return [
        ItemBegan({**item, "status": "in_progress", "result": None}),
        ItemEnded({**item, "status": "completed", "result": data}),
    ]
