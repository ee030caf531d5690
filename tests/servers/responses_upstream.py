"""An upstream that speaks the Responses API, as strictly as OpenAI, and misbehaves on request.

The model's name is the script: `echo` answers with the last user message; the others call tools, reason, search,
refuse or break.
"""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.chat_upstream import KEY, Broken
from tests.servers.responses_strictness import complaints

_Object = dict[str, Any]
CREATED = 1_790_000_000
SUMMARY = "I had to think."
USAGE = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 3, "cache_write_tokens": 1},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 2},
    "total_tokens": 18,
}
COMPACTED = {"model", "input", "previous_response_id", "instructions", "prompt_cache_key", "service_tier"}
OPAQUE = "what only the provider reads"
SCRIPTS = (
    *("echo", "tools", "parallel-tools", "reasoning", "refusal", "length", "web-search", "custom-tool"),
    *("failed-in-stream", "error-in-stream", "cut", "end-early", "interleaved", "refuse-400", "refuse-429"),
)
CITATION: dict[str, Any] = {
    "type": "url_citation",
    "url": "https://example.org/",
    "title": "A page",
    "start_index": 0,
    "end_index": 5,
}


@dataclass
class ResponsesUpstream:
    """The server's script and its memory. Tests read `received` and `headers`."""

    received: list[_Object] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    issued: dict[str, str] = field(default_factory=dict)
    """The encrypted content of the reasoning that was told, by its id: it must come back as it was."""
    wants_strict: bool = False
    """Whether a function must say whether it is strict, as one that was translated does."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def app(self) -> Starlette:
        routes = [
            Route("/v1/responses", self.create, methods=["POST"]),
            Route("/v1/responses/compact", self.compact, methods=["POST"]),
            Route("/v1/models", self.models),
        ]
        return Starlette(routes=routes)

    @property
    def last(self) -> _Object:
        return self.received[-1]

    def forget(self) -> None:
        """Begin anew, between two tests."""
        self.received.clear()
        self.headers.clear()
        self.issued.clear()
        self.wants_strict = False

    async def models(self, request: Request) -> Response:
        data = [{"id": name, "object": "model", "created": CREATED, "owned_by": "test"} for name in SCRIPTS]
        return JSONResponse({"object": "list", "data": data})

    async def create(self, request: Request) -> Response:
        body = await request.json()
        self.headers.append(dict(request.headers))
        self.received.append(body)
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _refusal(401, "Incorrect API key provided.", "invalid_api_key")
        found = [*complaints(body, self.issued), *self._about_strictness(body)]
        if found:
            return _refusal(400, "; ".join(found), "strict_upstream")
        name = body["model"].partition(":")[0]
        if name == "refuse-400":
            return _refusal(400, "Invalid value: 'x'.", "invalid_value", "input[0].content[0]")
        if name == "refuse-429":
            return _refusal(429, "Slow down.", "rate_limit_exceeded")
        output = self._output(name, body)
        if body.get("stream"):
            events = _interleaved(output) if name == "interleaved" else (e for item in output for e in _events(*item))
            return StreamingResponse(_stream(name, body, output, events), media_type="text/event-stream")
        return JSONResponse(_response(name, body, [item for _, item in output]))

    async def compact(self, request: Request) -> Response:
        body = await request.json()
        self.received.append(body)
        if unknown := body.keys() - COMPACTED:
            return _refusal(400, f"Unknown parameter: '{min(unknown)}'.", "unknown_parameter")
        item = {"id": "cmp_of_the_provider", "type": "compaction", "encrypted_content": OPAQUE}
        compaction = {"id": "resp_c", "object": "response.compaction", "created_at": CREATED, "output": [item]}
        return JSONResponse({**compaction, "usage": USAGE})

    def _about_strictness(self, body: _Object) -> Iterator[str]:
        for tool in body.get("tools") or ():
            if self.wants_strict and tool["type"] == "function" and not isinstance(tool.get("strict"), bool):
                yield f"{tool['name']} does not say whether it is strict"

    def _output(self, name: str, body: _Object) -> list[tuple[int, _Object]]:
        return list(enumerate(self._items(name, body)))

    def _items(self, name: str, body: _Object) -> Iterator[_Object]:
        is_answered = _is_answered(body)
        if name == "reasoning":
            yield self._reasoning()
        calls = {"tools": 1, "parallel-tools": 2, "interleaved": 2, "reasoning": 1 if body.get("tools") else 0}
        if name == "custom-tool" and not is_answered:
            yield {**_head("ctc", "custom_tool_call"), "call_id": "call_0", "name": "patch", "input": "*** a\n+b"}
            return
        if name in calls and calls[name] and not is_answered:
            for i in range(calls[name]):
                item = {**_head(f"fc_{i}", "function_call"), "call_id": f"call_{i}", "name": f"f{i}"}
                yield {**item, "arguments": '{"city":"Paris"}'}
            return
        if name == "web-search":
            action = {"type": "search", "query": "weather", "queries": ["weather"]}
            yield {**_head("ws", "web_search_call"), "action": action}
        part: _Object = {"type": "output_text", "text": _said(body), "annotations": [], "logprobs": []}
        if name == "web-search":
            part["annotations"] = [CITATION]
        if name == "refusal":
            part = {"type": "refusal", "refusal": "I will not."}
        message = {**_head("msg", "message"), "role": "assistant", "phase": "final_answer", "content": [part]}
        yield {**message, "status": "incomplete"} if name == "length" else message

    def _reasoning(self) -> _Object:
        with self._lock:
            number = len(self.issued)
            item_id, encrypted = f"rs_test{number}", f"gAAAA-{number}-/+=="
            self.issued[item_id] = encrypted
        summary = [{"type": "summary_text", "text": SUMMARY}]
        return {"id": item_id, "type": "reasoning", "summary": summary, "encrypted_content": encrypted}


def _refusal(status: int, message: str, code: str, param: str | None = None) -> Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return JSONResponse({"error": error}, status)


def _head(item_id: str, kind: str) -> _Object:
    return {"id": f"{item_id}_test", "type": kind, "status": "completed"}


def _is_answered(body: _Object) -> bool:
    items = body["input"]
    return isinstance(items, list) and str(items[-1].get("type")).endswith("_output")


def _said(body: _Object) -> str:
    """The outputs of tools at the end of the input, or what the user said last."""
    if isinstance(body["input"], str):
        return body["input"]
    outputs = [
        item["output"] for item in body["input"] if str(item.get("type")).endswith("_output") and "output" in item
    ]
    if _is_answered(body):
        return " ".join(output if isinstance(output, str) else "parts" for output in outputs)
    for item in reversed(body["input"]):
        if item.get("role") == "user":
            content = item["content"]
            return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)
    return "Hello."


def _response(name: str, body: _Object, output: list[_Object], status: str | None = None) -> _Object:
    ended = status or ("incomplete" if name == "length" else "completed")
    is_over = ended != "in_progress"
    return {
        "id": "resp_test",
        "object": "response",
        "created_at": CREATED,
        "completed_at": CREATED if ended == "completed" else None,
        "status": ended,
        "error": {"code": "server_error", "message": "The engine died."} if ended == "failed" else None,
        "incomplete_details": {"reason": "max_output_tokens"} if ended == "incomplete" else None,
        "instructions": body.get("instructions"),
        "metadata": body.get("metadata") or {},
        "model": f"{body['model']}-2026-01-01",
        "output": output if is_over else [],
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "service_tier": "flex",
        "store": False,
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "x_unknown": {"kept": True},
        "usage": USAGE if is_over else None,
    }


async def _stream(name: str, body: _Object, output: list[tuple[int, _Object]], events: Iterator[_Object]) -> Any:
    begun = _response(name, body, [], "in_progress")
    told: list[_Object] = [{"type": f"response.{kind}", "response": begun} for kind in ("created", "in_progress")]
    told += events
    whole = _response(name, body, [item for _, item in output])
    told.append({"type": f"response.{whole['status']}", "response": whole})
    for number, event in enumerate(told):
        if number == 5 and name == "cut":
            raise Broken
        if number == 5 and name == "end-early":
            return
        if number == 5 and name == "failed-in-stream":
            event = {"type": "response.failed", "response": _response(name, body, [], "failed")}
        if number == 5 and name == "error-in-stream":
            event = {"type": "error", "code": "rate_limit_exceeded", "message": "Too many tokens."}
        payload = orjson.dumps({**event, "sequence_number": number})
        yield b"event: " + event["type"].encode() + b"\ndata: " + payload + b"\n\n"
        if number == 5 and name in ("failed-in-stream", "error-in-stream"):
            return


def _interleaved(output: list[tuple[int, _Object]]) -> Iterator[_Object]:
    """The items' events in turns, as llama.cpp and LM Studio have them."""
    lanes = [_events(index, item) for index, item in output]
    while lanes:
        for lane in list(lanes):
            event = next(lane, None)
            if event is None:
                lanes.remove(lane)
            else:
                yield event


