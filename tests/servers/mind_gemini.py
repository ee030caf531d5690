"""The one mind on Gemini's wire, in the Gemini API's way and in Vertex AI's, with signatures on calls and texts."""

from collections.abc import Iterator
from typing import Any

import orjson
from starlette.requests import Request

from tests.servers.gemini_rules import STAND_IN, complaints
from tests.servers.gemini_upstream import KEY, TOKEN
from tests.servers.one_mind import Call, Said, Scribe, Tool, Transcript, image, misgivings, signature_of, spelled
from tests.servers.pieces import pieces

_Object = dict[str, Any]


class GeminiWire:
    """`POST /models/{model}:generateContent`, and the same as a stream."""

    media_type = "text/event-stream"

    def __init__(self, author: str, *, is_vertex: bool) -> None:
        self.author = author
        self._is_vertex = is_vertex
        # What its ids of calls begin with.
        self._mark = "g2" if is_vertex else "g1"

    def read(self, body: _Object) -> Transcript:
        scribe = Scribe()
        if system := body.get("systemInstruction"):
            scribe.say("system", [part["text"] for part in system["parts"]])
        called: list[Call] = []
        for content in body["contents"]:
            if content["role"] == "model":
                called = self._answered(scribe, content["parts"])
                continue
            outputs = [part["functionResponse"] for part in content["parts"] if "functionResponse" in part]
            for call, output in zip(called, outputs, strict=False):
                scribe.output(call.id, [_output(output["response"])])
            scribe.say("user", [_part(part) for part in content["parts"] if "functionResponse" not in part])
        declared = [one for tool in body.get("tools", ()) for one in tool["functionDeclarations"]]
        tools = [Tool(one["name"], one.get("description", ""), _schema(one)) for one in declared]
        mode = body.get("toolConfig", {}).get("functionCallingConfig", {}).get("mode", "AUTO")
        return Transcript(scribe.turns, tools, mode != "NONE")

    def _answered(self, scribe: Scribe, parts: list[_Object]) -> list[Call]:
        signatures = {part["thoughtSignature"] for part in parts if "thoughtSignature" in part} - {STAND_IN}
        calls = []
        for number, part in enumerate(parts):
            if call := part.get("functionCall"):
                # Only calls of Gemini's have an id here.
                is_own = call.get("id", "").startswith(self._mark)
                known = f"{self.author}-thought-{number}" if is_own else f"foreign-{number}"
                calls.append(Call(known, call["name"], spelled(call["args"])))
        texts = [part["text"] for part in parts if part.get("text")]
        scribe.answered(texts, calls, "; ".join(sorted(signatures)) or None)
        return calls

    def complaints(self, request: Request, body: _Object, transcript: Transcript) -> Iterator[str]:
        is_known = (
            request.headers.get("authorization") == f"Bearer {TOKEN}"
            if self._is_vertex
            else (request.headers.get("x-goog-api-key") == KEY)
        )
        if not is_known:
            yield "Request had invalid authentication credentials."
        if self.is_stream(request, body) and request.query_params.get("alt") != "sse":
            yield "this server streams events only"
        yield from complaints(body, request.path_params["model"], is_vertex=self._is_vertex)
        yield from misgivings(transcript, self.author, is_signed=True)

    def is_stream(self, request: Request, body: _Object) -> bool:
        return bool(request.path_params["method"] == "streamGenerateContent")

    def whole(self, said: Said, body: _Object) -> _Object:
        return _document(self._parts(said, body), _usage(said), _finish(said))

    def stream(self, said: Said, body: _Object) -> Iterator[bytes]:
        """The answer in pieces; the signature of a text comes at the end, in a part that has no text."""
        *first, last = [piece for part in self._parts(said, body) for piece in _pieces(part)]
        for part in first:
            yield _event(_document([part], {"promptTokenCount": said.prompt, "totalTokenCount": said.prompt}, None))
        yield _event(_document([last], _usage(said), _finish(said)))

    def _parts(self, said: Said, body: _Object) -> list[_Object]:
        shows = body.get("generationConfig", {}).get("thinkingConfig", {}).get("includeThoughts")
        parts: list[_Object] = [{"text": said.thought, "thought": True}] if shows else []
        signed = {"thoughtSignature": signature_of(said.thought)}
        parts.append({"text": said.text, **({} if said.calls else signed)})
        for number, call in enumerate(said.calls):
            digits = int.from_bytes(call.id.encode()) % 1_000_000
            function = {"id": f"{self._mark}{digits:06}", "name": call.name, "args": orjson.loads(call.given)}
            # Only the first of several calls is signed.
            parts.append({"functionCall": function, **(signed if number == 0 else {})})
        return parts


def _part(part: _Object) -> str:
    if "text" in part:
        return str(part["text"])
    return image(part["inlineData"]["mimeType"], part["inlineData"]["data"])


def _output(response: _Object) -> str:
    if response.keys() <= {"result", "error"} and isinstance(next(iter(response.values())), str):
        return str(next(iter(response.values())))
    return spelled(response)


def _schema(declaration: _Object) -> _Object:
    schema: _Object = declaration.get("parametersJsonSchema") or declaration.get("parameters") or {}
    return schema


def _pieces(part: _Object) -> Iterator[_Object]:
    if "text" not in part:
        yield part
        return
    thought = {"thought": True} if part.get("thought") else {}
    yield from ({"text": piece, **thought} for piece in pieces(part["text"]))
    if "thoughtSignature" in part:
        yield {"text": "", "thoughtSignature": part["thoughtSignature"]}


def _finish(said: Said) -> str:
    return "MAX_TOKENS" if said.finish == "length" else "STOP"


def _usage(said: Said) -> _Object:
    return {
        "promptTokenCount": said.prompt,
        "cachedContentTokenCount": said.cached,
        "candidatesTokenCount": said.completion - said.reasoning,
        "thoughtsTokenCount": said.reasoning,
        "totalTokenCount": said.prompt + said.completion,
    }


def _document(parts: list[_Object], usage: _Object, finish: str | None) -> _Object:
    candidate: _Object = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "mind", "responseId": "made-up"}


def _event(document: _Object) -> bytes:
    return b"data: " + orjson.dumps(document) + b"\r\n\r\n"
