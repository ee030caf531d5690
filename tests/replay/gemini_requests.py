"""Reads recorded Gemini requests as what an OpenAI client would have asked, and spells requests alike."""

import json
import re
from typing import Any

from gateway.dialects.gemini.messages import STAND_IN
from gateway.neutral.generation import Generation
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from tests.unit.generations import Recovered, with_settings, with_states

_Object = dict[str, Any]

# Gemini 3's own ids; other ids in the recordings are those of client libraries.
_OWN_ID = re.compile(r"[a-z0-9]{8}")
_NUMBERS = {
    "temperature": "temperature",
    "topP": "top_p",
    "topK": "top_k",
    "candidateCount": "n",
    "maxOutputTokens": "max_output_tokens",
    "presencePenalty": "presence_penalty",
    "frequencyPenalty": "frequency_penalty",
    "seed": "seed",
    "stopSequences": "stop",
}
_CHOICES = {"AUTO": "auto", "ANY": "required", "NONE": "none", "VALIDATED": "auto"}
# What a chat client sends in Gemini's own words.
_OWN_WORDS = ("cachedContent", "safetySettings", "modelArmorConfig")
_SCHEMAS = ("responseJsonSchema", "responseSchema")


def generation_of(request: _Object, *, is_stream: bool = False) -> Generation:
    """What was asked, read by the surface of /v1/responses from a body of its own."""
    request = alike(request)
    reader = _Items()
    for part in request.get("systemInstruction", {}).get("parts", []):
        reader.items.append(_message("system", [{"type": "input_text", "text": part["text"]}]))
    for content in request["contents"]:
        reader.read(content)
    body: Any = {"model": "asked", "stream": is_stream, "input": [dict(item) for item in reader.items]}
    tools = [tool for given in request.get("tools", []) for tool in _tools(given)]
    body |= {"tools": tools} if tools else {}
    mode = request.get("toolConfig", {}).get("functionCallingConfig", {}).get("mode")
    body |= {"tool_choice": _CHOICES[mode]} if mode else {}
    own = _settings(body, request.get("generationConfig", {}))
    own |= {name: request[name] for name in _OWN_WORDS if name in request}
    return with_settings(with_states(OpenAIResponsesSurface().read(body), reader.items), own)


class _Items:
    """The items of a conversation; reasoning is opened already, as its author gets it back."""

    def __init__(self) -> None:
        self.items: list[_Object] = []
        self._waiting: list[str] = []

    def read(self, content: _Object) -> None:
        said: list[_Object] = []
        for part in content["parts"]:
            if "functionCall" in part:
                self._call(part)
            elif "functionResponse" in part:
                output = _output(part["functionResponse"])
                item = {"type": "function_call_output", "call_id": self._waiting.pop(0), "output": output}
                self.items.append(item)
            elif content["role"] == "model":
                said.append({"type": "output_text", "text": part["text"], "annotations": []})
            else:
                said.append(_input(part))
            if "functionCall" not in part and said and content["role"] == "model":
                self.items.append(_message("assistant", said))
                said = []
        if said:
            self.items.append(_message("user", said))

    def _call(self, part: _Object) -> None:
        signature = part.get("thoughtSignature")
        if signature and signature != STAND_IN:
            item = {"type": "reasoning", "summary": [], "encrypted_content": "waystone.1.sealed"}
            self.items.append(Recovered(item, {"thought_signature": signature, "on": "call"}))
        call = part["functionCall"]
        call_id = f"gemini_{call['id']}" if "id" in call else f"call_{len(self.items)}"
        self._waiting.append(call_id)
        arguments = json.dumps(call.get("args", {}))
        self.items.append({"type": "function_call", "call_id": call_id, "name": call["name"], "arguments": arguments})


def alike(request: _Object) -> _Object:
    """The request in one spelling: what may be written in several ways is written in one."""
    done = {_camel(name): value for name, value in request.items()}
    done["contents"] = [
        {"role": content.get("role", "user"), "parts": [_part(part) for part in content["parts"]]}
        for content in done["contents"]
    ]
    if "systemInstruction" in done:
        done["systemInstruction"] = {"parts": done["systemInstruction"]["parts"]}
    config = {_camel(name): value for name, value in done.pop("generationConfig", {}).items()}
    if config.get("responseModalities") == ["TEXT"]:
        # It is what every model here answers with.
        del config["responseModalities"]
    if "thinkingConfig" in config:
        thinking = {_camel(name): value for name, value in config["thinkingConfig"].items()}
        thinking |= {"thinkingLevel": thinking["thinkingLevel"].upper()} if "thinkingLevel" in thinking else {}
        config["thinkingConfig"] = thinking
    for name in _SCHEMAS:
        if name in config:
            config["schema"] = schema_alike(config.pop(name))
    done |= {"generationConfig": config} if config else {}
    if "tools" in done:
        done["tools"] = [_tool(tool) for tool in done["tools"]]
    calling = done.get("toolConfig", {}).get("functionCallingConfig", {})
    names = {one["name"] for tool in done.get("tools", []) for one in tool.get("functionDeclarations", [])}
    if names and set(calling.get("allowedFunctionNames", ())) == names:
        # All of them may be called without their being named.
        kept = {name: value for name, value in calling.items() if name != "allowedFunctionNames"}
        done["toolConfig"] = {**done["toolConfig"], "functionCallingConfig": kept}
    return done


