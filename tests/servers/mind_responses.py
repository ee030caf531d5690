"""The one mind on the wire of OpenAI's Responses API, whose reasoning is encrypted."""

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request

from tests.servers.chat_upstream import KEY
from tests.servers.one_mind import Call, Said, Scribe, Tool, Transcript, image_at, misgivings, signature_of, spelled
from tests.servers.pieces import pieces
from tests.servers.responses_strictness import complaints
from tests.servers.responses_upstream import CREATED

_Object = dict[str, Any]


class ResponsesWire:
    """`POST /responses`."""

    author = "responses"
    media_type = "text/event-stream"

    def __init__(self) -> None:
        self._issued: dict[str, str] = {}

    def read(self, body: _Object) -> Transcript:
        reader = _Items()
        if body.get("instructions"):
            reader.scribe.say("system", [body["instructions"]])
        given = body["input"]
        for item in [{"role": "user", "content": given}] if isinstance(given, str) else given:
            reader.read(item)
        reader.flush()
        tools = [
            Tool(tool["name"], tool.get("description") or "", tool.get("parameters") or {})
            for tool in body.get("tools") or ()
        ]
        return Transcript(reader.scribe.turns, tools, body.get("tool_choice") != "none")

    def complaints(self, request: Request, body: _Object, transcript: Transcript) -> Iterator[str]:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            yield "Incorrect API key provided."
        yield from complaints(body, self._issued)
        yield from misgivings(transcript, self.author, is_signed=True)

    def is_stream(self, request: Request, body: _Object) -> bool:
        return bool(body.get("stream"))

    def whole(self, said: Said, body: _Object) -> _Object:
        return _response(body, said, self._items(said))

    def stream(self, said: Said, body: _Object) -> Iterator[bytes]:
        begun = _response(body, None, [])
        told: list[_Object] = [{"type": f"response.{kind}", "response": begun} for kind in ("created", "in_progress")]
        items = self._items(said)
        for index, item in enumerate(items):
            told += _events(index, item)
        whole = _response(body, said, items)
        told.append({"type": f"response.{whole['status']}", "response": whole})
        for number, event in enumerate(told):
            payload = orjson.dumps({**event, "sequence_number": number})
            yield b"event: " + event["type"].encode() + b"\ndata: " + payload + b"\n\n"

    def _items(self, said: Said) -> list[_Object]:
        number = len(self._issued)
        items: list[_Object] = []
        if said.thought:
            encrypted = signature_of(said.thought)
            self._issued[f"rs_mind{number}"] = encrypted
            summary = [{"type": "summary_text", "text": said.thought}]
            items.append(
                {"id": f"rs_mind{number}", "type": "reasoning", "summary": summary, "encrypted_content": encrypted}
            )
        status = "incomplete" if said.finish == "length" else "completed"
        part = {"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}
        head = {"id": f"msg_mind{number}", "type": "message", "status": status, "role": "assistant"}
        items.append({**head, "content": [part]})
        for i, call in enumerate(said.calls):
            head = {"id": f"fc_mind{number}_{i}", "type": "function_call", "status": "completed", "call_id": call.id}
            items.append({**head, "name": call.name, "arguments": call.given})
        return items


class _Items:
    """Reads items; what the assistant thought, said and called in a row is one turn."""

    def __init__(self) -> None:
        self.scribe = Scribe()
        self._proof: str | None = None
        self._texts: list[str] = []
        self._calls: list[Call] = []
        self._outputs: list[tuple[str, list[str]]] = []

    def read(self, item: _Object) -> None:
        kind = item.get("type", "message")
        if kind.endswith("_output"):
            self._outputs.append((item["call_id"], _parts(item["output"])))
            return
        if self._outputs:
            self.flush()
        if kind == "reasoning":
            self._proof = item.get("encrypted_content", "unsealed")
        elif kind == "function_call":
            self._calls.append(Call(item["call_id"], item["name"], spelled(orjson.loads(item["arguments"]))))
        elif item["role"] == "assistant":
            self._texts += _parts(item["content"])
        else:
            self.flush()
            self.scribe.say("user" if item["role"] == "user" else "system", _parts(item["content"]))

    def flush(self) -> None:
        if self._texts or self._calls:
            self.scribe.answered(self._texts, self._calls, self._proof)
        for call_id, parts in self._outputs:
            self.scribe.output(call_id, parts)
        self._proof, self._texts, self._calls, self._outputs = None, [], [], []


def _parts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [part["text"] if "text" in part else image_at(part["image_url"]) for part in content]


def _response(body: _Object, said: Said | None, output: list[_Object]) -> _Object:
    status = "in_progress" if said is None else "incomplete" if said.finish == "length" else "completed"
    return {
        "id": "resp_mind",
        "object": "response",
        "created_at": CREATED,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "model": body["model"],
        "output": output,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None if said is None else _usage(said),
    }


def _usage(said: Said) -> _Object:
    return {
        "input_tokens": said.prompt,
        "input_tokens_details": {"cached_tokens": said.cached},
        "output_tokens": said.completion,
        "output_tokens_details": {"reasoning_tokens": said.reasoning},
        "total_tokens": said.prompt + said.completion,
    }


def _events(index: int, item: _Object) -> Iterator[_Object]:
    """The events of one item."""
    place = {"item_id": item["id"], "output_index": index}
    empty: _Object = {"content": [], "summary": [], "arguments": "", "status": "in_progress"}
    begun = {name: empty.get(name, value) for name, value in item.items() if name != "encrypted_content"}
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    match item["type"]:
        case "message":
            part, inner = item["content"][0], {**place, "content_index": 0}
            yield {"type": "response.content_part.added", **inner, "part": {**part, "text": ""}}
            yield from _deltas("response.output_text", {**inner, "logprobs": []}, "text", part["text"])
            yield {"type": "response.content_part.done", **inner, "part": part}
        case "reasoning":
            part, inner = item["summary"][0], {**place, "summary_index": 0}
            yield {"type": "response.reasoning_summary_part.added", **inner, "part": {**part, "text": ""}}
            yield from _deltas("response.reasoning_summary_text", inner, "text", part["text"])
            yield {"type": "response.reasoning_summary_part.done", **inner, "part": part}
        case _:
            yield from _deltas("response.function_call_arguments", place, "arguments", item["arguments"])
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _deltas(kind: str, place: _Object, name: str, text: str) -> Iterator[_Object]:
    for piece in pieces(text):
        yield {"type": f"{kind}.delta", **place, "delta": piece}
    yield {"type": f"{kind}.done", **place, name: text}
