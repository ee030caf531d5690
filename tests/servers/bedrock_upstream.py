"""An upstream that speaks Bedrock's Converse, as strictly as Bedrock, and misbehaves on request.

The model's name, or what follows its last dot, is the script: `echo` answers with the last user message; `tool` and
`think` call the first tool on offer and answer with its output, `think` only if its reasoning came back as it was
told; the others break. A request is let in by a bearer key, or by a signature that botocore finds right.
"""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import unquote

import orjson
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.servers.bedrock_rules import complaints
from tests.servers.chat_upstream import KEY, Broken
from tests.servers.eventstream_frames import event, exception
from tests.servers.memory import Memory

_Object = dict[str, Any]
ACCESS_KEY, SECRET_KEY, REGION = "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "eu-central-1"
SCRIPTS = ("echo", "tool", "think", "length", "stall", "cut", "throttle", "overloaded", "late-error", "damaged")
THOUGHT = "I had to think. ✓"
SIGNATURE = "EpMCCl0IDRABGAIqQKKo+signed=="
USAGE = {
    "inputTokens": 8,
    "outputTokens": 7,
    "totalTokens": 18,
    "cacheReadInputTokens": 2,
    "cacheWriteInputTokens": 1,
}
_SEGMENT = re.compile(r"/model/([^/]+)/(converse|converse-stream)")


class BedrockUpstream(Memory):
    """The server's script."""

    @property
    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/foundation-models", self.models, methods=["GET"]),
                Route("/model/{rest:path}", self.converse, methods=["POST"]),
            ]
        )

    async def models(self, request: Request) -> Response:
        if not is_let_in(request, b""):
            return _refusal(
                403, "UnrecognizedClientException", "The security token included in the request is invalid."
            )
        text = {"modelName": "A model", "outputModalities": ["TEXT"], "inputModalities": ["TEXT"]}
        summaries = [{"modelArn": f"arn:aws:bedrock:::{name}", "modelId": name, **text} for name in SCRIPTS]
        return JSONResponse({"modelSummaries": [*summaries, {"modelId": "embed", "outputModalities": ["EMBEDDING"]}]})

    async def converse(self, request: Request) -> Response:
        raw, path = await request.body(), request.scope["raw_path"].decode()
        body = orjson.loads(raw)
        self.requests.append({"path": path, "headers": dict(request.headers), "body": body})
        if not is_let_in(request, raw):
            return _refusal(403, "InvalidSignatureException", f"The signature does not match: {SECRET_KEY}")
        found = _SEGMENT.fullmatch(path)
        if found is None or ":" in path:
            return _refusal(404, "UnknownOperationException", "There is no such operation.")
        model = unquote(found[1])
        name = next((script for script in SCRIPTS if script == model or model.endswith(f".{script}")), None)
        refusal = _refused(name, model, body)
        if refusal is not None:
            return refusal
        assert name is not None
        content, reason = _answer(name, body)
        if found[2] == "converse":
            if name == "stall":
                await self.stall(request)
            message = {"message": {"role": "assistant", "content": content}}
            whole = {"output": message, "stopReason": reason, "usage": USAGE, "metrics": {"latencyMs": 5}}
            return JSONResponse({**whole, "serviceTier": {"type": "default"}})
        frames = self._stream(request, name, content, reason)
        return StreamingResponse(frames, media_type="application/vnd.amazon.eventstream")

    async def _stream(self, request: Request, name: str, content: list[_Object], reason: str) -> AsyncIterator[bytes]:
        frames = list(_frames(content, reason))
        if name in ("stall", "cut", "late-error", "damaged"):
            for first in frames[:2]:
                yield first
        match name:
            case "stall":
                await self.stall(request)
            case "cut":
                yield frames[2][:20]
                raise Broken
            case "late-error":
                yield exception("serviceUnavailableException", "Too much is going on.")
            case "damaged":
                yield frames[2][:-6] + b"x" + frames[2][-5:]
            case _:
                for one in frames:
                    yield one


def is_let_in(request: Request, body: bytes) -> bool:
    """Whether the key is right, or botocore would have signed this request so."""
    given = request.headers.get("authorization", "")
    if given.startswith("Bearer "):
        return given == f"Bearer {KEY}"
    signed = re.search(r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$", given)
    if signed is None:
        return False
    names = signed[1].split(";")
    if not {"host", "x-amz-date"} <= set(names) or any(name not in request.headers for name in names):
        return False
    url = f"http://{request.headers['host']}{request.scope['raw_path'].decode()}"
    again = AWSRequest(request.method, url, {name: request.headers[name] for name in names if name != "host"}, body)
    again.context["timestamp"] = request.headers["x-amz-date"]
    auth = SigV4Auth(Credentials(ACCESS_KEY, SECRET_KEY), "bedrock", REGION)
    is_ours = given.startswith(
        f"AWS4-HMAC-SHA256 Credential={ACCESS_KEY}/{request.headers['x-amz-date'][:8]}/{REGION}/"
    )
    return is_ours and auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again) == signed[2]


