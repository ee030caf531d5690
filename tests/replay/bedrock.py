"""What recorded answers of Bedrock's Converse say, read without any of the gateway's code."""

import json
from typing import Any

from tests.replay.recordings import Recording, recordings_of

_Object = dict[str, Any]
RECORDINGS = [*recordings_of("converse"), *recordings_of("converse_stream")]
ANSWERED = [recording for recording in RECORDINGS if recording.status == 200]
STREAMS = [recording for recording in ANSWERED if recording.is_stream]
REFUSED = [recording for recording in RECORDINGS if recording.status != 200]
_FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "guardrail_intervened": "content_filter",
}


def events(recording: Recording) -> list[tuple[str, _Object]]:
    """The events of a recorded stream, as its recorder read the frames."""
    told = recording.content()["decoded_eventstream"]
    return [(event["headers"][":event-type"], json.loads(event["payload"])) for event in told]


def whole(recording: Recording) -> _Object:
    """The plain reply: as it was recorded, or what the stream tells piece by piece."""
    if not recording.is_stream:
        reply: _Object = json.loads(recording.body())
        return reply
    blocks: dict[int, _Object] = {}
    document: _Object = {}
    for kind, payload in events(recording):
        if kind == "contentBlockStart":
            blocks[payload["contentBlockIndex"]] = _started(payload["start"])
        elif kind == "contentBlockDelta":
            _add(blocks.setdefault(payload["contentBlockIndex"], {}), payload["delta"])
        elif kind in ("messageStop", "metadata"):
            document |= {name: value for name, value in payload.items() if name != "p"}
    content = [_ended(block) for _, block in sorted(blocks.items())]
    return {**document, "output": {"message": {"role": "assistant", "content": content}}}


def _started(start: _Object) -> _Object:
    if "toolUse" in start:
        return {"toolUse": {**start["toolUse"], "input": ""}}
    return {"toolResult": {**start["toolResult"], "content": []}}


def _add(block: _Object, delta: _Object) -> None:
    match delta:
        case {"text": text}:
            block["text"] = block.get("text", "") + text
        case {"toolUse": {"input": piece}}:
            block["toolUse"]["input"] += piece
        case {"toolResult": content}:
            block["toolResult"]["content"] += content
        case {"citation": citation}:
            block.setdefault("citations", []).append(citation)
        case _:
            raise AssertionError(delta)


def _ended(block: _Object) -> _Object:
    if "toolUse" in block:
        return {"toolUse": {**block["toolUse"], "input": json.loads(block["toolUse"]["input"] or "{}")}}
    if "citations" in block:
        return {"citationsContent": {"content": [{"text": block["text"]}], "citations": block["citations"]}}
    return block


def text(reply: _Object) -> str:
    found = [block.get("text", "") for block in content(reply)]
    cited = [
        piece["text"] for block in content(reply) for piece in block.get("citationsContent", {}).get("content", ())
    ]
    return "".join([*found, *cited])


def content(reply: _Object) -> list[_Object]:
    blocks: list[_Object] = reply["output"]["message"]["content"]
    return blocks


def reasoning(reply: _Object) -> list[_Object]:
    """The blocks of reasoning, as their author wants them back."""
    return [block["reasoningContent"] for block in content(reply) if "reasoningContent" in block]


def calls(reply: _Object) -> list[tuple[str, str, Any]]:
    """The client's calls: name, id, input."""
    found = [block["toolUse"] for block in content(reply) if "toolUse" in block]
    return [(call["name"], call["toolUseId"], call["input"]) for call in found if call.get("type") != "server_tool_use"]


def hosted(reply: _Object) -> list[_Object]:
    """The calls of tools that the model's provider ran."""
    return [block["toolUse"] for block in content(reply) if block.get("toolUse", {}).get("type") == "server_tool_use"]


def finish(reply: _Object) -> str:
    return _FINISH[reply["stopReason"]]


def usage(reply: _Object) -> tuple[int, int, int, int]:
    """Prompt, completion, cached and reasoning tokens in OpenAI's meaning (facts on providers, section 0.3)."""
    told = reply["usage"]
    cached, written = told.get("cacheReadInputTokens", 0), told.get("cacheWriteInputTokens", 0)
    assert told["totalTokens"] == told["inputTokens"] + told["outputTokens"] + cached + written
    return told["inputTokens"] + cached + written, told["outputTokens"], cached, 0
