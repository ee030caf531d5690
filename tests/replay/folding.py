"""What a recorded body says, read without any of the gateway's code."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FINISH = {"eos": "stop", "model_length": "length", "function_call": "tool_calls"}


@dataclass
class Call:
    """A tool call: arguments are compared as the document they are, where they are one."""

    name: str = ""
    arguments: str = ""

    @property
    def parsed(self) -> Any:
        try:
            return json.loads(self.arguments or "{}")
        except ValueError:
            return self.arguments


@dataclass
class Told:
    """What one choice says."""

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: dict[int, Call] = field(default_factory=dict)
    finish: str | None = None

    def add(self, part: dict[str, Any]) -> None:
        """Add a message, or a delta."""
        content = part.get("content")
        for piece in content if isinstance(content, list) else []:
            self.text += piece.get("text") or ""
            self.reasoning += "".join(thought.get("text") or "" for thought in piece.get("thinking") or [])
        self.text += content if isinstance(content, str) else ""
        self.reasoning += part.get("reasoning_content") or part.get("reasoning") or ""
        self.refusal += part.get("refusal") or ""
        for position, piece in enumerate(part.get("tool_calls") or []):
            call = self.calls.setdefault(piece.get("index", position), Call())
            function = piece.get("function") or {}
            call.name += function.get("name") or ""
            call.arguments += function.get("arguments") or ""

    def end(self, reason: str | None) -> None:
        """Note a finish reason, in OpenAI's words."""
        if reason:
            known = FINISH.get(reason, reason)
            self.finish = "tool_calls" if known == "stop" and self.calls else known

    def says(self) -> tuple[object, ...]:
        """Everything, to be compared."""
        calls = [(call.name, call.parsed) for _, call in sorted(self.calls.items())]
        return self.text, self.reasoning, self.refusal, calls, self.finish


def payloads(body: bytes) -> Iterator[str]:
    """The data of a recorded stream's events."""
    for line in body.decode().replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            yield line.removeprefix("data:").strip()


def chunks(body: bytes) -> list[dict[str, Any]]:
    """The chunks of a recorded stream."""
    return [json.loads(payload) for payload in payloads(body) if payload != "[DONE]"]


def fold_reply(document: dict[str, Any]) -> dict[int, Told]:
    """What the choices of a plain reply say."""
    told: dict[int, Told] = {}
    for position, choice in enumerate(document["choices"]):
        one = told.setdefault(choice.get("index", position), Told())
        one.add(choice["message"])
        one.end(choice.get("finish_reason") or "stop")
    return told


def fold_stream(documents: list[dict[str, Any]]) -> dict[int, Told]:
    """What the choices of a stream say."""
    told: dict[int, Told] = {}
    for document in documents:
        for choice in document.get("choices") or []:
            one = told.setdefault(choice.get("index") or 0, Told())
            one.add(choice.get("delta") or {})
            one.end(choice.get("finish_reason"))
    return told


def usage_of(documents: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The last usage that was told."""
    # Groq has it in a field of its own, too, and older versions only there.
    found = [document.get("usage") or (document.get("x_groq") or {}).get("usage") for document in documents]
    told = [usage for usage in found if usage]
    return told[-1] if told else None


def count(usage: dict[str, Any]) -> tuple[int, int, int, int]:
    """Prompt, completion, cached and reasoning tokens in OpenAI's meaning (facts on providers, section 0.3)."""
    prompt, completion = usage["prompt_tokens"], usage["completion_tokens"]
    before, after = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    cached = before.get("cached_tokens") or usage.get("cached_tokens") or usage.get("num_cached_tokens") or 0
    reasoning = after.get("reasoning_tokens") or 0
    if reasoning and usage["total_tokens"] == prompt + completion + reasoning:
        completion += reasoning
    audio = before.get("audio_tokens") or 0
    if audio and usage["total_tokens"] == prompt + completion + audio:
        prompt += audio
    return prompt, completion, min(cached, prompt), min(reasoning, completion)


def as_reply(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The plain reply that a stream tells piece by piece."""
    choices = []
    for index, told in sorted(fold_stream(documents).items()):
        calls = [
            {"id": f"call_{number}", "function": {"name": call.name, "arguments": call.arguments}}
            for number, call in sorted(told.calls.items())
        ]
        message = {"role": "assistant", "content": told.text or None, "refusal": told.refusal or None}
        message |= {"reasoning_content": told.reasoning or None, "tool_calls": calls}  # type: ignore[dict-item]
        choices.append({"index": index, "message": message, "finish_reason": told.finish})
    model = next((document["model"] for document in documents if document.get("model")), None)
    return {"model": model, "choices": choices, "usage": usage_of(documents)}
