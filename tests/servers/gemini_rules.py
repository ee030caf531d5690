"""What Gemini refuses, as strictly as Google: fields, roles, parts, calls and their outputs, schemas, limits."""

import re
from collections.abc import Iterator
from typing import Any

_Object = dict[str, Any]

STAND_IN = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
CALL_ID = re.compile(r"g[0-9]{7}")
_FIELDS = frozenset(
    ("contents", "systemInstruction", "tools", "toolConfig", "safetySettings", "generationConfig", "cachedContent")
)
_CONFIG = frozenset(
    (
        *("temperature", "topP", "topK", "candidateCount", "maxOutputTokens", "stopSequences", "presencePenalty"),
        *("frequencyPenalty", "seed", "responseLogprobs", "logprobs", "responseMimeType", "responseSchema"),
        *("responseJsonSchema", "responseModalities", "speechConfig", "imageConfig", "mediaResolution"),
        "thinkingConfig",
    )
)
_PARTS = frozenset(
    (
        *("text", "inlineData", "fileData", "functionCall", "functionResponse", "executableCode"),
        *("codeExecutionResult", "toolCall", "toolResponse"),
    )
)
_TOOLS = frozenset({"functionDeclarations", "googleSearch", "codeExecution", "urlContext", "fileSearch"})
_DECLARATION = frozenset({"name", "description", "parameters", "parametersJsonSchema"})
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}")
_SUBSET = frozenset(
    (
        *("type", "format", "title", "description", "nullable", "items", "minItems", "maxItems", "enum", "properties"),
        *("propertyOrdering", "required", "minProperties", "maxProperties", "minimum", "maximum", "minLength"),
        *("maxLength", "pattern", "anyOf", "default", "example"),
    )
)
_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})
_RANGES = {
    "temperature": (0, 2),
    "topP": (0, 1),
    "candidateCount": (1, 8),
    "logprobs": (0, 20),
    "seed": (-(2**31), 2**31 - 1),
    "maxOutputTokens": (1, 2**31 - 1),
}
_LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH")


def complaints(body: _Object, model: str, *, is_vertex: bool) -> Iterator[str]:
    """Everything that is wrong with a request."""
    own = {"labels", "modelArmorConfig"} if is_vertex else {"serviceTier"}
    yield from _unknown(body, _FIELDS | own, "")
    yield from _about_contents(body.get("contents"), model)
    for part in body.get("systemInstruction", {}).get("parts", []):
        if part.keys() != {"text"} or not part["text"]:
            yield "systemInstruction takes texts only"
    yield from _about_tools(body, is_vertex=is_vertex)
    yield from _about_config(body.get("generationConfig", {}), body, is_early=model.startswith("gemini-2"))


def _unknown(given: _Object, known: frozenset[str] | set[str], place: str) -> Iterator[str]:
    for name in given.keys() - known:
        yield f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.'


def _about_contents(contents: Any, model: str) -> Iterator[str]:
    if not isinstance(contents, list) or not contents:
        yield "contents is not specified"
        return
    if contents[0].get("role") != "user":
        yield "Please ensure that the conversation begins with a user's turn."
    waiting: list[_Object] = []
    for number, content in enumerate(contents):
        yield from _unknown(content, {"role", "parts"}, f" at 'contents[{number}]'")
        if content.get("role") not in ("user", "model"):
            yield "Please use a valid role: user, model."
        parts = content.get("parts")
        if not isinstance(parts, list) or not parts:
            yield f"contents[{number}].parts must not be empty"
            return
        for part in parts:
            yield from _about_part(part, f" at 'contents[{number}].parts'")
        yield from _about_pairs(waiting, parts)
        waiting = [part["functionCall"] for part in parts if "functionCall" in part]
        if waiting and content["role"] != "model":
            yield "a user does not call functions"
        yield from _about_signatures(parts, model)


def _about_part(part: _Object, place: str) -> Iterator[str]:
    yield from _unknown(part, _PARTS | {"thoughtSignature", "thought"}, place)
    if len(part.keys() & _PARTS) != 1:
        yield "a part has exactly one kind of data"
    if part.get("thought"):
        yield "thoughts are not to be sent back"
    if part.get("text") == "" and "thoughtSignature" not in part:
        yield "Unable to submit request because it must have a text parameter."
    for name, fields in (("inlineData", {"mimeType", "data"}), ("fileData", {"mimeType", "fileUri"})):
        if name in part:
            yield from _unknown(part[name], fields, place)
    call = part.get("functionCall") or part.get("functionResponse")
    if call is not None:
        field = "args" if "functionCall" in part else "response"
        yield from _unknown(call, {"name", field, "id"}, place)
        if not isinstance(call.get(field), dict):
            yield f"{field} is an object"
        if not CALL_ID.fullmatch(call.get("id", "g0000000")):
            yield f"the id {call['id']!r} is none of ours"