def _events(index: int, item: _Object) -> Iterator[_Object]:
    """The events of one item."""
    place = {"item_id": item["id"], "output_index": index}
    zero = {"content": [], "summary": [], "arguments": "", "input": "", "status": "in_progress"}
    begun = {name: zero.get(name, value) for name, value in item.items() if name != "action"}
    if item["type"] == "reasoning":
        begun["encrypted_content"] = "gAAAA-not-yet"
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    match item["type"]:
        case "message":
            yield from _part_events({**place, "content_index": 0}, item["content"][0])
        case "reasoning":
            yield from _summary_events({**place, "summary_index": 0}, item["summary"][0])
        case "function_call":
            yield from _deltas("response.function_call_arguments", place, "arguments", item["arguments"])
        case "custom_tool_call":
            yield from _deltas("response.custom_tool_call_input", place, "input", item["input"])
        case "web_search_call":
            for step in ("in_progress", "searching", "completed"):
                yield {"type": f"response.web_search_call.{step}", **place}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _part_events(place: _Object, part: _Object) -> Iterator[_Object]:
    name = "refusal" if part["type"] == "refusal" else "text"
    empty = {**part, name: "", **({"annotations": []} if "annotations" in part else {})}
    yield {"type": "response.content_part.added", **place, "part": empty}
    more: _Object = {"logprobs": []} if name == "text" else {}
    *deltas, done = _deltas(f"response.{part['type']}", place, name, part[name])
    yield from ({**delta, **more} for delta in deltas)
    for number, annotation in enumerate(part.get("annotations", ())):
        told = {"annotation_index": number, "annotation": annotation}
        yield {"type": "response.output_text.annotation.added", **place, **told}
    yield {**done, **more}
    yield {"type": "response.content_part.done", **place, "part": part}


def _summary_events(place: _Object, part: _Object) -> Iterator[_Object]:
    yield {"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}}
    yield from _deltas("response.reasoning_summary_text", place, "text", part["text"])
    yield {"type": "response.reasoning_summary_part.done", **place, "part": part}


def _deltas(kind: str, place: _Object, name: str, text: str) -> Iterator[_Object]:
    for start in range(0, len(text), 8):
        yield {"type": f"{kind}.delta", **place, "delta": text[start : start + 8], "obfuscation": "x" * (start % 7)}
    yield {"type": f"{kind}.done", **place, name: text}
