"""Writes the turns of a conversation as Cohere's messages."""

from collections.abc import Sequence

from gateway.dialects.cohere.content import answer_texts, simplified, write_parts
from gateway.dialects.cohere.types import (
    AssistantMessage,
    CalledFunction,
    Content,
    InputMessage,
    Message,
    ToolCallMessage,
)
from gateway.dialects.profiles.cohere import CohereProfile
from gateway.dialects.report import Report
from gateway.dialects.turns.content import is_plain_text, joined
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
from gateway.neutral.json import text_or_empty
from gateway.neutral.prompt import Prompt

THINKING = "thinking"
"""The key of the state of reasoning that came as a part of the content, and goes back as one."""
PLAN = "tool_plan"
"""The key of the state of what the model planned to do with its tools, before the calls."""
_OUTPUT_FOLLOWS = "The output is in the message that follows."


def write_messages(prompt: Prompt, toolbox: Toolbox, profile: CohereProfile, report: Report) -> list[Message]:
    """All messages: an answer is one, followed by one for each output of its calls.

    Raises `InvalidRequest` for an item that Cohere cannot be shown.
    """
    messages: list[Message] = []
    for turn in read_turns(prompt, toolbox, profile, report, (THINKING, PLAN)):
        if isinstance(turn, InputTurn):
            messages.append(_input_message(turn, profile, report))
        elif (answer := _assistant_message(turn, report)) is not None:
            messages.append(answer)
            outputs = [(call.item.call_id, call.output) for call in turn.calls if call.output is not None]
            messages += _tool_messages(outputs, profile, report)
    if not messages:
        raise report.empty()
    return messages


def _input_message(turn: InputTurn, profile: CohereProfile, report: Report) -> InputMessage:
    role, parts = turn.role, turn.parts
    if len(parts) == 1 and is_plain_text(parts[0]):
        return {"role": "user" if role == "user" else "system", "content": joined(parts, "")}
    content = write_parts(parts, profile, report)
    if role == "user":
        return {"role": "user", "content": simplified(content)}
    return {"role": "system", "content": joined(parts, "\n")}


def _assistant_message(turn: AssistantTurn, report: Report) -> AssistantMessage | None:
    """The answer; None where there is nothing in it but reasoning about tools that it did not call."""
    content: list[Content] = []
    calls: list[ToolCallMessage] = []
    plan = ""
    for block in turn.blocks:
        match block:
            case ReasoningBlock(state):
                if thinking := text_or_empty(state.get(THINKING)):
                    content.append({"type": "thinking", "thinking": thinking})
                plan += text_or_empty(state.get(PLAN))
            case TextBlock(parts):
                content += answer_texts(parts, report)
            case CallBlock(item, name):
                function: CalledFunction = {"name": name, "arguments": block.arguments_text}
                calls.append({"id": item.call_id, "type": "function", "function": function})
    if not content and not calls:
        return None
    message: AssistantMessage = {"role": "assistant"}
    if content:
        message["content"] = simplified(content)
    if plan:
        message["tool_plan"] = plan
    if calls:
        message["tool_calls"] = calls
    return message


def _tool_messages(outputs: Sequence[tuple[str, OutputBlock]], profile: CohereProfile, report: Report) -> list[Message]:
    """The outputs of an answer's calls, then one message of the user's with the images, which they cannot hold."""
    messages: list[Message] = []
    images: list[Content] = []
    for call_id, output in outputs:
        if output.item.is_error:
            report.drop(output.item.position.inside(".is_error"))
        content = write_parts(output.parts, profile, report)
        texts = [part for part in content if part["type"] == "text"]
        own_images = [part for part in content if part["type"] != "text"]
        text = _OUTPUT_FOLLOWS if own_images and not texts else simplified([*texts])
        messages.append({"role": "tool", "tool_call_id": call_id, "content": text})
        if own_images and len(outputs) > 1:
            images.append({"type": "text", "text": f"Output of {call_id}:"})
        images += own_images
    if images:
        messages.append({"role": "user", "content": images})
    return messages
