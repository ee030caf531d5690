"""Neutral events rendered on both surfaces below /v1, plain and streamed, and what a client reads there.

    events = dialect.decode_reply(body, generation, origin, is_native=False)   # or those of a stream
    told = on_responses(events)     # a Reading of the Response; checks the contract, and that the stream says the same
    told = on_chat(events)          # a Reading of the chat completion; checks likewise

Both readings have the same fields: text, reasoning, refusal, calls, finish, usage, citations. Compare them with
what the recording says. `document` is the whole reply.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.neutral.events import Event
from gateway.neutral.generation import Generation
from gateway.surfaces.base import Author
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.wire import sse
from tests.clients.contract import check
from tests.replay.decoded import response, streamed_events, without_identity
from tests.replay.folding import fold_stream

_Object = dict[str, Any]
_AUTHOR = Author("upstream", "asked/model", lambda state: orjson.dumps(state).decode())
_FINISH = {"max_output_tokens": "length", "content_filter": "content_filter"}


@dataclass
class Reading:
    """What a client reads: a call is its name, its id and its arguments, parsed where they are JSON."""

    document: _Object
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    finish: str | None = None
    """OpenAI's finish reason; `failed` for a Response that failed."""
    usage: tuple[int, int, int, int] | None = None
    """Prompt, completion, cached and reasoning tokens."""
    citations: list[_Object] = field(default_factory=list)
    """Annotations in the surface's own form."""

    def says(self) -> tuple[object, ...]:
        """What is the same on both surfaces, to be compared: chat has blank lines between parts of reasoning."""
        return self.text, squeezed(self.reasoning), self.refusal, self.calls, self.finish, self.usage


def on_responses(events: Sequence[Event]) -> Reading:
    """The Response of these events. Its stream keeps the contract and ends with the same Response."""
    document = response(events)
    check("Response", document)
    streamed = streamed_events(events)
    for event in streamed:
        check("ResponseStreamEvent", event)
    last = streamed[-1]["response"]
    assert without_identity(last["output"]) == without_identity(document["output"])
    assert (last["status"], last["usage"]) == (document["status"], document["usage"])
    return _read_response(document)


def on_chat(events: Sequence[Event]) -> Reading:
    """The chat completion of these events. Its stream folds to the same."""
    document = chat_reply(events)
    check("ChatCompletion", document)
    (choice,) = document["choices"]
    message = choice["message"]
    (folded,) = fold_stream(chat_chunks(events)).values()
    assert (folded.text, folded.refusal) == (message["content"] or "", message["refusal"] or "")
    assert folded.reasoning == (message.get("reasoning_content") or "")
    assert folded.finish == choice["finish_reason"]
    calls = [(call[call["type"]]["name"], call["id"], _given(call[call["type"]])) for call in _calls(message)]
    streamed = [(call.name, parsed(call.arguments)) for _, call in sorted(folded.calls.items())]
    if all(call["type"] == "function" for call in _calls(message)):
        assert streamed == [(name, given) for name, _, given in calls]
    return Reading(
        document,
        message["content"] or "",
        message.get("reasoning_content") or "",
        message["refusal"] or "",
        calls,
        choice["finish_reason"],
        _counted(document.get("usage"), "prompt", "completion"),
        message.get("annotations") or [],
    )


def chat_reply(events: Sequence[Event]) -> _Object:
    """The plain chat completion of these events."""
    document: _Object = orjson.loads(_chat_writer(is_stream=False).reply(events))
    return document


def chat_chunks(events: Sequence[Event]) -> list[_Object]:
    """The chunks of the chat stream of these events, an event at a time."""
    writer, reader = _chat_writer(is_stream=True), sse.Reader()
    payloads = [payload for event in events for payload in reader.feed(writer.write([event]))]
    assert payloads[-1] == b"[DONE]"
    return [orjson.loads(payload) for payload in payloads[:-1]]


def squeezed(text: str) -> str:
    """A text without its blanks: chat has one text of reasoning, with blank lines between what were parts."""
    return "".join(text.split())


def parsed(arguments: str) -> Any:
    """Arguments as the document that they are; free text as it is."""
    try:
        return orjson.loads(arguments or "{}")
    except orjson.JSONDecodeError:
        return arguments


def _chat_writer(*, is_stream: bool) -> Any:
    messages = [{"role": "user", "content": "What was recorded."}]
    body: Any = {"model": "asked/model", "messages": messages, "stream": is_stream}
    generation: Generation = OpenAIChatSurface().read(body)
    return OpenAIChatSurface().writer(generation, _AUTHOR)


def _read_response(document: _Object) -> Reading:
    told = Reading(document, usage=_counted(document["usage"], "input", "output"))
    for item in document["output"]:
        match item["type"]:
            case "message":
                for part in item["content"]:
                    told.text += part.get("text", "")
                    told.refusal += part.get("refusal", "")
                    told.citations += part.get("annotations", ())
            case "reasoning":
                told.reasoning += "".join(part["text"] for part in _parts(item))
            case "function_call":
                told.calls.append((_flat(item), item["call_id"], parsed(item["arguments"])))
            case "custom_tool_call":
                told.calls.append((_flat(item), item["call_id"], item["input"]))
    if document["status"] == "completed":
        told.finish = "tool_calls" if told.calls else "stop"
    elif document["status"] == "incomplete":
        told.finish = _FINISH[document["incomplete_details"]["reason"]]
    else:
        told.finish = document["status"]
    return told


def _parts(item: _Object) -> Iterable[_Object]:
    return [*item["summary"], *(item.get("content") or [])]


def _flat(item: _Object) -> str:
    """The name of a call as chat has it."""
    return f"{item['namespace']}__{item['name']}" if item.get("namespace") else str(item["name"])


def _calls(message: _Object) -> list[_Object]:
    return message.get("tool_calls") or []


def _given(called: _Object) -> Any:
    return parsed(called["arguments"]) if "arguments" in called else called["input"]


def _counted(usage: _Object | None, before: str, after: str) -> tuple[int, int, int, int] | None:
    if usage is None:
        return None
    prompt, completion = usage[f"{before}_tokens"], usage[f"{after}_tokens"]
    assert usage["total_tokens"] == prompt + completion
    cached = (usage.get(f"{before}_tokens_details") or {}).get("cached_tokens") or 0
    reasoning = (usage.get(f"{after}_tokens_details") or {}).get("reasoning_tokens") or 0
    return prompt, completion, cached, reasoning
