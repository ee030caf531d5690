"""One mind behind every provider's wire: what it thinks, calls and says follows from what it was told alone.

A question calls the tools on offer, one for each text in quotation marks (`How is "Oslo" and "Rome"?` calls two at
once). Everything else, the outputs of tools first of all, is answered with all that was told so far: who said what, the
bytes of images as digests, calls with their arguments, outputs. Whatever is lost or changes places on any way from a
client to the mind makes another answer, and another number of tokens.
"""

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

_QUOTED = re.compile(r'"([^"]*)"')
SPOKEN = "Let me see. "


@dataclass(frozen=True)
class Call:
    """A call; `given` is the arguments as JSON of one spelling."""

    id: str
    name: str
    given: str


@dataclass(frozen=True)
class Turn:
    """What somebody said: `system`, `user`, `assistant`, or the tool that answers a call. Images stand as digests."""

    who: str
    parts: tuple[str, ...] = ()
    calls: tuple[Call, ...] = ()
    proof: str | None = None
    """Of the mind's own reasoning, where it came back."""

    def __str__(self) -> str:
        """The turn in short, without what differs from wire to wire."""
        if self.who == "assistant":
            # In full they would double with every turn.
            said = [f"#{digest(part.encode())}" for part in self.parts]
            return " ".join(["assistant:", *said, *(f"{call.name}({call.given})" for call in self.calls)])
        return f"{self.who}: {' '.join(self.parts)}"


@dataclass(frozen=True)
class Tool:
    """A tool on offer."""

    name: str
    description: str
    parameters: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({', '.join(sorted(self.parameters.get('properties', {})))}): {self.description}"


@dataclass(frozen=True)
class Transcript:
    """Everything that was told in one request."""

    turns: Sequence[Turn]
    tools: Sequence[Tool] = ()
    may_call: bool = True
    may_think: bool = True


@dataclass(frozen=True)
class Said:
    """An answer. `finish` has OpenAI's words; the counts have OpenAI's meaning: details are part of their totals."""

    thought: str
    text: str
    calls: tuple[Call, ...]
    finish: str
    prompt: int
    cached: int
    completion: int
    reasoning: int


