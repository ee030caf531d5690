"""Any conversation: what leaves for a chat upstream is what a strict server takes, and no text is lost."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects.profiles.openai_chat import ChatProfile
from tests.servers.chat_rules import complaints
from tests.unit.chat_requests import (
    PLAIN,
    RICH,
    asked,
    assistant,
    call,
    custom_call,
    custom_output,
    encode,
    output,
    reasoning,
    user,
)

FACTS = st.sampled_from([PLAIN, RICH, ChatProfile(takes_developer_role=False), ChatProfile(drops_hosted_tools=True)])
IMAGE = {"type": "input_image", "image_url": "data:image/png;base64,AA=="}
FILE = {"type": "input_file", "file_data": "data:text/plain;base64,AA==", "filename": "a.txt"}
STATES = st.sampled_from([None, {"reasoning_content": "Hm."}, {"reasoning_details": [{"type": "reasoning.text"}]}])
TOOLS = [
    {"type": "function", "name": "look", "parameters": {"type": "object", "properties": {"a": {}}}},
    {"type": "custom", "name": "patch"},
    {"type": "namespace", "name": "space", "description": "", "tools": [{"type": "function", "name": "look"}]},
]
CHOICES = st.sampled_from(
    [
        *(None, "none", "auto", "required", {"type": "custom", "name": "patch"}),
        {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "namespace", "name": "space"}]},
        {"type": "function", "name": "look", "namespace": "space"},
    ]
)


class Speech:
    """Draws items, each text with a number of its own, and each call with its output anywhere later."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.texts: list[str] = []
        self.items: list[dict[str, Any]] = []
        self._draw = draw
        self._unanswered: list[tuple[str, str]] = []
        for _ in range(draw(st.integers(1, 12))):
            getattr(self, draw(st.sampled_from(["say", "call", "call", "answer", "think", "say_nothing", "give_up"])))()
        while self._unanswered:
            self.answer()

    def say(self) -> None:
        role = self._draw(st.sampled_from(["user", "assistant", "system", "developer"]))
        if role == "assistant":
            self.items.append(assistant(*(self._text() for _ in range(self._draw(st.integers(1, 2))))))
            return
        shown = self._draw(st.lists(st.sampled_from([IMAGE, FILE]), max_size=2)) if role == "user" else []
        parts = [{"type": "input_text", "text": self._text()}, *shown]
        self.items.append({**user(self._draw(st.sampled_from([parts, parts[0]["text"]]))), "role": role})

    def call(self) -> None:
        # Some providers begin anew with their ids.
        call_id = self._draw(st.sampled_from(["call_0", "call_1", f"call_{len(self.items)}"]))
        if any(call_id == waiting for waiting, _ in self._unanswered):
            return
        kind = self._draw(st.sampled_from(["function", "custom"]))
        self._unanswered.append((call_id, kind))
        if kind == "custom":
            self.items.append(custom_call(call_id, text=self._text()))
        else:
            arguments = self._draw(st.sampled_from(["", "{}", '{"a":1}']))
            space = self._draw(st.sampled_from([{}, {"namespace": "space"}, {"namespace": "gone"}]))
            self.items.append(call(call_id, arguments=arguments, **space))

    def answer(self) -> None:
        if not self._unanswered:
            return
        call_id, kind = self._unanswered.pop(self._draw(st.integers(0, len(self._unanswered) - 1)))
        parts: Any = [{"type": "input_text", "text": self._text()}]
        parts += self._draw(st.lists(st.sampled_from([IMAGE, FILE]), max_size=2))
        content = self._draw(st.sampled_from([parts, parts[0]["text"]]))
        self.items.append((custom_output if kind == "custom" else output)(call_id, content))

    def think(self) -> None:
        self.items.append(reasoning(self._draw(STATES)))

    def say_nothing(self) -> None:
        self.items.append(self._draw(st.sampled_from([assistant(), {"type": "web_search_call", "id": "ws"}])))

    def give_up(self) -> None:
        self.items.append(call(f"lost_{len(self.items)}", arguments="{", status="incomplete"))

    def _text(self) -> str:
        self.texts.append(f"text {len(self.texts)}.")
        return self.texts[-1]


speeches = st.composite(Speech)


@settings(max_examples=400, deadline=None)
@given(speeches(), FACTS, CHOICES)
def test_any_conversation_is_one_that_a_strict_server_takes_and_no_text_is_lost(
    speech: Speech, facts: ChatProfile, choice: Any
) -> None:
    # With nothing said there is nothing to ask.
    items = speech.items if speech.texts else [user("Well."), *speech.items]
    body, _ = encode(asked(*items, tools=TOOLS, tool_choice=choice), facts)
    assert list(complaints(body)) == []
    told = str(body["messages"])
    assert [text for text in speech.texts if told.count(text) != 1] == []
    media = [part for item in speech.items for part in _parts(item) if part["type"] in ("input_image", "input_file")]
    assert told.count(";base64,AA==") == len(media)


def _parts(item: dict[str, Any]) -> list[dict[str, Any]]:
    content = item.get("content") or item.get("output")
    return content if isinstance(content, list) else []
