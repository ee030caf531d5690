"""Writes a conversation as Gemini's contents: two roles in turn, calls and their outputs in the same order."""

from typing import Any

import orjson

from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.turns import Answer, Call, Output, Said, Spoken, Thought, Turns
from gateway.dialects.gemini.identity import own_id, to_wire
from gateway.dialects.gemini.parts import PartWriter, text_part
from gateway.dialects.profiles import Facts

Part = dict[str, Any]
Content = dict[str, Any]

STATES = ("parts", "thought_signature", "on")
"""What the dialect's own decoder tells of reasoning: parts to be sent back as they came, or the signature of the next
part, which is a call or a text."""

STAND_IN = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I="
"""The documented stand-in for a signature that was lost, as the bytes that it is (recording `gemini/015`)."""

_SYSTEM = ("system", "developer")


class Contents:
    """The contents of one request, and its system instruction."""

    def __init__(self, turns: Turns, facts: Facts, report: Report) -> None:
        self.system: list[Part] = []
        self.contents: list[Content] = []
        self._turns = turns
        self._writer = PartWriter(facts, report)
        self._facts = facts

    def read(self) -> "Contents":
        """Read all turns. Raises `InvalidRequest` for what the upstream cannot be shown."""
        for turn in self._turns.read():
            if isinstance(turn, Answer):
                self._answer(turn)
            elif turn.role in _SYSTEM:
                self.system += self._writer.write(turn.parts, turn.number)
            else:
                self._say(turn)
        if not self.contents or self.contents[0]["role"] != "user":
            self.contents.insert(0, {"role": "user", "parts": [text_part("")]})
        return self

    def _say(self, said: Said) -> None:
        self._add("user", self._writer.write(said.parts, said.number) or [text_part("")])

    def _answer(self, answer: Answer) -> None:
        parts = _AnswerParts(self._facts).write(answer)
        if parts:
            self._add("model", parts)
        calls = answer.calls
        if not calls:
            return
        outputs = [(call, self._output(call)) for call in calls]
        self.contents.append({"role": "user", "parts": [_response(call, said) for call, (said, _) in outputs]})
        shown = [part for call, (_, others) in outputs if others for part in (_caption(call), *others)]
        if shown:
            self.contents.append({"role": "user", "parts": shown})

    def _output(self, call: Call) -> tuple[Part, list[Part]]:
        """The output of a call as an object, and what is no text. A call that nobody answered has none to show."""
        if call.output is None:
            return {"error": "There is no output of this call."}, []
        parts = self._writer.write(call.output.parts, call.output.number)
        others = [part for part in parts if "text" not in part]
        text = "\n".join(part["text"] for part in parts if "text" in part)
        if others and not text:
            text = "It follows."
        return _object(text, call.output), others

    def _add(self, role: str, parts: list[Part]) -> None:
        """Add a content, to the last one where that is of the same role and no list of outputs."""
        last = self.contents[-1] if self.contents else None
        if last and last["role"] == role and "functionResponse" not in last["parts"][-1]:
            last["parts"] += parts
        else:
            self.contents.append({"role": role, "parts": parts})


class _AnswerParts:
    """The parts of one answer of the model's, with signatures in the parts that they came in."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._parts: list[Part] = []
        self._signature: str | None = None
        self._on = ""
        self._has_calls = False

    def write(self, answer: Answer) -> list[Part]:
        for block in answer.blocks:
            match block:
                case Thought():
                    self._think(block.state)
                case Spoken():
                    for part in block.parts:
                        if text := part.get("text") or part.get("refusal"):
                            self._sign({"text": text}, "text")
                case Call():
                    self._call(block)
        self._release()
        return self._parts

    def _think(self, state: dict[str, Any]) -> None:
        self._release()
        parts = state.get("parts")
        if isinstance(parts, list):
            self._parts += [part for part in parts if isinstance(part, dict)]
        signature = state.get("thought_signature")
        if isinstance(signature, str):
            self._signature, self._on = signature, str(state.get("on"))

    def _call(self, call: Call) -> None:
        function = {"name": to_wire(call.name), "args": call.given}
        if known := own_id(call.id):
            function["id"] = known
        part: Part = {"functionCall": function}
        self._sign(part, "call")
        # The first call of a step must be signed, parallel ones after it are not.
        if self._facts.wants_signatures and not self._has_calls and "thoughtSignature" not in part:
            part["thoughtSignature"] = STAND_IN
        self._has_calls = True

    def _sign(self, part: Part, kind: str) -> None:
        if self._signature is not None and self._on == kind:
            part["thoughtSignature"], self._signature = self._signature, None
        self._release()
        self._parts.append(part)

    def _release(self) -> None:
        """A signature whose part is not there goes in an empty text, as Gemini itself sends it at the end."""
        if self._signature is not None:
            self._parts.append({"text": "", "thoughtSignature": self._signature})
            self._signature = None


def _object(text: str, output: Output) -> Part:
    """A tool's output as the object that it is, or in one."""
    if output.is_error:
        return {"error": text}
    if text[:1] == "{" and text.rstrip()[-1:] == "}":
        try:
            document: Part = orjson.loads(text)
        except orjson.JSONDecodeError:
            return {"result": text}
        return document
    return {"result": text}


def _response(call: Call, said: Part) -> Part:
    response = {"name": to_wire(call.name), "response": said}
    if known := own_id(call.id):
        response["id"] = known
    return {"functionResponse": response}


def _caption(call: Call) -> Part:
    return {"text": f"Output of {to_wire(call.name)}:"}