def answer(transcript: Transcript, author: str) -> Said:
    """What the mind says to this, on the wire of this author."""
    turns = transcript.turns
    thought = thought_at(turns, author) if transcript.may_think else ""
    calls = tuple(_calls(transcript, author))
    text = SPOKEN if calls else told(transcript)
    finish = "tool_calls" if calls else "stop"
    if turns[-1].who == "user" and turns[-1].parts[-1].endswith("…"):
        text, finish = text[: len(text) // 2].rstrip(), "length"
    prompt = sum(len(str(turn)) for turn in turns)
    spoken = len(text) + sum(len(call.given) for call in calls)
    reasoning = len(thought.split())
    return Said(thought, text, calls, finish, prompt, prompt // 3, spoken + reasoning, reasoning)


def told(transcript: Transcript) -> str:
    """All that was told, in words."""
    tools = "; ".join(map(str, transcript.tools)) or "none"
    return f"Turns: {' | '.join(map(str, transcript.turns))}. Tools: {tools}. ✓"


def thought_at(turns: Sequence[Turn], author: str) -> str:
    """What the mind thinks before it answers these turns: never the same at two places of a conversation."""
    told_so_far = digest("\n".join(map(str, turns)).encode())
    return f"{author} sees {len(turns)} turns, {told_so_far}, the last of {turns[-1].who} ✓"


def signature_of(thought: str) -> str:
    """What only the mind itself can sign its thought with, in base64."""
    return b64encode(hashlib.sha256(f"signed: {thought}".encode()).digest()).decode()


def misgivings(transcript: Transcript, author: str, *, is_signed: bool, is_loop_only: bool = False) -> Iterator[str]:
    """What is wrong with the reasoning that came back: somebody else's, harmed, at another place, or missing.

    `is_loop_only`: none is missed that led to calls before the user spoke last.
    """
    asked = max((number for number, turn in enumerate(transcript.turns) if turn.who == "user"), default=0)
    for number, turn in enumerate(transcript.turns):
        if turn.who != "assistant":
            continue
        thought = thought_at(transcript.turns[:number], author)
        expected = signature_of(thought) if is_signed else thought
        if turn.proof not in (None, expected):
            yield f"turn {number}: reasoning that is not {author}'s, or not unharmed: {turn.proof}, not {expected}"
        is_missed = number > asked or not is_loop_only
        if turn.proof is None and is_missed and any(call.id.startswith(f"{author}-thought") for call in turn.calls):
            yield f"turn {number}: calls without the reasoning of {author} that led to them"


def _calls(transcript: Transcript, author: str) -> Iterator[Call]:
    last, tools = transcript.turns[-1], transcript.tools
    if last.who != "user" or not last.parts[-1].endswith("?") or not tools or not transcript.may_call:
        return
    kind = "thought" if transcript.may_think else "call"
    for number, value in enumerate(_QUOTED.findall(" ".join(last.parts))):
        tool = tools[number % len(tools)]
        given = spelled({name: _made(schema, value) for name, schema in tool.parameters["properties"].items()})
        yield Call(f"{author}-{kind}-{len(transcript.turns)}-{number}", tool.name, given)


def _made(schema: Any, value: str) -> Any:
    """Something of this schema, made of a text."""
    match str(schema.get("type", "string")).lower():
        case "integer" | "number":
            return len(value)
        case "boolean":
            return True
        case "array":
            return [_made(schema.get("items", {}), word) for word in value.split()]
        case "object":
            return {name: _made(inner, value) for name, inner in schema.get("properties", {}).items()}
        case _:
            return value


def digest(data: bytes) -> str:
    """Eight digits that stand for the data."""
    return hashlib.sha256(data).hexdigest()[:8]


def spelled(document: Any) -> str:
    """A document as JSON of one spelling."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def image(media: str, data: str) -> str:
    """How an image stands in a turn."""
    return f"<{media} {digest(b64decode(data, validate=True))}>"


def image_at(url: str) -> str:
    """The same for one in a data: URL; another address stands for itself."""
    found = re.fullmatch(r"data:([^;,]+);base64,(.*)", url, re.S)
    return image(found[1], found[2]) if found else f"<{url}>"


@dataclass
class Scribe:
    """Takes down the turns of one request, in one spelling whichever wire it came by."""

    turns: list[Turn] = field(default_factory=list)
    _open: list[Call] = field(default_factory=list)
    """The calls of the last answer, in their order."""
    _first: int = 0
    """Where their outputs begin."""

    def say(self, who: str, parts: Sequence[str]) -> None:
        """Somebody said this; in a row it is one turn. What of outputs is shown below them is put back to them."""
        rest = self._put_back(list(parts)) if who == "user" else list(parts)
        if not rest:
            return
        if self.turns and self.turns[-1].who == who:
            self.turns[-1] = Turn(who, (*self.turns[-1].parts, *rest))
        else:
            self.turns.append(Turn(who, tuple(rest)))

    def answered(self, parts: Sequence[str], calls: Sequence[Call], proof: str | None) -> None:
        """The assistant's turn."""
        self.turns.append(Turn("assistant", tuple(part for part in parts if part), tuple(calls), proof))
        self._open, self._first = list(calls), len(self.turns)
        self.turns += [Turn(call.name) for call in calls]

    def output(self, call_id: str, parts: Sequence[str]) -> None:
        """What a tool gave back, at the place of its call."""
        place = next(number for number, call in enumerate(self._open) if call.id == call_id)
        texts = [part for part in parts if not _is_image(part)]
        images = [part for part in parts if _is_image(part)]
        written = _spelled_output("\n".join(texts))
        self.turns[self._first + place] = Turn(self._open[place].name, (written, *images))

    def _put_back(self, parts: list[str]) -> list[str]:
        """Put images below a caption to the output that it names. The parts that are the user's own."""
        if not self._open or len(self.turns) != self._first + len(self._open):
            return parts
        place = -1
        while parts and (_is_image(parts[0]) or _CAPTION.fullmatch(parts[0])):
            part = parts.pop(0)
            if caption := _CAPTION.fullmatch(part):
                named = [i for i, call in enumerate(self._open) if caption[1] in (call.id, call.name) and i > place]
                place = named[0]
                continue
            if place < 0 and len(self._open) > 1:
                raise Unclear(f"{part}: of which call is this the output?")
            number = self._first + max(place, 0)
            self.turns[number] = Turn(self.turns[number].who, (*self.turns[number].parts, part))
        return parts


class Unclear(ValueError):
    """A request that cannot be understood."""


_CAPTION = re.compile(r"Output of (.+):")
# What stands where an output has no text, since its images follow below.
_ANNOUNCED = ("The output is in the message that follows.", "It follows.")


def _is_image(part: str) -> bool:
    return bool(re.fullmatch(r"<\S+( [0-9a-f]{8})?>", part))


def _spelled_output(text: str) -> str:
    """An output in one spelling, since some wires have it as an object."""
    if text in _ANNOUNCED:
        return ""
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return spelled(document) if isinstance(document, dict) else text
