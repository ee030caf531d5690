"""What a recorded answer of Gemini's says, read without any of the gateway's code."""

import json
from dataclasses import dataclass, field
from typing import Any

_Object = dict[str, Any]

_LENGTH = ("MAX_TOKENS", 2)
_FILTERED = ("MODEL_ARMOR", "SAFETY")


@dataclass
class Said:
    """One answer: usage is prompt, completion, cached and reasoning tokens in OpenAI's meaning."""

    text: str = ""
    reasoning: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    finish: str = "stop"
    usage: tuple[int, int, int, int] = (0, 0, 0, 0)
    citations: set[str] = field(default_factory=set)
    """The words that a page is cited for."""
    files: list[int] = field(default_factory=list)
    """Where the words end that a file is cited for."""
    signatures: list[str] = field(default_factory=list)


def documents(body: bytes) -> list[_Object]:
    """The chunks of a recorded stream: events, or one array."""
    text = body.decode()
    if text.lstrip().startswith("["):
        found: list[_Object] = json.loads(text)
        return found
    return [json.loads(line.removeprefix("data:")) for line in text.splitlines() if line.startswith("data:")]


def whole(chunks: list[_Object]) -> _Object:
    """The plain reply that a stream tells piece by piece."""
    merged: _Object = {}
    for chunk in chunks:
        for name, value in chunk.items():
            if name not in ("candidates", "usageMetadata"):
                merged[name] = value
        merged.setdefault("usageMetadata", {}).update(chunk.get("usageMetadata", {}))
        for candidate in chunk.get("candidates", []):
            one = merged.setdefault("candidates", [{"content": {"role": "model", "parts": []}}])[0]
            one["content"]["parts"] += _parts(candidate)
            one.update({name: value for name, value in candidate.items() if name != "content"})
    return merged


def read(chunks: list[_Object]) -> Said:
    """What the only candidate of these chunks says."""
    said, usage = Said(), {}
    for chunk in chunks:
        usage.update(chunk.get("usageMetadata", {}))
        for candidate in chunk.get("candidates", []):
            for part in _parts(candidate):
                _read_part(said, part)
            reason = candidate.get("finishReason")
            said.finish = "length" if reason in _LENGTH else "content_filter" if reason in _FILTERED else said.finish
            _read_grounding(said, candidate.get("groundingMetadata", {}))
    if said.calls and said.finish == "stop":
        said.finish = "tool_calls"
    reasoning = usage.get("thoughtsTokenCount", 0)
    said.usage = (
        usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0),
        usage.get("candidatesTokenCount", 0) + reasoning,
        usage.get("cachedContentTokenCount", 0),
        reasoning,
    )
    assert sum(said.usage[:2]) == usage["totalTokenCount"]
    return said


def _parts(candidate: _Object) -> list[_Object]:
    found: list[_Object] = candidate.get("content", {}).get("parts", [])
    return found


def _read_grounding(said: Said, grounding: _Object) -> None:
    for support in grounding.get("groundingSupports", []):
        segment = support["segment"]
        for index in support["groundingChunkIndices"]:
            if "uri" in next(iter(grounding["groundingChunks"][index].values())):
                said.citations.add(segment["text"])
            else:
                said.files.append(segment["endIndex"])


def _read_part(said: Said, part: _Object) -> None:
    if "thoughtSignature" in part:
        said.signatures.append(part["thoughtSignature"])
    if "text" in part:
        if part.get("thought"):
            said.reasoning += part["text"]
        else:
            said.text += part["text"]
    call = part.get("functionCall")
    if call is not None:
        if "name" in call:
            said.calls.append((call["name"], dict(call.get("args", {}))))
        for piece in call.get("partialArgs", []):
            name = piece["jsonPath"].removeprefix("$.")
            given = said.calls[-1][1]
            given[name] = given.get(name, "") + piece["stringValue"]