def _refusal(status: int, kind: str, message: str) -> Response:
    headers = {"x-amzn-errortype": f"{kind}:http://internal.amazon.com/coral/com.amazon.bedrock/"}
    return JSONResponse({"message": message}, status, headers)


def _refused(name: str | None, model: str, body: _Object) -> Response | None:
    match name:
        case None:
            return _refusal(400, "ValidationException", "The provided model identifier is invalid.")
        case "throttle":
            return _refusal(429, "ThrottlingException", "Too many requests, please wait before trying again.")
        case "overloaded":
            return _refusal(503, "ServiceUnavailableException", "Bedrock is unable to process your request.")
    found = [*complaints(model, body), *(_about_reasoning(body) if name == "think" else ())]
    return _refusal(400, "ValidationException", "; ".join(found)) if found else None


def _about_reasoning(body: _Object) -> Iterator[str]:
    """Within a tool loop, the reasoning before the calls must be there as it was told."""
    messages = body["messages"]
    expected = {"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}}
    if any("toolResult" in block for block in messages[-1]["content"]) and messages[-2]["content"][0] != expected:
        yield "messages.1.content.0.type: Expected `thinking`, but found `tool_use`."


def _answer(name: str, body: _Object) -> tuple[list[_Object], str]:
    """The whole answer, and why it ends; a stream tells the same."""
    blocks: list[_Object] = []
    if name == "think":
        blocks.append({"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}})
    outputs = [block["toolResult"] for block in body["messages"][-1]["content"] if "toolResult" in block]
    config = body.get("toolConfig", {})
    tools = [tool["toolSpec"] for tool in config.get("tools", ()) if "toolSpec" in tool]
    choice = config.get("toolChoice", {"auto": {}})
    wants_call = "auto" not in choice or (name in ("tool", "think") and not outputs)
    if tools and wants_call:
        called = next((tool for tool in tools if tool["name"] == choice.get("tool", {}).get("name")), tools[0])
        given = sample(called["inputSchema"]["json"])
        call_id = f"tooluse_{len(body['messages'])}"
        return [*blocks, {"toolUse": {"toolUseId": call_id, "name": called["name"], "input": given}}], "tool_use"
    text = " ".join(_text(output["content"]) for output in outputs) or f"I was given {_last_words(body)}."
    if "outputConfig" in body:
        text = _in_form(orjson.loads(body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]))
    elif words := [block["text"] for block in body.get("system", ()) if "JSON schema:\n" in block.get("text", "")]:
        schema = words[-1].partition("JSON schema:\n")[2]
        text = f"```json\n{_in_form(orjson.loads(schema))}\n```"
    return [*blocks, {"text": text}], "max_tokens" if name == "length" else "end_turn"


def _in_form(schema: _Object) -> str:
    return orjson.dumps(sample(schema)).decode()


def sample(schema: _Object) -> Any:
    """The simplest value that a schema allows."""
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: sample(inner) for name, inner in schema.get("properties", {}).items()}
        case "array":
            return [sample(schema.get("items", {}))]
        case "integer" | "number":
            return 7
        case "boolean":
            return True
        case _:
            return "Paris"


def _text(content: list[_Object]) -> str:
    return "".join(
        block["text"] if "text" in block else str(block["json"]) for block in content if {"text", "json"} & block.keys()
    )


def _last_words(body: _Object) -> str:
    said = [message for message in body["messages"] if message["role"] == "user"]
    return _text(said[-1]["content"])


def _frames(content: list[_Object], reason: str) -> Iterator[bytes]:
    """Only calls have a start; the metadata comes when all is said."""
    yield event("messageStart", {"role": "assistant"})
    for index, block in enumerate(content):
        place = {"contentBlockIndex": index}
        if "toolUse" in block:
            call = block["toolUse"]
            start = {"toolUseId": call["toolUseId"], "name": call["name"]}
            yield event("contentBlockStart", {**place, "start": {"toolUse": start}})
        for delta in _deltas(block):
            yield event("contentBlockDelta", {**place, "delta": delta})
        yield event("contentBlockStop", place)
    yield event("messageStop", {"stopReason": reason})
    yield event("metadata", {"usage": USAGE, "metrics": {"latencyMs": 5}, "serviceTier": {"type": "default"}})


def _deltas(block: _Object) -> Iterator[_Object]:
    match block:
        case {"text": text}:
            yield from ({"text": piece} for piece in _pieces(text))
        case {"toolUse": {"input": given}}:
            yield from ({"toolUse": {"input": piece}} for piece in _pieces(orjson.dumps(given).decode()))
        case {"reasoningContent": {"reasoningText": thought}}:
            yield from ({"reasoningContent": {"text": piece}} for piece in _pieces(thought["text"]))
            yield {"reasoningContent": {"signature": thought["signature"]}}


def _pieces(text: str) -> list[str]:
    return [text[start : start + 5] for start in range(0, len(text), 5)]
