"""The one mind on the wire of Bedrock's Converse: binary frames, reasoning that is signed."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import orjson
from starlette.requests import Request

from tests.servers.bedrock_rules import complaints
from tests.servers.chat_upstream import KEY
from tests.servers.eventstream_frames import event
from tests.servers.one_mind import Call, Said, Scribe, Tool, Transcript, image, misgivings, signature_of, spelled
from tests.servers.pieces import pieces

_Object = dict[str, Any]
_REASONS = {"stop": "end_turn", "tool_calls": "tool_use", "length": "max_tokens"}


class BedrockWire:
    """`POST /model/{model}/converse` and `/converse-stream`."""

    author = "bedrock"
    media_type = "application/vnd.amazon.eventstream"

    def read(self, body: _Object) -> Transcript:
        scribe = Scribe()
        if body.get("system"):
            scribe.say("system", _parts(body["system"]))
        for message in body["messages"]:
            blocks = message["content"]
            if message["role"] == "assistant":
                _answered(scribe, blocks)
                continue
            for block in blocks:
                if result := block.get("toolResult"):
                    scribe.output(result["toolUseId"], _parts(result["content"]))
            scribe.say("user", _parts([block for block in blocks if "toolResult" not in block]))
        specs = [tool["toolSpec"] for tool in body.get("toolConfig", {}).get("tools", ())]
        tools = [Tool(spec["name"], spec.get("description", ""), spec["inputSchema"]["json"]) for spec in specs]
        thinking = (body.get("additionalModelRequestFields") or {}).get("thinking") or {"type": "disabled"}
        return Transcript(scribe.turns, tools, may_think=thinking["type"] != "disabled")

    def complaints(self, request: Request, body: _Object, transcript: Transcript) -> Iterator[str]:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            yield "The security token included in the request is invalid."
        yield from complaints(unquote(request.path_params["model"]), body)
        yield from misgivings(transcript, self.author, is_signed=True)

    def is_stream(self, request: Request, body: _Object) -> bool:
        return bool(request.path_params["method"] == "converse-stream")

    def whole(self, said: Said, body: _Object) -> _Object:
        message = {"role": "assistant", "content": _content(said)}
        ended = {"stopReason": _REASONS[said.finish], "usage": _usage(said), "metrics": {"latencyMs": 5}}
        return {"output": {"message": message}, **ended}

    def stream(self, said: Said, body: _Object) -> Iterator[bytes]:
        yield event("messageStart", {"role": "assistant"})
        for index, block in enumerate(_content(said)):
            place = {"contentBlockIndex": index}
            if call := block.get("toolUse"):
                start = {"toolUseId": call["toolUseId"], "name": call["name"]}
                yield event("contentBlockStart", {**place, "start": {"toolUse": start}})
            for delta in _deltas(block):
                yield event("contentBlockDelta", {**place, "delta": delta})
            yield event("contentBlockStop", place)
        yield event("messageStop", {"stopReason": _REASONS[said.finish]})
        yield event("metadata", {"usage": _usage(said), "metrics": {"latencyMs": 5}})


def _answered(scribe: Scribe, blocks: list[_Object]) -> None:
    proof: str | None = None
    calls = []
    for block in blocks:
        if reasoning := block.get("reasoningContent"):
            thought = reasoning["reasoningText"]
            is_whole = thought["signature"] == signature_of(thought["text"])
            proof = thought["signature"] if is_whole else f"harmed: {thought}"
        if call := block.get("toolUse"):
            calls.append(Call(call["toolUseId"], call["name"], spelled(call["input"])))
    scribe.answered([block["text"] for block in blocks if "text" in block], calls, proof)


def _parts(blocks: list[_Object]) -> list[str]:
    parts = []
    for block in blocks:
        match block:
            case {"text": str() as text}:
                parts.append(text)
            case {"json": {"output": str() as text}}:
                parts.append(text)
            case {"json": document}:
                parts.append(spelled(document))
            case {"image": {"format": form, "source": {"bytes": data}}}:
                parts.append(image(f"image/{form}", data))
    return parts


def _content(said: Said) -> list[_Object]:
    content: list[_Object] = []
    if said.thought:
        thought = {"text": said.thought, "signature": signature_of(said.thought)}
        content.append({"reasoningContent": {"reasoningText": thought}})
    content.append({"text": said.text})
    for call in said.calls:
        given = orjson.loads(call.given)
        content.append({"toolUse": {"toolUseId": call.id, "name": call.name, "input": given}})
    return content


def _usage(said: Said) -> _Object:
    return {
        "inputTokens": said.prompt - said.cached,
        "outputTokens": said.completion,
        "totalTokens": said.prompt + said.completion,
        "cacheReadInputTokens": said.cached,
        "cacheWriteInputTokens": 0,
    }


def _deltas(block: _Object) -> Iterator[_Object]:
    match block:
        case {"text": text}:
            yield from ({"text": piece} for piece in pieces(text))
        case {"toolUse": {"input": given}}:
            yield from ({"toolUse": {"input": piece}} for piece in pieces(spelled(given)))
        case {"reasoningContent": {"reasoningText": thought}}:
            yield from ({"reasoningContent": {"text": piece}} for piece in pieces(thought["text"]))
            yield {"reasoningContent": {"signature": thought["signature"]}}
