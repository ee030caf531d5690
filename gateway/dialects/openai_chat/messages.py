"""Writes the turns of a conversation as chat messages."""

from collections.abc import Iterator, Sequence

from gateway.dialects.openai_chat.content import ContentWriter
from gateway.dialects.openai_chat.system_messages import with_one_system
from gateway.dialects.openai_chat.types import (
    AssistantMessage,
    CalledCustomTool,
    CalledFunction,
    InputMessage,
    ToolCall,
    ToolMessage,
)
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.dialects.report import Report
from gateway.dialects.turns.content import is_plain_text, is_text
from gateway.dialects.turns.toolbox import Toolbox
from gateway.dialects.turns.turns import (
    AssistantTurn,
    CallBlock,
    InputTurn,
    OutputBlock,
    ReasoningBlock,
    TextBlock,
    read_turns,
)
from gateway.neutral.json import Json, JsonObject, object_or_empty, objects_in
from gateway.neutral.parts import RefusalPart, TextPart
from gateway.neutral.prompt import Prompt
from gateway.neutral.seals import CHAT_STATES

_OUTPUT_BELOW = "The output is in the message that follows."


def chat_messages(prompt: Prompt, toolbox: Toolbox, profile: ChatProfile, report: Report) -> list[JsonObject]:
    """All messages. Raises `InvalidRequest` for an item that this upstream cannot be sent.

    The texts and calls of one assistant turn become one message. The outputs of its calls follow it at once, as chat
    requires; what of them is no text follows in a user message.
    """
    writer = _Writer(profile, report.provider)
    messages: list[JsonObject] = []
    for turn in read_turns(prompt, toolbox, profile, report, CHAT_STATES):
        messages += [writer.input(turn)] if isinstance(turn, InputTurn) else writer.answer(turn)
    messages = with_one_system(messages)
    # Where only loops have reasoning, these have to be found before a user's message is made.
    is_whole = writer.has_more_than_text and not profile.reasoning_in_loops
    return with_text_outputs(messages) if is_whole else messages


class _Writer:
    """Writes single turns for one upstream."""

    def __init__(self, profile: ChatProfile, provider: str) -> None:
        self._profile = profile
        self._content = ContentWriter(profile, provider)
        self.has_more_than_text = False
        """Whether a tool's message has parts that are no texts."""

    def input(self, turn: InputTurn) -> JsonObject:
        joint = None if turn.role == "user" and self._profile.takes_parts else "\n"
        content = self._content.content(turn.parts, joint)
        if turn.role == "assistant":
            raise AssertionError("an assistant's message is no input")
        message: InputMessage = {"role": turn.role, "content": content}
        return object_or_empty(message)

    def answer(self, turn: AssistantTurn) -> Iterator[JsonObject]:
        """The message of an assistant turn, and the outputs of its calls."""
        message = self._assistant(turn)
        if message["content"] == "":
            # The answer was broken off before its first word, and several servers refuse an empty message.
            return
        yield message
        for call in turn.calls:
            if call.output is not None:
                yield self._output(call.item.call_id, call.output)

    def _assistant(self, turn: AssistantTurn) -> JsonObject:
        state: JsonObject = {}
        parts: list[TextPart | RefusalPart] = []
        calls: list[ToolCall] = []
        for block in turn.blocks:
            match block:
                case ReasoningBlock():
                    _extend_state(state, block)
                case TextBlock():
                    parts += block.parts
                case CallBlock():
                    calls.append(self._call(block))
        thinking = [part for part in objects_in(state.pop("content", None)) if part.get("type") == "thinking"]
        message = self._answer_message(parts, thinking, has_calls=bool(calls))
        if calls:
            message["tool_calls"] = calls
        return object_or_empty(message) | state

    def _answer_message(
        self, parts: Sequence[TextPart | RefusalPart], thinking: list[JsonObject], *, has_calls: bool
    ) -> AssistantMessage:
        refusal = "".join(part.text for part in parts if isinstance(part, RefusalPart))
        texts = [part for part in parts if isinstance(part, TextPart)]
        has_refusal = bool(refusal and self._profile.takes_refusals)
        if refusal and not has_refusal:
            texts.append(TextPart(refusal, ""))
        content: str | list[JsonObject] | None = self._content.content(texts, "")
        if not content and (has_calls or has_refusal):
            content = None
        if thinking:
            content = [
                *thinking,
                *self._content.parts(part for part in texts if part.text or not is_plain_text(part)),
            ]
        message: AssistantMessage = {"role": "assistant", "content": content}
        if has_refusal:
            message["refusal"] = refusal
        return message

    def _call(self, call: CallBlock) -> ToolCall:
        if call.is_custom and self._profile.takes_custom_tools:
            custom: CalledCustomTool = {"name": call.name, "input": call.item.arguments}
            return {"id": call.item.call_id, "type": "custom", "custom": custom}
        function: CalledFunction = {"name": call.name, "arguments": call.arguments_text}
        return {"id": call.item.call_id, "type": "function", "function": function}

    def _output(self, call_id: str, output: OutputBlock) -> JsonObject:
        """The output of a call, whole: `with_text_outputs` moves what is no text."""
        if all(map(is_text, output.parts)):
            content = self._content.content(output.parts, "\n")
        else:
            self.has_more_than_text = True
            content = self._content.parts(output.parts)
        message: ToolMessage = {"role": "tool", "tool_call_id": call_id, "content": content}
        return object_or_empty(message)


def _extend_state(state: JsonObject, block: ReasoningBlock) -> None:
    """Add a piece of reasoning to the fields in which it came."""
    for name, value in block.state.items():
        known = state.get(name)
        match known, value:
            case str(), str():
                state[name] = f"{known}{value}"
            case list(), list():
                state[name] = [*known, *value]
            case _:
                state[name] = value


def with_text_outputs(messages: list[JsonObject]) -> list[JsonObject]:
    """The messages with nothing but texts in those of tools, as chat requires; the list itself where it is so.

    All outputs of an answer's calls come first, then one user message with everything else, each part below the call
    that it belongs to.
    """
    if not any(map(_has_more_than_text, messages)):
        return messages
    written: list[JsonObject] = []
    outputs: list[JsonObject] = []
    for message in messages:
        if message.get("role") == "tool":
            outputs.append(message)
            continue
        written += [*_split_outputs(outputs), message]
        outputs = []
    return [*written, *_split_outputs(outputs)]


def _has_more_than_text(message: JsonObject) -> bool:
    if message.get("role") != "tool":
        return False
    content = message.get("content")
    parts = objects_in(content)
    if not isinstance(content, list) or len(parts) != len(content):
        # What is no part at all is left to its upstream, which has words for it.
        return False
    return any(part.get("type") != "text" for part in parts)


def _split_outputs(outputs: list[JsonObject]) -> Iterator[JsonObject]:
    """The outputs of the calls of one turn, and below them what is no text."""
    moved: list[Json] = []
    for message in outputs:
        if not _has_more_than_text(message):
            yield message
            continue
        parts = objects_in(message.get("content"))
        texts: list[Json] = [part for part in parts if part.get("type") == "text"]
        is_plain = all(len(part) == 2 for part in parts if part.get("type") == "text")
        content = "\n".join(str(part.get("text")) for part in parts if part.get("type") == "text")
        yield {**message, "content": (content if is_plain else texts) or _OUTPUT_BELOW}
        if len(outputs) > 1:
            moved.append({"type": "text", "text": f"Output of {message.get('tool_call_id')}:"})
        moved += [part for part in parts if part.get("type") != "text"]
    if moved:
        yield {"role": "user", "content": moved}
