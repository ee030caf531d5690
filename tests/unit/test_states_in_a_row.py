"""Every state of the reasoning of an answer is kept on `/v1/responses`, and goes back to its author in its order."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.memory.items import item_type
from gateway.neutral.events import Done, Event, Finished, Reasoning, ReasoningState, Summary, Text, ToolCallBegan
from gateway.reasoning import recover
from gateway.surfaces.base import Author
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.responses.request.prompt import typed_items
from gateway.surfaces.responses.writer import ResponseWriter
from gateway.wire import sse

FAULTS = Path(__file__).resolve().parents[3] / "shared" / "faults"
SURFACE = OpenAIResponsesSurface()
BODY: Any = {"model": "lab/m", "input": "Hi", "tools": [{"type": "function", "name": "f"}]}


def writer() -> ResponseWriter:
    return ResponseWriter(SURFACE.read(BODY), Author("lab", "m", lambda state: orjson.dumps(state).decode()))


def output(events: list[Event]) -> list[Any]:
    """The items of a plain Response; those of the streamed one are the same."""
    items: list[Any] = orjson.loads(writer().reply(events))["output"]
    streaming = writer()
    written = streaming.write(events) + streaming.end()
    told = [orjson.loads(payload) for payload in sse.Reader().feed(written) if payload != b"[DONE]"]
    done = [event["item"] for event in told if event["type"] == "response.output_item.done"]
    assert [unnamed(item) for item in done] == [unnamed(item) for item in items]
    return items


def unnamed(item: Any) -> Any:
    return {name: value for name, value in item.items() if name != "id"}


def states(events: list[Event]) -> list[Any]:
    return [event.state for event in events if isinstance(event, ReasoningState)]


def brought_back(items: list[Any]) -> list[Any]:
    body: Any = {**BODY, "input": [*items, {"role": "user", "content": "Go on"}]}
    prompt = recover(SURFACE.read(body), lambda sealed: orjson.loads(sealed)).prompt
    return [state for item in prompt.items if (state := getattr(item, "state", None)) is not None]


def of(name: str) -> Event:
    return ReasoningState({"signature": name})


CALLED: list[Event] = [ToolCallBegan(0, "c", "f"), Finished("tool_calls"), Done()]
SAID: list[Event] = [Text("Hi"), Finished("stop"), Done()]
ANSWERS: dict[str, list[Event]] = {
    "none": SAID,
    "one": [Reasoning("Hm."), of("a"), *SAID],
    "two before a call": [Reasoning("Hm."), of("a"), of("b"), *CALLED],
    "three, with texts": [Summary("A."), of("a"), Summary("B."), of("b"), of("c"), *SAID],
    "around a text": [of("a"), of("b"), Text("Hi"), of("c"), Finished("stop"), Done()],
}


@pytest.mark.parametrize("events", ANSWERS.values(), ids=ANSWERS)
def test_each_state_is_kept_and_brought_back(events: list[Event]) -> None:
    items = output(events)
    assert brought_back(items) == states(events)
    for item in items:
        assert item.get("encrypted_content", "") is not None


@pytest.mark.parametrize("path", sorted(FAULTS.glob("state-overwritten-*.json")), ids=lambda path: path.stem)
def test_answers_that_lost_one_keep_all(path: Path) -> None:
    fault = json.loads(path.read_bytes())
    dialect = {"converse": "bedrock-converse", "v2/chat": "cohere"}.get(fault["api"], "cohere")
    origin = Origin("lab", "m", DIALECTS[dialect].profile_type())
    body = orjson.dumps(fault["upstream_response"])
    events = DIALECTS[dialect].decode_reply(body, SURFACE.read(BODY), origin, is_native=False)
    assert len(states(events)) == 2
    assert brought_back(output(events)) == states(events)


@pytest.mark.parametrize("given", [{"id": "x", "role": None}, {"id": "x"}, {"id": "x", "type": None, "role": None}])
def test_a_role_of_null_is_no_role(given: Any) -> None:

    assert item_type(given) == "item_reference"
    assert typed_items([given])[0]["type"] == "item_reference"
