"""The one mind on Cohere's wire, whose thinking is a part of the content and wants to come back as one."""

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request

from tests.servers.chat_upstream import KEY
from tests.servers.cohere_rules import complaints
from tests.servers.one_mind import Call, Said, Scribe, Tool, Transcript, image_at, misgivings, spelled
from tests.servers.pieces import pieces

_Object = dict[str, Any]
_REASONS = {"stop": "COMPLETE", "tool_calls": "TOOL_CALL", "length": "MAX_TOKENS"}


class CohereWire:
    """`POST /v2/chat`."""

    author = "cohere"
    media_type = "text/event-stream"

    def read(self, body: _Object) -> Transcript:
        scribe = Scribe()
        for message in body["messages"]:
            parts = _parts(message.get("content"))
            match message["role"]:
                case "assistant":
                    calls = [_call(call) for call in message.get("tool_calls", ())]
                    scribe.answered(parts, calls, _thinking(message.get("content")))
                case "tool":
                    scribe.output(message["tool_call_id"], parts)
                case role:
                    scribe.say(role, parts)
        functions = [tool["function"] for tool in body.get("tools", ())]
        tools = [Tool(one["name"], one.get("description", ""), one["parameters"]) for one in functions]
        may_think = (body.get("thinking") or {}).get("type") != "disabled"
        return Transcript(scribe.turns, tools, body.get("tool_choice") != "NONE", may_think)

    def complaints(self, request: Request, body: _Object, transcript: Transcript) -> Iterator[str]:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            yield "invalid api token"
        yield from complaints(body)
        yield from misgivings(transcript, self.author, is_signed=False)

    def is_stream(self, request: Request, body: _Object) -> bool:
        return bool(body.get("stream"))

    def whole(self, said: Said, body: _Object) -> _Object:
        content: list[_Object] = [{"type": "thinking", "thinking": said.thought}] if said.thought else []
        message: _Object = {"role": "assistant", "content": [*content, {"type": "text", "text": said.text}]}
        if said.calls:
            message["tool_calls"] = [_written(call, call.given) for call in said.calls]
        return {"id": "answer-1", "message": message, "finish_reason": _REASONS[said.finish], "usage": _usage(said)}

    def stream(self, said: Said, body: _Object) -> Iterator[bytes]:
        for event in _events(self.whole(said, body)):
            yield b"event: " + event["type"].encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"


def _parts(content: Any) -> list[str]:
    if isinstance(content, str):
        return [content]
    return [
        part["text"] if part["type"] == "text" else image_at(part["image_url"]["url"])
        for part in content or ()
        if part["type"] != "thinking"
    ]


def _thinking(content: Any) -> str | None:
    parts = content if isinstance(content, list) else []
    return next((part["thinking"] for part in parts if part["type"] == "thinking"), None)


def _call(call: _Object) -> Call:
    return Call(call["id"], call["function"]["name"], spelled(orjson.loads(call["function"]["arguments"])))


def _written(call: Call, given: str) -> _Object:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": given}}


def _usage(said: Said) -> _Object:
    tokens = {"input_tokens": said.prompt, "output_tokens": said.completion, "reasoning_tokens": said.reasoning}
    billed = {"input_tokens": said.prompt, "output_tokens": said.completion}
    return {"billed_units": billed, "tokens": tokens, "cached_tokens": said.cached}


def _events(whole: _Object) -> Iterator[_Object]:
    message = whole["message"]
    begun = {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}
    yield {"id": whole["id"], "type": "message-start", "delta": {"message": begun}}
    for index, part in enumerate(message["content"]):
        kind = part["type"]
        yield _event("content-start", index, {"content": {"type": kind, kind: ""}})
        for piece in pieces(part[kind]):
            yield _event("content-delta", index, {"content": {kind: piece}})
        yield {"type": "content-end", "index": index}
    for index, call in enumerate(message.get("tool_calls", ())):
        function = {"name": call["function"]["name"], "arguments": ""}
        yield _event("tool-call-start", index, {"tool_calls": {**call, "function": function}})
        for piece in pieces(call["function"]["arguments"]):
            yield _event("tool-call-delta", index, {"tool_calls": {"function": {"arguments": piece}}})
        yield {"type": "tool-call-end", "index": index}
    yield {"type": "message-end", "delta": {"finish_reason": whole["finish_reason"], "usage": whole["usage"]}}


def _event(kind: str, index: int, message: _Object) -> _Object:
    return {"type": kind, "index": index, "delta": {"message": message}}
