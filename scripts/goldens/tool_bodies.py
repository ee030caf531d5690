"""Bodies with tools of every kind, and every choice among them."""

from collections.abc import Iterator
from typing import Any

from scripts.goldens.cases import Case
from scripts.goldens.schemas_asked import SCHEMAS
from scripts.goldens.targets import EVERY, FEW, chat, responses

_PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_LARK = {"type": "grammar", "syntax": "lark", "definition": 'start: "a"'}
_NESTED = {"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+"}}
FUNCTION = {"name": "look", "description": "Looks.", "parameters": _PLACE}
_WEB = {
    "filters": {"allowed_domains": ["example.com"], "blocked_domains": ["example.org"]},
    "user_location": {"type": "approximate", "city": "Oslo", "country": "NO"},
    "search_context_size": "low",
}
_MCP = {"type": "mcp", "server_label": "m", "server_url": "https://example.com/mcp"}
_NAMES = ("ns.look", "1st", "-x", "ä ö", "x" * 70, "answer_in_form", "_", "a b", "final_answer", "X" * 64)
_FLAT: dict[str, dict[str, Any]] = {
    "function": {"type": "function", **FUNCTION},
    "strict": {"type": "function", **FUNCTION, "strict": True},
    "bare": {"type": "function", "name": "look"},
    "without parameters": {"type": "function", "name": "look", "parameters": None, "description": ""},
    "odd parameters": {"type": "function", "name": "look", "parameters": {"city": "text"}},
    "list parameters": {"type": "function", "name": "look", "parameters": {"type": "array"}},
    "custom": {"type": "custom", "name": "patch", "description": "Takes a patch."},
    "custom text": {"type": "custom", "name": "patch", "format": {"type": "text"}},
    "custom lark": {"type": "custom", "name": "patch", "format": _LARK},
    "custom regex": {"type": "custom", "name": "patch", "description": "It.", "format": _NESTED},
    "deferred": {"type": "function", **FUNCTION, "defer_loading": True},
    "marked": {"type": "function", **FUNCTION, "cache_control": {"type": "ephemeral"}},
    "examples": {"type": "function", **FUNCTION, "input_examples": [{"city": "Oslo"}]},
    "namespace": {
        "type": "namespace",
        "name": "maps",
        "description": "Maps.",
        "tools": [{"type": "function", **FUNCTION}, {"type": "custom", "name": "draw"}],
    },
    "web": {"type": "web_search"},
    "web full": {"type": "web_search", **_WEB},
    "web nested": {"type": "web_search", "user_location": {"type": "approximate", "approximate": {"city": "Oslo"}}},
    "web offline": {"type": "web_search", "external_web_access": False},
    "web preview": {"type": "web_search_preview", "search_context_size": "high"},
    "web dated": {"type": "web_search_2025_08_26"},
    "file search": {"type": "file_search", "vector_store_ids": ["vs_1"]},
    "file search full": {
        "type": "file_search",
        "vector_store_ids": ["fileSearchStores/1"],
        "max_num_results": 3,
        "filters": {"type": "eq", "key": "a", "value": "b"},
    },
    "code": {"type": "code_interpreter", "container": {"type": "auto"}},
    "code container": {"type": "code_interpreter", "container": "cntr_1"},
    "code files": {"type": "code_interpreter", "container": {"type": "auto", "file_ids": ["file-1"]}},
    "image": {"type": "image_generation", "size": "1024x1024"},
    "mcp": _MCP,
    "mcp full": {
        **_MCP,
        "require_approval": "never",
        "allowed_tools": ["a"],
        "headers": {"x": "y"},
        "authorization": "token",
    },
    "mcp connector": {"type": "mcp", "server_label": "m", "connector_id": "connector_gmail"},
    "computer": {"type": "computer_use_preview", "display_width": 10, "display_height": 10, "environment": "browser"},
    "computer new": {"type": "computer"},
    "local shell": {"type": "local_shell"},
    "shell": {"type": "shell"},
    "apply patch": {"type": "apply_patch"},
    "tool search": {"type": "tool_search"},
    "programmatic": {"type": "programmatic_tool_calling"},
    "anthropic web": {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
    "anthropic code": {"type": "code_execution_20250522"},
    "anthropic search": {"type": "tool_search_tool_regex_20251119", "name": "tool_search_tool_regex"},
    "gemini search": {"type": "google_search"},
    "gemini maps": {"type": "google_maps"},
    "gemini url": {"type": "url_context"},
    "nova grounding": {"type": "nova_grounding"},
    "unknown": {"type": "yet_to_come"},
    **{f"named {name[:9]}{len(name)}": {"type": "function", "name": name} for name in _NAMES},
    **{
        f"schema {name}": {"type": "function", "name": "look", "parameters": schema} for name, schema in SCHEMAS.items()
    },
    **{
        f"strict schema {name}": {"type": "function", "name": "look", "parameters": schema, "strict": True}
        for name, schema in SCHEMAS.items()
    },
}
_PAIR = [{"type": "function", **FUNCTION}, {"type": "custom", "name": "patch"}]
_ALLOWED = [{"type": "function", "name": "look"}]
_CHOICES: dict[str, Any] = {
    "none": "none",
    "auto": "auto",
    "required": "required",
    "any": "any",
    "odd": "odd",
    "named": {"type": "function", "name": "look"},
    "named custom": {"type": "custom", "name": "patch"},
    "named lost": {"type": "function", "name": "lost"},
    "named nobody": {"type": "function"},
    "allowed auto": {"type": "allowed_tools", "mode": "auto", "tools": _ALLOWED},
    "allowed required": {"type": "allowed_tools", "mode": "required", "tools": _ALLOWED},
    "allowed custom": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "custom", "name": "patch"}]},
    "allowed lost": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "lost"}]},
    "allowed none": {"type": "allowed_tools", "mode": "required", "tools": []},
    "allowed none auto": {"type": "allowed_tools", "mode": "auto", "tools": []},
    "allowed odd": {"type": "allowed_tools", "mode": "odd", "tools": _ALLOWED},
    "allowed hosted": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "web_search"}]},
    "allowed namespace": {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "namespace", "name": "maps"}]},
    "namespace": {"type": "namespace", "name": "maps"},
    "within namespace": {"type": "function", "name": "look", "namespace": "maps"},
    "web": {"type": "web_search"},
    "web preview": {"type": "web_search_preview"},
    "mcp": {"type": "mcp", "server_label": "m"},
    "mcp tool": {"type": "mcp", "server_label": "m", "name": "a"},
    "code": {"type": "code_interpreter"},
    "unknown": {"type": "yet_to_come"},
    "empty": {},
}
_SETS: dict[str, list[Any]] = {
    "pair": _PAIR,
    "one": _PAIR[:1],
    "hosted": [_FLAT["web"], *_PAIR],
    "only hosted": [_FLAT["web"], _FLAT["code"], _MCP],
    "spaced": [_FLAT["namespace"], _FLAT["function"]],
    "nothing": [],
}
_FOR_EVERY = ("pair", "hosted")


