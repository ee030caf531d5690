"""What Gemini ran or drew itself, told as items of the Responses API."""

from typing import Any

from gateway.events import Event, ItemBegan, ItemEnded, ReasoningState

Part = dict[str, Any]
_OUTPUTS = "code_interpreter_call.outputs"
_FINE = "OUTCOME_OK"
_SEARCHES = ("GOOGLE_SEARCH_WEB", "GOOGLE_SEARCH_IMAGE")
NAMES = ("executableCode", "codeExecutionResult", "toolCall", "toolResponse", "inlineData")


class Hosted:
    """The items of one choice of an answer. Parts that Gemini wants back are told as a state behind their item."""

    def __init__(self, asked: dict[str, Any], choice: int) -> None:
        included = asked.get("include")
        self._with_outputs = isinstance(included, list) and _OUTPUTS in included
        self._choice = choice
        self._open: dict[str, Any] | None = None
        self._parts: list[Part] = []
        self.has_searched = False

    def take(self, part: Part) -> list[Event]:
        """The events of a part that is neither text nor call; nothing for what no client can be told."""
        match part:
            case {"executableCode": dict() as code}:
                return [*self.close(), *self._run(part, code)]
            case {"codeExecutionResult": dict() as result}:
                return self._ran(part, result)
            case {"toolCall": dict() as call}:
                return [*self.close(), *self._called(part, call)]
            case {"toolResponse": dict()}:
                self._parts.append(part)
                return self.close()
            case {"inlineData": {"mimeType": str() as kind, "data": str() as data}} if kind.startswith("image/"):
                return [*self.close(), *_drawn(kind, data)]
            case _:
                return []

    def close(self, status: str = "completed") -> list[Event]:
        """End the open item, and tell what Gemini wants back of it."""
        events: list[Event] = []
        if self._open is not None:
            events.append(ItemEnded({**self._open, "status": status}))
            self._open = None
        if self._parts:
            events.append(ReasoningState({"parts": self._parts}, self._choice))
            self._parts = []
        return events

    def _run(self, part: Part, code: dict[str, Any]) -> list[Event]:
        self._parts.append(part)
        written = code.get("code")
        item = {"type": "code_interpreter_call", "status": "in_progress", "container_id": "", "outputs": None}
        self._open = {**item, "code": written if isinstance(written, str) else ""}
        return [ItemBegan(dict(self._open))]

    def _ran(self, part: Part, result: dict[str, Any]) -> list[Event]:
        self._parts.append(part)
        logs = result.get("output")
        if self._open is not None and self._with_outputs and isinstance(logs, str):
            self._open["outputs"] = [{"type": "logs", "logs": logs}]
        return self.close("completed" if result.get("outcome") in (_FINE, 1) else "failed")

    def _called(self, part: Part, call: dict[str, Any]) -> list[Event]:
        self._parts.append(part)
        if call.get("toolType") not in _SEARCHES:
            return []
        self.has_searched = True
        arguments = call.get("args")
        queries = arguments.get("queries") if isinstance(arguments, dict) else None
        self._open = search_item([query for query in queries or () if isinstance(query, str)])
        return [ItemBegan({**self._open, "status": "in_progress"})]


def search_item(queries: list[str]) -> dict[str, Any]:
    """A search of the web."""
    action = {"type": "search", "query": queries[0] if queries else "", "queries": queries}
    return {"type": "web_search_call", "status": "completed", "action": action}


def _drawn(kind: str, data: str) -> list[Event]:
    item = {"type": "image_generation_call", "output_format": kind.removeprefix("image/")}
    return [
        ItemBegan({**item, "status": "in_progress", "result": None}),
        ItemEnded({**item, "status": "completed", "result": data}),
    ]
