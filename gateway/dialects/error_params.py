"""Maps the `param` of an upstream's error to the place where its client wrote what the error is about."""

import re
from collections.abc import Mapping, Sequence

from gateway.dialects.paths import value_at
from gateway.dialects.profiles.base import Profile
from gateway.neutral.generation import Generation
from gateway.neutral.json import JsonObject, list_or_none, parse_object
from gateway.neutral.settings import PLACES, TOKEN_LIMIT, TOKEN_LIMITS

_MESSAGES, _INPUT = "messages", "input"
_MODEL = "model"
_FORMAT = "response_format"
_EFFORT = "reasoning_effort"
_INSTRUCTIONS = "instructions"
# What holds what the operator of an application says, beside the conversation itself.
_SYSTEM = frozenset({_INSTRUCTIONS, "system", "systemInstruction", "system_instruction"})
_CONVERSATION = frozenset({_MESSAGES, _INPUT, "contents"}) | _SYSTEM
_TOOLS = ("tools", "functions")
_CHOICE = ("tool_choice", "function_call")
# The fields of tools by the names in use: today's name in the APIs of clients, and the one from before it.
_OF_TOOLS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys((*_TOOLS, "toolConfig", "tool_config"), _TOOLS),
    **dict.fromkeys((*_CHOICE, "toolChoice"), _CHOICE),
}
# What settings stand in where a dialect groups them.
_GROUPS = ("generationConfig.", "generation_config.", "inferenceConfig.", "additionalModelRequestFields.")
# The neutral names of settings, by those that dialects write them under.
_NAMES: Mapping[str, str] = {
    **{path: name for name, path in PLACES.items()},
    **dict.fromkeys((*TOKEN_LIMITS, "max_output_tokens", "maxOutputTokens", "maxTokens"), TOKEN_LIMIT),
    **dict.fromkeys(("reasoning", "thinking", "thinkingConfig", "output_config.effort"), _EFFORT),
    **dict.fromkeys(("text", "output_config", "responseSchema", "responseJsonSchema", "responseMimeType"), _FORMAT),
    **dict.fromkeys(("stop_sequences", "stopSequences"), "stop"),
    **dict.fromkeys(("topP", "p"), "top_p"),
    **dict.fromkeys(("topK", "k"), "top_k"),
    "include": "logprobs",
    "candidateCount": "n",
    "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty",
}
_HEAD = re.compile(r"[^.\[]*")
_FIELDS = re.compile(r"[^\[]*")


def client_param(param: str, generation: Generation, dialect: str, profile: Profile, sent: bytes) -> str | None:
    """Where the client wrote what the upstream names by `param`; None for what it did not write.

    `dialect` and `profile` are those in which the body `sent` was written. Where the client speaks that dialect
    itself, the upstream's name stays, but for what was renamed, moved, or put in by the gateway.
    """
    request = _ClientRequest(generation, dialect)
    head = _head(param)
    if head == _MODEL:
        return param
    if head in _CONVERSATION:
        return _in_conversation(param, head, request, sent)
    for name, path in profile.renamed.items():
        if _is_at(param, path) and value_at(request.body, path) is None:
            return request.place(name)
    if head in _OF_TOOLS:
        return _of_tools(param, head, request, sent)
    if request.has(head):
        return param
    place = request.place(_neutral_name(param))
    if place is not None or not request.is_native:
        return place
    # What nobody wrote is missing; what the gateway put in is none of the client's.
    return None if head in (parse_object(sent) or {}) else param


class _ClientRequest:
    """What the client wrote, by the neutral names of its settings."""

    def __init__(self, generation: Generation, dialect: str) -> None:
        self.body: JsonObject = generation.body
        self.is_native = generation.dialect == dialect
        """Whether the upstream's dialect is the client's own."""
        self.has_history = generation.history > 0
        self._prompt = None if self.is_native else generation.prompt

    @property
    def conversation(self) -> str:
        """The field that holds the conversation."""
        if self._prompt is not None:
            return self._prompt.input_path
        return _MESSAGES if _MESSAGES in self.body else _INPUT

    def has(self, name: str) -> bool:
        """Whether the client wrote a field of this name."""
        return self.body.get(name) is not None

    def place(self, name: str) -> str | None:
        """Where the client wrote a setting; None where it did not."""
        names = TOKEN_LIMITS if name in TOKEN_LIMITS else (name,)
        if self._prompt is None:
            paths = names if self.conversation == _MESSAGES else tuple(PLACES.get(known, known) for known in names)
            return next((path for path in paths if value_at(self.body, path) is not None), None)
        if name == _FORMAT:
            return None if self._prompt.output_format is None else self._prompt.output_format.path
        settings = self._prompt.settings
        return next((settings.path(known) for known in names if known in settings.values), None)


def _in_conversation(param: str, head: str, request: _ClientRequest, sent: bytes) -> str:
    """The place in the conversation; where it cannot be the same in what was sent, the field alone that holds it."""
    if head in _SYSTEM and request.has(_INSTRUCTIONS):
        return param if head == _INSTRUCTIONS else _INSTRUCTIONS
    same = request.is_native and head == request.conversation and not request.has_history
    return param if same and _has_as_many(head, request, sent) else request.conversation


def _of_tools(param: str, head: str, request: _ClientRequest, sent: bytes) -> str | None:
    """The place in the tools, by the same rule."""
    if request.is_native and request.has(head) and _has_as_many(head, request, sent):
        return param
    return next((name for name in _OF_TOOLS[head] if request.has(name)), None)


def _has_as_many(field: str, request: _ClientRequest, sent: bytes) -> bool:
    """Whether a list has as many entries as its client wrote: then the places in it are the same."""
    written = list_or_none(request.body.get(field))
    if written is None:
        return True
    return len(list_or_none((parse_object(sent) or {}).get(field)) or ()) == len(written)


def _neutral_name(param: str) -> str:
    """The neutral name of the setting that a path is in; its first name where it is not known."""
    path = _matched(_FIELDS, param)
    for group in _GROUPS:
        path = path.removeprefix(group)
    first = _head(path)
    while path:
        if path in _NAMES:
            return _NAMES[path]
        path = path.rpartition(".")[0]
    return first


def _is_at(param: str, path: str) -> bool:
    """Whether a place is a path, or in what stands there."""
    return param.startswith(path) and param[len(path) : len(path) + 1] in ("", ".", "[")


def _head(param: str) -> str:
    return _matched(_HEAD, param)


def _matched(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.match(text)
    return match[0] if match else ""
