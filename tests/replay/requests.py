"""What recorded chat requests ask for, read without any of the gateway's code, so that two of them can be compared."""

from typing import Any

_Object = dict[str, Any]
# Where a field that asks for nothing may be absent.
_NOTHING: _Object = {"n": 1, "parallel_tool_calls": True, "stream": False, "temperature": 1}
_LIMITS = ("max_tokens", "max_completion_tokens")
# The gateway's own business: which models, and that usage is told.
_OURS = ("model", "models", "stream_options", *_LIMITS)


def meaning(body: _Object) -> _Object:
    """What a request asks for, whichever of the spellings in use it has."""
    said = {name: value for name, value in body.items() if value is not None and name not in _OURS and value != []}
    said = {name: value for name, value in said.items() if name not in _NOTHING or value != _NOTHING[name]}
    limits = [body[name] for name in _LIMITS if body.get(name) is not None]
    if limits:
        said["limit"] = min(limits)
    ids: dict[str, int] = {}
    said["messages"] = [_message(message, ids) for message in body["messages"]]
    if "tools" in said:
        said["tools"] = [_tool(tool) for tool in said["tools"]]
    if "tool_choice" in said:
        said["tool_choice"] = _choice(said["tool_choice"])
    if isinstance(said.get("response_format"), dict):
        said["response_format"] = _form(said["response_format"])
    return said


def _message(message: _Object, ids: dict[str, int]) -> _Object:
    said = {name: value for name, value in message.items() if value}
    said["role"] = "system" if message["role"] == "developer" else message["role"]
    # One text by two names.
    said.pop("reasoning_content" if said.get("reasoning") == said.get("reasoning_content") else "", None)
    if "content" in said:
        said["content"] = _content(said["content"])
    if "tool_calls" in said:
        said["tool_calls"] = [
            (ids.setdefault(call["id"], len(ids)), call["function"]["name"], call["function"]["arguments"])
            for call in said["tool_calls"]
        ]
    if "tool_call_id" in said:
        said["tool_call_id"] = ids.setdefault(said["tool_call_id"], len(ids))
    return said


def _content(content: Any) -> Any:
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return [{name: value for name, value in part.items() if value is not None} for part in parts]


def _tool(tool: _Object) -> _Object:
    if "function" not in tool:
        return tool
    function = {name: value for name, value in tool["function"].items() if value not in (None, "", False)}
    return {**tool, "function": function}


def _choice(choice: Any) -> Any:
    if isinstance(choice, dict):
        return choice["function"]["name"]
    return "required" if choice == "any" else choice


def _form(form: _Object) -> _Object:
    flat = {"type": "json_schema", **form["json_schema"]} if "json_schema" in form else form
    return {name: value for name, value in flat.items() if value not in (None, False)}
