"""What the scripted Gemini says; each script is named by a model."""

from typing import Any

from tests.servers.gemini_rules import signature_of

_Object = dict[str, Any]

THOUGHT = "**Looking**\n\nI look at what is there."
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
QUERY = "weather in Zürich"
_EXAMPLES: dict[str, Any] = {"integer": 3, "number": 1.5, "boolean": True, "array": [], "object": {}, "null": None}
_CALLING = ("tool", "think", "parallel", "ids")


def parts_of(model: str, body: _Object) -> list[_Object]:
    """The parts of the script's whole answer."""
    outputs = _outputs(body)
    functions = [one for tool in body.get("tools", []) for one in tool.get("functionDeclarations", [])]
    shown = [{"text": THOUGHT, "thought": True}] if _shows_thoughts(body) and model == "think" else []
    mode = body.get("toolConfig", {}).get("functionCallingConfig", {}).get("mode", "AUTO")
    if functions and not outputs and (mode == "ANY" or (model in _CALLING and mode != "NONE")):
        return [*shown, *_calls(model, _chosen(body, functions))]
    text = f"The tool said {', '.join(outputs)}." if outputs else f"I was given {last_words(body)}."
    match model:
        case "length":
            return []
        case "images":
            return [{"text": "Here it is."}, {"inlineData": {"mimeType": "image/png", "data": PIXEL}}]
        case "code":
            code = {"executableCode": {"language": "PYTHON", "code": "print(6 * 7)"}}
            return [code, {"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "42\n"}}, {"text": "It is 42."}]
        case "search":
            return [{"text": "Grüezi! In Zürich it is sunny."}]
        case "think" | "tool":
            return [*shown, {"text": text, "thoughtSignature": signature_of("text")}]
        case _:
            return [{"text": text}]


def grounding_of(model: str) -> _Object:
    """What the script's answer rests on. Places are bytes."""
    if model != "search":
        return {}
    text = "Grüezi! In Zürich it is sunny."
    words = "In Zürich it is sunny."
    start = len(text[: text.index(words)].encode())
    segment = {"startIndex": start, "endIndex": start + len(words.encode()), "text": words}
    return {
        "webSearchQueries": [QUERY],
        "groundingChunks": [{"web": {"uri": "https://example.org/weather", "title": "example.org"}}],
        "groundingSupports": [{"segment": segment, "groundingChunkIndices": [0]}],
    }


def finish_of(model: str) -> str:
    """Why the script ends."""
    return {"length": "MAX_TOKENS", "unsafe": "SAFETY", "malformed": "MALFORMED_FUNCTION_CALL"}.get(model, "STOP")


def last_words(body: _Object) -> str:
    """What the user said last."""
    for content in reversed(body["contents"]):
        texts = [part["text"] for part in content["parts"] if "text" in part]
        if content["role"] == "user" and texts:
            return "".join(texts)
    return "nothing"


def _outputs(body: _Object) -> list[str]:
    """What the tools gave back, where the conversation ends with that."""
    found: list[str] = []
    for content in reversed(body["contents"]):
        answers = [part["functionResponse"]["response"] for part in content["parts"] if "functionResponse" in part]
        if answers:
            return [str(next(iter(answer.values()), "nothing")) for answer in answers]
        if content["role"] != "user" or all("text" in part for part in content["parts"]):
            break
    return found


def _shows_thoughts(body: _Object) -> bool:
    thinking: _Object = body.get("generationConfig", {}).get("thinkingConfig", {})
    return bool(thinking.get("includeThoughts"))


def _chosen(body: _Object, functions: list[_Object]) -> list[_Object]:
    allowed = body.get("toolConfig", {}).get("functionCallingConfig", {}).get("allowedFunctionNames")
    shown = [one for one in functions if allowed is None or one["name"] in allowed]
    # A model that is through with its tools calls what was declared last.
    return shown if body["contents"][-1]["parts"][-1].get("text") != "Be done." else shown[::-1]


def _calls(model: str, functions: list[_Object]) -> list[_Object]:
    """The first function, or the first two; only the first call of them is signed."""
    parts = []
    for number, function in enumerate(functions[: 2 if model == "parallel" else 1]):
        schema = function.get("parametersJsonSchema") or function.get("parameters") or {}
        call: _Object = {"name": function["name"], "args": _example(schema)}
        if model == "ids":
            call["id"] = f"g{number:07}"
        signed = {"thoughtSignature": signature_of(function["name"])} if number == 0 else {}
        parts.append({"functionCall": call, **signed})
    return parts


def _example(schema: _Object) -> Any:
    """Something that keeps the schema."""
    if schema.get("enum"):
        return schema["enum"][0]
    kind = str(schema.get("type", "string")).lower()
    if kind == "object":
        return {name: _example(inner) for name, inner in schema.get("properties", {}).items()}
    return _EXAMPLES.get(kind, "Paris")
