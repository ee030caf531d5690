"""The one mind on Anthropic's wire, with thinking that is signed."""

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request

from tests.servers.anthropic_rules import complaints
from tests.servers.chat_upstream import KEY
from tests.servers.one_mind import Call, Said, Scribe, Tool, Transcript, image, misgivings, signature_of, spelled
from tests.servers.pieces import pieces

_Object = dict[str, Any]
_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}


class AnthropicWire:
    """`POST /v1/messages`."""

    author = "anthropic"
    media_type = "text/event-stream"

    def read(self, body: _Object) -> Transcript:
        scribe = Scribe()
        if body.get("system"):
            scribe.say("system", _parts(body["system"]))
        for message in body["messages"]:
            blocks = _blocks(message["content"])
            if message["role"] == "assistant":
                _answered(scribe, blocks)
                continue
            for block in blocks:
                if block["type"] == "tool_result":
                    scribe.output(block["tool_use_id"], _parts(block["content"]))
            scribe.say(message["role"], _parts([block for block in blocks if block["type"] != "tool_result"]))
        tools = [
            Tool(tool["name"], tool.get("description", ""), tool["input_schema"]) for tool in body.get("tools") or ()
        ]
        thinking = (body.get("thinking") or {}).get("type", "disabled")
        choice = (body.get("tool_choice") or {}).get("type", "auto")
        return Transcript(scribe.turns, tools, choice != "none", thinking != "disabled")

    def complaints(self, request: Request, body: _Object, transcript: Transcript) -> Iterator[str]:
        if request.headers.get("x-api-key") != KEY:
            yield "invalid x-api-key"
        if request.headers.get("anthropic-version") != "2023-06-01":
            yield "anthropic-version: header is required"
        yield from complaints(body, is_newest=body["model"].startswith(("claude-opus-4-8", "claude-fable")))
        yield from misgivings(transcript, self.author, is_signed=True)

    def is_stream(self, request: Request, body: _Object) -> bool:
        return bool(body.get("stream"))

    def whole(self, said: Said, body: _Object) -> _Object:
        head = {"id": "msg_mind", "type": "message", "role": "assistant", "model": body["model"]}
        ended = {"stop_reason": _REASONS[said.finish], "stop_sequence": None}
        return {**head, "content": _content(said), **ended, "usage": _usage(said)}

    def stream(self, said: Said, body: _Object) -> Iterator[bytes]:
        whole = self.whole(said, body)
        before = {**whole["usage"], "output_tokens": 1}
        begun = {**whole, "content": [], "stop_reason": None, "usage": before}
        yield _event({"type": "message_start", "message": begun})
        for index, block in enumerate(whole["content"]):
            empty, deltas = _begun(block)
            yield _event({"type": "content_block_start", "index": index, "content_block": empty})
            for delta in deltas:
                yield _event({"type": "content_block_delta", "index": index, "delta": delta})
            yield _event({"type": "content_block_stop", "index": index})
        ended = {name: whole[name] for name in ("stop_reason", "stop_sequence")}
        yield _event({"type": "message_delta", "delta": ended, "usage": whole["usage"]})
        yield _event({"type": "message_stop"})


def _answered(scribe: Scribe, blocks: list[_Object]) -> None:
    proof: str | None = None
    for block in blocks:
        if block["type"] == "thinking":
            is_whole = block["signature"] == signature_of(block["thinking"])
            proof = block["signature"] if is_whole else f"harmed: {block}"
    texts = [block["text"] for block in blocks if block["type"] == "text"]
    calls = [
        Call(block["id"], block["name"], spelled(block["input"])) for block in blocks if block["type"] == "tool_use"
    ]
    scribe.answered(texts, calls, proof)


def _blocks(content: Any) -> list[_Object]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _parts(content: Any) -> list[str]:
    return [
        block["text"] if block["type"] == "text" else image(block["source"]["media_type"], block["source"]["data"])
        for block in _blocks(content)
    ]


def _content(said: Said) -> list[_Object]:
    content: list[_Object] = []
    if said.thought:
        content.append({"type": "thinking", "thinking": said.thought, "signature": signature_of(said.thought)})
    content.append({"type": "text", "text": said.text})
    for call in said.calls:
        content.append({"type": "tool_use", "id": call.id, "name": call.name, "input": orjson.loads(call.given)})
    return content


def _usage(said: Said) -> _Object:
    return {
        "input_tokens": said.prompt - said.cached,
        "cache_read_input_tokens": said.cached,
        "cache_creation_input_tokens": 0,
        "output_tokens": said.completion,
        "output_tokens_details": {"thinking_tokens": said.reasoning},
    }


def _begun(block: _Object) -> tuple[_Object, list[_Object]]:
    """A block as it begins, and the deltas that complete it."""
    match block["type"]:
        case "text":
            return {**block, "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces(block["text"])]
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces(block["thinking"])]
            signed = {"type": "signature_delta", "signature": block["signature"]}
            return {"type": "thinking", "thinking": "", "signature": ""}, [*deltas, signed]
        case _:
            written = spelled(block["input"])
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces(written))]
            return {**block, "input": {}}, deltas


def _event(event: _Object) -> bytes:
    return b"event: " + str(event["type"]).encode() + b"\ndata: " + orjson.dumps(event) + b"\n\n"