def schema_alike(schema: Any) -> Any:
    """A schema as JSON Schema, without the words for people alone and for the order of properties."""
    match schema:
        case dict():
            kept = {name: schema_alike(value) for name, value in schema.items() if name not in ("propertyOrdering",)}
            if isinstance(kept.get("type"), str):
                kept["type"] = kept["type"].lower()
            return {name: value for name, value in kept.items() if value not in ([], {}) or name == "properties"}
        case list():
            return [schema_alike(value) for value in schema]
        case _:
            return schema


def _part(part: _Object) -> _Object:
    done = {_camel(name): value for name, value in part.items()}
    for name in ("inlineData", "fileData"):
        if name in done:
            done[name] = {_camel(key): value for key, value in done[name].items()}
    for name in ("functionCall", "functionResponse"):
        if name in done:
            known = dict(done[name])
            if not _OWN_ID.fullmatch(known.get("id", "")):
                known.pop("id", None)
            done[name] = known
    if done.get("text") == "":
        done["text"] = " "
    return done


def _tool(tool: _Object) -> _Object:
    if "fileSearch" in tool:
        return {"fileSearch": {_camel(name): value for name, value in tool["fileSearch"].items()}}
    if "functionDeclarations" not in tool:
        return tool
    return {"functionDeclarations": [_declaration(one) for one in tool["functionDeclarations"]]}


def _declaration(given: _Object) -> _Object:
    named = {_camel(name): value for name, value in given.items()}
    schema = schema_alike(named.get("parametersJsonSchema") or named.get("parameters") or {})
    done = {"name": named["name"], "description": named.get("description") or ""}
    return {**done, "schema": schema if schema.get("properties") else {}}


def _tools(tool: _Object) -> list[_Object]:
    if "googleSearch" in tool:
        return [{"type": "web_search"}]
    if "fileSearch" in tool:
        return [{"type": "file_search", "vector_store_ids": tool["fileSearch"]["fileSearchStoreNames"]}]
    return [
        {
            "type": "function",
            "name": one["name"],
            "description": one["description"],
            "parameters": one["schema"],
            "strict": False,
        }
        for one in tool["functionDeclarations"]
    ]


def _settings(body: _Object, config: _Object) -> _Object:
    """Put the settings into the body. What only Gemini has a word for is given back."""
    body |= {name: config[known] for known, name in _NUMBERS.items() if known in config}
    thinking = config.get("thinkingConfig", {})
    reasoning = {"effort": thinking["thinkingLevel"].lower()} if "thinkingLevel" in thinking else {}
    reasoning |= {"summary": "auto"} if thinking.get("includeThoughts") else {}
    body |= {"reasoning": reasoning} if reasoning else {}
    if "schema" in config:
        body["text"] = {"format": {"type": "json_schema", "name": "answer", "schema": config["schema"]}}
    elif "responseMimeType" in config:
        body["text"] = {"format": {"type": "json_object"}}
    return {"thinking_config": thinking} if "thinkingBudget" in thinking else {}


def _output(response: _Object) -> Any:
    text = json.dumps(response["response"])
    files = [file["file_data"] for file in response.get("parts", [])]
    images = [{"type": "input_image", "image_url": file["file_uri"]} for file in files]
    return [{"type": "input_text", "text": text}, *images] if images else text


def _input(part: _Object) -> _Object:
    match part:
        case {"text": text}:
            return {"type": "input_text", "text": text}
        case {"inlineData": {"mimeType": kind, "data": data}} if kind.startswith("image/"):
            return {"type": "input_image", "image_url": f"data:{kind};base64,{data}"}
        case {"inlineData": {"mimeType": kind, "data": data}}:
            return {"type": "input_file", "file_data": f"data:{kind};base64,{data}"}
        case {"fileData": {"fileUri": uri}}:
            return {"type": "input_file", "file_id": uri, "filename": "recorded.mp3"}
        case _:
            raise AssertionError(part)


def _message(role: str, content: list[_Object]) -> _Object:
    return {"type": "message", "role": role, "content": content}


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