def tool_cases() -> Iterator[Case]:
    """Every case about tools."""
    single = {name: {"tools": [tool]} for name, tool in _FLAT.items()}
    others = {f"{name} and one": tool for name, tool in _FLAT.items() if tool["type"] != "function"}
    yield from responses(
        "response-tool", {**single, **{name: {"tools": [tool, _PAIR[0]]} for name, tool in others.items()}}
    )
    nested = {name: {"tools": [_nested(tool)]} for name, tool in _FLAT.items()}
    mixed = {name: {"tools": [_nested(tool), _nested(_FLAT["function"])]} for name, tool in others.items()}
    of_schemas = {name: body for name, body in nested.items() if "schema" in name}
    bodies = {name: body for name, body in nested.items() if name not in of_schemas}
    yield from chat("chat-tool", {**bodies, **mixed, **_chat_only()})
    yield from chat("chat-tool", of_schemas, FEW)
    for kind, tools in _SETS.items():
        chosen = {f"{kind} {name}": {"tools": tools, "tool_choice": choice} for name, choice in _CHOICES.items()}
        chosen[f"{kind} not parallel"] = {"tools": tools, "parallel_tool_calls": False}
        chosen[f"{kind} required while reasoning"] = {
            "tools": tools,
            "tool_choice": "required",
            "reasoning": {"effort": "high"},
        }
        targets = EVERY if kind in _FOR_EVERY else FEW
        yield from responses("response-choice", chosen, targets)
        yield from chat("chat-choice", {name: _chosen(body) for name, body in chosen.items()}, targets)


def _chat_only() -> dict[str, dict[str, Any]]:
    functions = [FUNCTION]
    return {
        "functions": {"functions": functions},
        "functions auto": {"functions": functions, "function_call": "auto"},
        "functions none": {"functions": functions, "function_call": "none"},
        "functions named": {"functions": functions, "function_call": {"name": "look"}},
        "functions lost": {"functions": functions, "function_call": {"name": "lost"}},
        "functions marked": {"functions": [{**FUNCTION, "extra": 1}]},
        "twice": {"tools": [_nested(_FLAT["function"]), _nested(_FLAT["function"])]},
    }


def _nested(tool: dict[str, Any]) -> dict[str, Any]:
    """A tool as chat has it: what belongs to it stands under the name of its kind."""
    kind = tool["type"]
    if kind not in ("function", "custom"):
        return tool
    outer = {name: tool[name] for name in ("cache_control", "defer_loading", "input_examples") if name in tool}
    return {"type": kind, kind: {name: value for name, value in tool.items() if name not in ("type", *outer)}, **outer}


def _chosen(body: dict[str, Any]) -> dict[str, Any]:
    chosen: dict[str, Any] = {**body, "tools": [_nested(tool) for tool in body["tools"]]}
    if reasoning := chosen.pop("reasoning", None):
        chosen["reasoning_effort"] = reasoning["effort"]
    choice = chosen.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") == "allowed_tools":
        nested = {"mode": choice["mode"], "tools": [_nested(tool) for tool in choice["tools"]]}
        chosen["tool_choice"] = {"type": "allowed_tools", "allowed_tools": nested}
    elif isinstance(choice, dict) and choice.get("type") in ("function", "custom"):
        chosen["tool_choice"] = _nested(choice)
    return chosen
