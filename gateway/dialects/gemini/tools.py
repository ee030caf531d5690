"""Writes tools and the choice between them: function declarations, and the tools that Google runs itself."""

from dataclasses import dataclass, field
from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.tool_choice import choose
from gateway.dialects.conversation.toolbox import Offer, Toolbox
from gateway.dialects.conversation.tools import chat_tools
from gateway.dialects.gemini.identity import LONGEST_NAME, to_wire
from gateway.dialects.gemini.schema import subset
from gateway.dialects.profiles import Facts

Tool = dict[str, Any]

# OpenAI's names of hosted tools, dated ones by their beginning, and Gemini's own.
_HOSTED = {
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
# What they may say of themselves and the answer is of the same kind without it.
_HARMLESS = ("search_context_size", "user_location", "ranking_options")
_SEARCHES = "web_search_options"


@dataclass(slots=True)
class Tooling:
    """What a request says of tools. `functions` are those shown, by their flat names."""

    tools: list[Tool] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    functions: dict[str, Tool] = field(default_factory=dict)


class ToolWriter:
    """Writes the tools of one request for one upstream. What it cannot be given is refused where it stands."""

    def __init__(self, toolbox: Toolbox, facts: Facts, report: Report) -> None:
        self._toolbox = toolbox
        self._facts = facts
        self._report = report

    def write(self, offered: list[Offer], choice: Any, settings: dict[str, Any]) -> Tooling:
        """The tools and the choice between them. Takes `web_search_options` out of the settings."""
        hosted: dict[str, Tool] = {}
        others: list[Offer] = []
        for offer in offered:
            name = _hosted(offer)
            if name is None:
                others.append(offer)
            else:
                hosted[name] = self._hosted_tool(name, offer)
        if settings.pop(_SEARCHES, None) is not None:
            hosted.setdefault("googleSearch", {})
        functions = chat_tools(others, self._toolbox, self._facts, self._report)
        if choice == "none":
            hosted = {}
        if choice == "required" and hosted and not functions:
            raise self._report.unsupported("a required call of tools that it runs itself", "tool_choice")
        functions, chosen = choose(choice, functions, self._toolbox, self._facts, self._report)
        return self._together(hosted, functions, chosen)

    def _together(self, hosted: dict[str, Tool], functions: dict[str, Tool], chosen: Any) -> Tooling:
        if hosted and functions and not self._facts.takes_hosted_with_tools:
            if not self._facts.drops_hosted_tools:
                raise self._report.unsupported("tools that it runs itself together with functions", "tools")
            self._report.leave_out("tools")
            hosted = {}
        tooling = Tooling([{name: given} for name, given in hosted.items()], functions=functions)
        if functions:
            declared = [self._declared(name, tool["function"]) for name, tool in functions.items()]
            tooling.tools.append({"functionDeclarations": declared})
            if config := _calling(chosen):
                tooling.config["functionCallingConfig"] = config
            if hosted and self._facts.tells_hosted_calls:
                tooling.config["includeServerSideToolInvocations"] = True
        return tooling

    def _declared(self, name: str, function: dict[str, Any]) -> Tool:
        if len(to_wire(name)) > LONGEST_NAME:
            why = f"tools with names of {LONGEST_NAME} characters that begin with a digit or a dash"
            raise self._report.unsupported(why, "tools")
        declared: Tool = {"name": to_wire(name)}
        description = function.get("description")
        if isinstance(description, str) and description:
            declared["description"] = description
        parameters = function.get("parameters")
        if isinstance(parameters, dict) and parameters:
            if self._facts.takes_json_schema:
                declared["parametersJsonSchema"] = parameters
            elif (written := subset(parameters)).get("properties"):
                # An object without properties is refused in `parameters`.
                declared["parameters"] = written
        return declared

    def _hosted_tool(self, name: str, offer: Offer) -> Tool:
        given = {key: value for key, value in offer.tool.items() if key != "type" and value is not None}
        if name == "fileSearch":
            return self._file_search(given, offer.path)
        for key, value in given.items():
            if key in _HARMLESS:
                self._report.leave_out(f"{offer.path}.{key}")
            elif not _is_plain(key, value):
                raise self._report.unsupported(f"{key!r} of such a tool", f"{offer.path}.{key}")
        return {}

    def _file_search(self, given: dict[str, Any], path: str) -> Tool:
        stores = given.get("vector_store_ids")
        names = stores if isinstance(stores, list) else []
        if not names or not all(isinstance(one, str) and one.startswith(_STORES) for one in names):
            raise self._report.unsupported("vector stores that are not its own", f"{path}.vector_store_ids")
        if given.get("filters"):
            raise self._report.unsupported("filters of a file search", f"{path}.filters")
        most = given.get("max_num_results")
        return {"fileSearchStoreNames": names, **({"topK": most} if most is not None else {})}


def _hosted(offer: Offer) -> str | None:
    kind = offer.tool.get("type") if isinstance(offer.tool, dict) else None
    if not isinstance(kind, str):
        return None
    return "googleSearch" if kind.startswith(_DATED) else _HOSTED.get(kind)


def _is_plain(key: str, value: Any) -> bool:
    """Whether a setting of a hosted tool asks for nothing beyond the tool itself."""
    match key, value:
        case "container", "auto" | {"type": "auto"}:
            return not (isinstance(value, dict) and value.get("file_ids"))
        case "filters", dict():
            return not any(value.values())
        case _:
            return False


def _calling(chosen: Any) -> dict[str, Any]:
    """The choice in Gemini's words; nothing for none."""
    match chosen:
        case "auto":
            return {"mode": "AUTO"}
        case "none":
            return {"mode": "NONE"}
        case "required":
            return {"mode": "ANY"}
        case {"type": "function", "function": {"name": str() as name}}:
            return {"mode": "ANY", "allowedFunctionNames": [to_wire(name)]}
        case _:
            return {}
