"""Reads Converse requests as a client would have asked for them, and compares two of them by what they mean."""

import json
from base64 import b64encode
from typing import Any

_Object = dict[str, Any]
_IMAGES = {"jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp"}
_DOCUMENTS = {"pdf": "application/pdf", "txt": "text/plain", "md": "text/markdown", "csv": "text/csv"}
_BUDGETS = {1024: "minimal", 2048: "low", 10_000: "medium", 16_384: "high"}
_SYSTEM_TOOLS = {"nova_code_interpreter": "code_interpreter"}


def as_responses(body: _Object, model: str) -> _Object:
    """The same request to the Responses API. Reasoning is an item with its block as the `state`."""
    written: _Object = {"model": model, "input": [*_system(body), *_items(body["messages"])]}
    inference = body.get("inferenceConfig", {})
    names = {"maxTokens": "max_output_tokens", "temperature": "temperature", "topP": "top_p", "stopSequences": "stop"}
    written |= {names[name]: value for name, value in inference.items()}
    extra = body.get("additionalModelRequestFields", {})
    if "output_config" in extra:
        written["reasoning"] = {"effort": extra["output_config"]["effort"]}
    elif "thinking" in extra:
        written["reasoning"] = {"effort": _BUDGETS[extra["thinking"]["budget_tokens"]]}
    if "inferenceConfig" in extra:
        written["top_k"] = extra["inferenceConfig"]["topK"]
    if "guardrailConfig" in body:
        written["guardrailConfig"] = body["guardrailConfig"]
    if "outputConfig" in body:
        form = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
        written["text"] = {"format": {"type": "json_schema", **form, "schema": json.loads(form["schema"])}}
    return written | _tools(body.get("toolConfig", {}))


def as_chat(body: _Object, model: str) -> _Object:
    """The same request as a chat completion, where chat has a word for everything in it."""
    asked = as_responses(body, model)
    written = {name: value for name, value in asked.items() if name not in ("input", "tools", "tool_choice", "text")}
    written["messages"] = _messages(asked["input"])
    if "max_output_tokens" in written:
        written["max_completion_tokens"] = written.pop("max_output_tokens")
    if "reasoning" in written:
        written["reasoning_effort"] = written.pop("reasoning")["effort"]
    if "text" in asked:
        form = {name: value for name, value in asked["text"]["format"].items() if name != "type"}
        written["response_format"] = {"type": "json_schema", "json_schema": form}
    if "tools" in asked:
        written["tools"] = [_nested(tool) for tool in asked["tools"]]
    if "tool_choice" in asked:
        choice = asked["tool_choice"]
        written["tool_choice"] = choice if isinstance(choice, str) else _nested(choice)
    return written


def _nested(tool: _Object) -> _Object:
    if tool["type"] != "function":
        return tool
    return {"type": "function", "function": {name: value for name, value in tool.items() if name != "type"}}


def _messages(items: list[_Object]) -> list[_Object]:
    messages: list[_Object] = []
    for item in items:
        match item["type"]:
            case "message":
                messages.append({"role": item["role"], "content": [_chat_part(part) for part in item["content"]]})
            case "function_call":
                function = {"name": item["name"], "arguments": item["arguments"]}
                call = {"id": item["call_id"], "type": "function", "function": function}
                if messages[-1]["role"] != "assistant":
                    messages.append({"role": "assistant", "content": None})
                messages[-1].setdefault("tool_calls", []).append(call)
            case "function_call_output":
                parts = [_chat_part(part) for part in item["output"]]
                messages.append({"role": "tool", "tool_call_id": item["call_id"], "content": parts})
    return messages


def _chat_part(part: _Object) -> _Object:
    mark = {name: part[name] for name in ("cache_control",) if name in part}
    match part:
        case {"type": "input_text", "text": text}:
            return {"type": "text", "text": text, **mark}
        case {"type": "input_image", "image_url": url}:
            return {"type": "image_url", "image_url": {"url": url}, **mark}
        case _:
            file = {name: part[name] for name in ("filename", "file_data", "file_id") if name in part}
            return {"type": "file", "file": file, **mark}


def _system(body: _Object) -> list[_Object]:
    parts = _parts(body.get("system", []))
    return [{"type": "message", "role": "system", "content": parts}] if parts else []


