"""Reads a request for a message back as the Responses request that asks for the same, and compares two of them."""

import base64
import json
from typing import Any

from gateway.neutral.generation import Generation
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from tests.unit.generations import Recovered, with_settings, with_states

_Object = dict[str, Any]

_EFFORTS = {1024: "minimal", 2048: "low", 10_000: "medium", 16_384: "high", 32_768: "xhigh"}
_TIERS = {"standard_only": "default", "auto": "auto"}
# Chat's fields that a client of the Responses API may send, too, and Anthropic's own, which travel below them.
_SAME = ("temperature", "top_p", "top_k")
_OWN = ("container", "cache_control")


def generation_of(request: _Object, *, is_stream: bool = False) -> Generation:
    """The Generation behind a request. What only its author could have sent, thinking, is there as if unsealed."""
    body: Any = {"model": "m", "stream": is_stream, "max_output_tokens": request["max_tokens"]}
    body |= {name: request[name] for name in _SAME if name in request}
    items: list[_Object] = []
    system = request.get("system") or []
    if isinstance(system, str):
        body["instructions"] = system
    elif system:
        items.append(_message("system", [_part(block) for block in system]))
    for message in request["messages"]:
        items += _items(message)
    body["input"] = [dict(item) for item in items]
    body |= _tools(request) | _settings(request)
    fields = {name: request[name] for name in _OWN if name in request}
    if request.get("stop_sequences"):
        fields["stop"] = request["stop_sequences"]
    thinking = request.get("thinking") or {}
    if "budget_tokens" in thinking and thinking["budget_tokens"] not in _EFFORTS:
        # OpenAI's efforts cannot say such a number; Anthropic's own words can.
        fields["thinking"] = thinking
    return with_settings(with_states(OpenAIResponsesSurface().read(body), items), fields)


def _settings(request: _Object) -> _Object:
    settings: _Object = {}
    effort = (request.get("output_config") or {}).get("effort")
    budget: Any = (request.get("thinking") or {}).get("budget_tokens")
    effort = effort or _EFFORTS.get(budget)
    if effort:
        settings["reasoning"] = {"effort": effort}
    form = (request.get("output_config") or {}).get("format")
    if form:
        settings["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": form["schema"]}}
    if "metadata" in request:
        settings["user"] = request["metadata"]["user_id"]
    if "service_tier" in request:
        settings["service_tier"] = _TIERS[request["service_tier"]]
    return settings


def _tools(request: _Object) -> _Object:
    if not request.get("tools"):
        return {}
    choice = request.get("tool_choice") or {}
    body: _Object = {"tools": [_tool(tool) for tool in request["tools"]]}
    if choice.get("disable_parallel_tool_use"):
        body["parallel_tool_calls"] = False
    match choice.get("type"):
        case "tool":
            body["tool_choice"] = {"type": "function", "name": choice["name"]}
        case "any":
            body["tool_choice"] = "required"
        case str() as mode:
            body["tool_choice"] = mode
    return body


def _tool(tool: _Object) -> _Object:
    if "input_schema" not in tool:
        return {name: value for name, value in tool.items() if value is not None}
    more = {name: value for name, value in tool.items() if name not in ("input_schema", "strict")}
    return {"type": "function", "parameters": tool["input_schema"], "strict": tool.get("strict", False), **more}


def _items(message: _Object) -> list[_Object]:
    """The items of one message: outputs, calls and thoughts are items of their own."""
    role, content = message["role"], message["content"]
    items: list[_Object] = []
    parts: list[_Object] = []
    states: list[_Object] = []
    for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
        match block["type"]:
            case "tool_use":
                items += [*_flushed(role, parts), *_thought(states)]
                arguments = json.dumps(block["input"])
                call = {"type": "function_call", "call_id": block["id"], "name": block["name"], "arguments": arguments}
                items.append(call)
            case "tool_result":
                items.append(_output(block))
            case "thinking" | "redacted_thinking" | "server_tool_use":
                items += _flushed(role, parts)
                states.append(block)
            case kind if kind.endswith("_tool_result"):
                states.append(block)
            case _:
                items += _thought(states)
                parts.append(_part(block, "output_text" if role == "assistant" else "input_text"))
    return [*items, *_flushed(role, parts), *_thought(states)]


def _flushed(role: str, parts: list[_Object]) -> list[_Object]:
    content = list(parts)
    parts.clear()
    return [_message(role, content)] if content else []


def _thought(states: list[_Object]) -> list[_Object]:
    blocks = list(states)
    states.clear()
    return [Recovered({"type": "reasoning", "summary": []}, {"blocks": blocks})] if blocks else []


def _message(role: str, content: list[_Object]) -> _Object:
    return {"type": "message", "role": role, "content": content}


def _output(block: _Object) -> _Object:
    content = block["content"]
    output = content if isinstance(content, str) else [_part(part) for part in content]
    item = {"type": "function_call_output", "call_id": block["tool_use_id"], "output": output}
    return {**item, "is_error": True} if block.get("is_error") else item


def _part(block: _Object, kind: str = "input_text") -> _Object:
    more = {name: block[name] for name in ("cache_control", "citations") if block.get(name)}
    source = block.get("source") or {}
    match block["type"], source.get("type"):
        case "text", _:
            return {"type": kind, "text": block["text"], **more}
        case "image", "base64":
            return {"type": "input_image", "image_url": f"data:{source['media_type']};base64,{source['data']}", **more}
        case "document", "text":
            data = base64.b64encode(source["data"].encode()).decode()
            file = {"file_data": f"data:text/plain;base64,{data}", "filename": block["title"]}
            return {"type": "input_file", **file, **more}
        case other:
            raise NotImplementedError(f"no form for {other}")


def normal(request: _Object) -> _Object:
    """A request in a form in which two that ask for the same are equal."""
    done = {name: value for name, value in request.items() if value not in (None, [], False) and name != "model"}
    system = done.get("system")
    if system is not None:
        done["system"] = _blocks(system)
    messages: list[_Object] = []
    for message in done["messages"]:
        if messages and messages[-1]["role"] == message["role"]:
            messages[-1]["content"] += _blocks(message["content"])
        else:
            messages.append({"role": message["role"], "content": _blocks(message["content"])})
    done["messages"] = messages
    for name in ("anthropic_version", "anthropic_beta"):
        done.pop(name, None)
    if "tools" in done:
        done["tools"] = [{k: v for k, v in tool.items() if v not in (None, "")} for tool in done["tools"]]
    return done


def _blocks(content: Any) -> list[_Object]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    done = []
    for block in content:
        known = {name: value for name, value in block.items() if value is not None and value is not False}
        if block["type"] == "tool_result":
            known["content"] = _blocks(block["content"])
        done.append(known)
    return done