def _about_pairs(waiting: list[_Object], parts: list[_Object]) -> Iterator[str]:
    answers = [part["functionResponse"] for part in parts if "functionResponse" in part]
    if len(answers) != len(waiting):
        yield (
            "Please ensure that the number of function response parts is equal to the number of function call parts "
            "of the function call turn."
        )
        return
    for call, answer in zip(waiting, answers, strict=True):
        if (call["name"], call.get("id")) != (answer["name"], answer.get("id")):
            yield "function responses are not in the order of the calls"


def _about_signatures(parts: list[_Object], model: str) -> Iterator[str]:
    """The first call of a step is signed; the script `think` wants its own signature back, in the part it came in."""
    calls = [part for part in parts if "functionCall" in part]
    if not calls:
        return
    signature = calls[0].get("thoughtSignature")
    if signature is None and not model.startswith("gemini-2"):
        yield f"Function call is missing a thought_signature in functionCall parts: {calls[0]['functionCall']['name']}."
    elif model == "think" and signature != signature_of(calls[0]["functionCall"]["name"]):
        yield "Thought signature is not valid."


def signature_of(name: str) -> str:
    """The signature that the script signs a call of this function with."""
    return f"c2lnbmVk{name.encode().hex()}"


def _about_tools(body: _Object, *, is_vertex: bool) -> Iterator[str]:
    declared: list[_Object] = []
    for tool in body.get("tools", []):
        yield from _unknown(tool, _TOOLS, " at 'tools'")
        declared += tool.get("functionDeclarations", [])
    names = [one.get("name", "") for one in declared]
    if len(set(names)) < len(names):
        yield "Duplicate function declaration found"
    for one in declared:
        yield from _unknown(one, _DECLARATION, " at 'tools.functionDeclarations'")
        if not _NAME.fullmatch(one.get("name", "")):
            yield f"Invalid function name {one.get('name')!r}"
        if {"parameters", "parametersJsonSchema"} <= one.keys():
            yield "parameters and parametersJsonSchema are mutually exclusive"
        yield from _about_schema(one.get("parameters"), is_top=True)
    config = body.get("toolConfig", {})
    yield from _unknown(config, {"functionCallingConfig"} if is_vertex else set(_TOOL_CONFIG), " at 'toolConfig'")
    calling = config.get("functionCallingConfig")
    if calling is None:
        return
    if not declared:
        yield "Function calling config is set without function_declarations."
    if calling.get("mode") not in ("AUTO", "ANY", "NONE", "VALIDATED"):
        yield f"Invalid mode {calling.get('mode')!r}"
    allowed = calling.get("allowedFunctionNames", [])
    if allowed and (calling["mode"] == "AUTO" or not set(allowed) <= set(names)):
        yield "allowed_function_names is for the mode ANY, and for declared functions"


_TOOL_CONFIG = ("functionCallingConfig", "includeServerSideToolInvocations")


def _about_schema(schema: Any, *, is_top: bool = False) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    yield from _unknown(schema, _SUBSET, " in a schema")
    kind = schema.get("type")
    if kind is not None and (not isinstance(kind, str) or kind.upper() not in _TYPES):
        yield f"Invalid type {kind!r}"
    if is_top and not schema.get("properties"):
        yield "should be non-empty for OBJECT type"
    if any(not isinstance(value, str) for value in schema.get("enum", [])):
        yield "an enum takes texts"
    for inner in (schema.get("items"), *schema.get("anyOf", []), *schema.get("properties", {}).values()):
        yield from _about_schema(inner)


def _about_config(config: _Object, body: _Object, *, is_early: bool) -> Iterator[str]:
    yield from _unknown(config, _CONFIG, " at 'generation_config'")
    for name, (least, most) in _RANGES.items():
        if name in config and not least <= config[name] <= most:
            yield f"Unable to submit request because it has a {name} value of {config[name]}."
    if len(config.get("stopSequences", [])) > 5:
        yield "at most 5 stop sequences"
    forms = config.keys() & {"responseSchema", "responseJsonSchema"}
    if len(forms) > 1 or (forms and config.get("responseMimeType") != "application/json"):
        yield "one schema, with the response mime type application/json"
    if is_early and config.get("responseMimeType") and body.get("tools"):
        yield "Function calling with a response mime type: 'application/json' is unsupported"
    yield from _about_schema(config.get("responseSchema"))
    thinking = config.get("thinkingConfig", {})
    yield from _unknown(thinking, {"thinkingBudget", "thinkingLevel", "includeThoughts"}, " at 'thinking_config'")
    if {"thinkingBudget", "thinkingLevel"} <= thinking.keys():
        yield "You can only set one of thinking budget and thinking level."
    if thinking.get("thinkingLevel", "LOW") not in _LEVELS:
        yield "Invalid thinking level"
    if "logprobs" in config and not config.get("responseLogprobs"):
        yield "logprobs is for response_logprobs"
