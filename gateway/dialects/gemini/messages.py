"""Writes a conversation as Gemini's contents: two roles in turn, calls and their outputs in the same order."""

from collections.abc import Iterable, Mapping
from typing import Literal

from gateway.dialects.gemini.content import ContentWriter, text_part
from gateway.dialects.gemini.tools import gemini_call_id, gemini_name
from gateway.dialects.gemini.types import Content, FunctionCall, FunctionResponse, GenerateContentRequest, Part
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.report import Report
from gateway.dialects.turns.turns import AssistantTurn, CallBlock, OutputBlock, TextBlock, Turn
from gateway.neutral.json import Json, JsonObject, objects_in, parse_object, text_or_none

STATES = ("parts", "thought_signature", "on")
"""The keys of reasoning states that the decoder emits: parts to be sent back as they came, or the signature of the
next part, and whether that is a call or a text."""

STAND_IN = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""The documented stand-in for a signature that was lost, as the bytes that it is (recording `gemini/015`)."""

_SYSTEM = ("system", "developer")


def write_messages(turns: Iterable[Turn], profile: GeminiProfile, report: Report) -> GenerateContentRequest:
    """The request with its contents and its system instruction.

    Raises `InvalidRequest` for a content that Gemini cannot be given.
    """
    writer = _MessageWriter(profile, report)
    for turn in turns:
        writer.add(turn)
    contents = writer.contents
    if not contents and not writer.system:
        raise report.empty()
    if not contents or contents[0]["role"] != "user":
        contents.insert(0, {"role": "user", "parts": [text_part("")]})
    request: GenerateContentRequest = {"contents": contents}
    if writer.system:
        request["systemInstruction"] = {"parts": writer.system}
    return request


class _MessageWriter:
    def __init__(self, profile: GeminiProfile, report: Report) -> None:
        self.system: list[Part] = []
        self.contents: list[Content] = []
        self._content = ContentWriter(profile, report)
        self._profile = profile

    def add(self, turn: Turn) -> None:
        if isinstance(turn, AssistantTurn):
            self._add_answer(turn)
        elif turn.role in _SYSTEM:
            self.system += self._content.write(turn.parts)
        else:
            self._add("user", [*(self._content.write(turn.parts) or [text_part("")])])

    def _add_answer(self, turn: AssistantTurn) -> None:
        parts = _AnswerWriter(self._profile).write(turn)
        if parts:
            self._add("model", parts)
        if not turn.calls:
            return
        responses: list[Part | JsonObject] = []
        attachments: list[Part | JsonObject] = []
        for call in turn.calls:
            response, others = self._output(call.output)
            responses.append(_function_response(call, response))
            if others:
                attachments += [{"text": f"Output of {gemini_name(call.name)}:"}, *others]
        if responses:
            self.contents.append({"role": "user", "parts": responses})
        if attachments:
            self.contents.append({"role": "user", "parts": attachments})

    def _output(self, output: OutputBlock | None) -> tuple[JsonObject, list[Part]]:
        """The output of a call as an object, and its parts that are no text."""
        if output is None:
            return {"error": "There is no output of this call."}, []
        parts = self._content.write(output.parts)
        others = [part for part in parts if "text" not in part]
        text = "\n".join(part["text"] for part in parts if "text" in part)
        if others and not text:
            text = "It follows."
        return _output_object(text, is_error=output.item.is_error), others

    def _add(self, role: Literal["user", "model"], parts: list[Part | JsonObject]) -> None:
        """Add a content, to the last one where that is of the same role and no list of outputs."""
        last = self.contents[-1] if self.contents else None
        if last and last["role"] == role and "functionResponse" not in last["parts"][-1]:
            last["parts"] += parts
        else:
            self.contents.append({"role": role, "parts": parts})


class _AnswerWriter:
    """Writes the parts of one answer of the model's, with signatures in the parts that they came in."""

    def __init__(self, profile: GeminiProfile) -> None:
        self._profile = profile
        self._parts: list[Part | JsonObject] = []
        self._signature: str | None = None
        self._on: str | None = None
        """The kind of part that the signature belongs to."""
        self._has_calls = False

    def write(self, turn: AssistantTurn) -> list[Part | JsonObject]:
        # Looks at types take a fraction of what a match takes.
        for block in turn.blocks:
            if isinstance(block, TextBlock):
                for part in block.parts:
                    if part.text:
                        self._add({"text": part.text}, "text")
            elif isinstance(block, CallBlock):
                self._add_call(block)
            else:
                self._add_reasoning(block.state)
        if self._signature is not None:
            self._release()
        return self._parts

    def _add_reasoning(self, state: Mapping[str, Json]) -> None:
        self._release()
        self._parts += objects_in(state.get("parts"))
        signature = text_or_none(state.get("thought_signature"))
        if signature is not None:
            self._signature, self._on = signature, text_or_none(state.get("on"))

    def _add_call(self, call: CallBlock) -> None:
        function: FunctionCall = {"name": gemini_name(call.name), "args": call.arguments}
        if (call_id := gemini_call_id(call.item.call_id)) is not None:
            function["id"] = call_id
        part: Part = {"functionCall": function}
        self._add(part, "call")
        # The first call of a step must be signed, parallel ones after it are not.
        if self._profile.wants_signatures and not self._has_calls and "thoughtSignature" not in part:
            part["thoughtSignature"] = STAND_IN
        self._has_calls = True

    def _add(self, part: Part, kind: str) -> None:
        if self._signature is not None:
            if self._on == kind:
                part["thoughtSignature"], self._signature = self._signature, None
            self._release()
        self._parts.append(part)

    def _release(self) -> None:
        """Send a signature whose part is not there in an empty text, as Gemini itself sends it at the end."""
        if self._signature is not None:
            self._parts.append({"text": "", "thoughtSignature": self._signature})
            self._signature = None


def _output_object(text: str, *, is_error: bool) -> JsonObject:
    """A tool's output as the object that it is, or in one."""
    if is_error:
        return {"error": text}
    # A key `$ref` in a response is read as a reference to one of its parts.
    if (
        text[:1] == "{"
        and '"$ref"' not in text
        and text.rstrip()[-1:] == "}"
        and (document := parse_object(text)) is not None
    ):
        return document
    return {"result": text}


def _function_response(call: CallBlock, response: JsonObject) -> Part:
    function: FunctionResponse = {"name": gemini_name(call.name), "response": response}
    if (call_id := gemini_call_id(call.item.call_id)) is not None:
        function["id"] = call_id
    return {"functionResponse": function}