def _items(messages: list[_Object]) -> list[_Object]:
    items: list[_Object] = []
    for message in messages:
        said: list[_Object] = []
        for block in message["content"]:
            match block:
                case {"toolUse": call}:
                    given = json.dumps(call["input"])
                    items += _message(message["role"], said)
                    said = []
                    head = {"type": "function_call", "call_id": call["toolUseId"]}
                    items.append({**head, "name": call["name"], "arguments": given})
                case {"toolResult": result}:
                    head = {"type": "function_call_output", "call_id": result["toolUseId"]}
                    items.append({**head, "output": _parts(result["content"])})
                case {"reasoningContent": reasoning}:
                    items.append({"type": "reasoning", "summary": [], "state": reasoning})
                case _:
                    said.append(block)
        items += _message(message["role"], said)
    return items


def _message(role: str, blocks: list[_Object]) -> list[_Object]:
    return [{"type": "message", "role": role, "content": _parts(blocks)}] if blocks else []


def _parts(blocks: list[Any]) -> list[_Object]:
    parts: list[_Object] = []
    for block in blocks:
        match block:
            case {"text": text} | {"guardContent": {"text": {"text": text}}}:
                parts.append({"type": "input_text", "text": text})
            case {"image": {"format": form, "source": source}}:
                parts.append({"type": "input_image", "image_url": _address(source, _IMAGES[form])})
            case {"document": {"format": form, "name": name, "source": source}}:
                more = _but(block["document"], "format", "name", "source")
                parts.append({"type": "input_file", "filename": f"{name}.{form}", **more, **_file(source, form)})
            case {"cachePoint": _}:
                parts[-1]["cache_control"] = {"type": "ephemeral"}
            case _:
                raise AssertionError(block)
    return parts


def _but(fields: _Object, *names: str) -> _Object:
    """The fields without some of them."""
    return {name: value for name, value in fields.items() if name not in names}


def _address(source: _Object, media: str) -> str:
    if "s3Location" in source:
        return str(source["s3Location"]["uri"])
    data = source.get("bytes") or b64encode(source["text"].encode()).decode()
    return f"data:{media};base64,{data}"


def _file(source: _Object, form: str) -> _Object:
    name = "file_id" if "s3Location" in source else "file_data"
    return {name: _address(source, _DOCUMENTS[form])}


def _tools(config: _Object) -> _Object:
    tools: list[_Object] = []
    offered: list[Any] = config.get("tools", [])
    for tool in offered:
        match tool:
            case {"toolSpec": {"name": name, "inputSchema": {"json": schema}}}:
                more = _but(tool["toolSpec"], "name", "inputSchema")
                tools.append({"type": "function", "name": name, "parameters": schema, "strict": False, **more})
            case {"systemTool": {"name": name}}:
                tools.append({"type": _SYSTEM_TOOLS[name], "container": {"type": "auto"}})
    written: _Object = {"tools": tools} if tools else {}
    match config.get("toolChoice"):
        case {"auto": _}:
            written["tool_choice"] = "auto"
        case {"any": _}:
            written["tool_choice"] = "required"
        case {"tool": {"name": name}}:
            written["tool_choice"] = {"type": "function", "name": name}
    return written


def meaning(body: _Object) -> _Object:
    """A request without what says nothing: empty lists and objects, statuses of success, the first that comes."""
    said: _Object = _clean(body)
    config = said.get("toolConfig", {})
    if config.get("toolChoice") == {"auto": {}}:
        del config["toolChoice"]
    if "outputConfig" in said:
        form = said["outputConfig"]["textFormat"]["structure"]["jsonSchema"]
        form["schema"] = json.loads(form["schema"])
    return said


def _clean(value: Any) -> Any:
    match value:
        case {"text": str() as text} if "name" not in value and len(value) == 1:
            return {"text": text}
        case {"format": form, "name": name, "source": {"text": text}, **more}:
            data = b64encode(text.encode()).decode()
            return {"format": form, "name": name, "source": {"bytes": data}, **more}
        case dict():
            cleaned = {name: _clean(inner) for name, inner in value.items() if (name, inner) != ("status", "success")}
            keep = ("auto", "any", "input", "properties", "required", "json")
            return {name: inner for name, inner in cleaned.items() if inner not in ({}, []) or name in keep}
        case list():
            return [_clean(inner) for inner in value]
        case _:
            return value
