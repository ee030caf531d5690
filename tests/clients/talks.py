"""One conversation through one of the doors of the gateway: what is asked and given is the same at each of them."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx
from openai import OpenAI

from tests.clients.contract import chat_chunks, response_events
from tests.servers.one_mind import spelled

_Object = dict[str, Any]
Post = Callable[[_Object], _Object]
"""Sends a body, and gives the whole answer, however it came."""


@dataclass(frozen=True)
class Picture:
    """An image by its data: URL."""

    url: str


Parts = Sequence[str | Picture]


@dataclass(frozen=True)
class Answered:
    """An answer, as far as it is the same at every door and from every provider."""

    text: str
    calls: tuple[tuple[str, str], ...]
    finish: str
    tokens: tuple[int, int, int, int]
    """Of the prompt, of those the cached, of the answer, all."""
    reasoning_tokens: int = 0
    thought: str = ""


class Talk(Protocol):
    """A conversation that goes on. `asked` are the fields of every request."""

    asked: _Object

    def ask(self, parts: Parts, **more: Any) -> Answered:
        """Say something as the user."""
        ...

    def give(self, outputs: Sequence[Parts], **more: Any) -> Answered:
        """Give the outputs of the calls of the last answer, in their order."""
        ...


@dataclass
class ChatTalk:
    """A conversation by chat messages; answers go back as they came."""

    post: Post
    asked: _Object
    messages: list[_Object] = field(default_factory=list)

    def ask(self, parts: Parts, **more: Any) -> Answered:
        self.messages.append({"role": "user", "content": _chat_content(parts)})
        return self._send(more)

    def give(self, outputs: Sequence[Parts], **more: Any) -> Answered:
        told = [*zip(self.messages[-1]["tool_calls"], outputs, strict=True)]
        # The last tool is the first to be ready.
        for call, output in reversed(told):
            self.messages.append({"role": "tool", "tool_call_id": call["id"], "content": _chat_content(output)})
        return self._send(more)

    def _send(self, more: _Object) -> Answered:
        answer = self.post({**self.asked, "messages": self.messages, **more})
        message = answer["choices"][0]["message"]
        self.messages.append({name: value for name, value in message.items() if value is not None})
        return of_chat(answer)


def of_chat(answer: _Object) -> Answered:
    """What a chat completion says."""
    (choice,) = answer["choices"]
    message = choice["message"]
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    usage = answer["usage"]
    cached = usage["prompt_tokens_details"]["cached_tokens"]
    return Answered(
        message.get("content") or "",
        tuple((one["name"], spelled(json.loads(one["arguments"]))) for one in functions),
        choice["finish_reason"],
        (usage["prompt_tokens"], cached, usage["completion_tokens"], usage["total_tokens"]),
        usage["completion_tokens_details"]["reasoning_tokens"],
        message.get("reasoning_content") or "",
    )


@dataclass
class ResponsesTalk:
    """A conversation by items: `input` sends everything again, `previous` and `conversation` what is new."""

    post: Post
    asked: _Object
    way: str
    items: list[_Object] = field(default_factory=list)
    last: _Object = field(default_factory=dict)

    def ask(self, parts: Parts, **more: Any) -> Answered:
        return self._send([{"role": "user", "content": _items_content(parts)}], more)

    def give(self, outputs: Sequence[Parts], **more: Any) -> Answered:
        calls = [item for item in self.last["output"] if item["type"] == "function_call"]
        new = [
            {"type": "function_call_output", "call_id": call["call_id"], "output": _items_content(output)}
            for call, output in reversed([*zip(calls, outputs, strict=True)])
        ]
        return self._send(new, more)

    def _send(self, new: list[_Object], more: _Object) -> Answered:
        self.items += new
        body: _Object = {**self.asked, "input": self.items, "store": False}
        if self.way != "input":
            body = {**self.asked, "input": new}
        if self.way == "previous" and self.last:
            body["previous_response_id"] = self.last["id"]
        self.last = self.post({**body, **more})
        self.items += self.last["output"]
        return of_response(self.last)


def of_response(response: _Object) -> Answered:
    """What a response says."""
    kinds: dict[str, list[_Object]] = {"message": [], "function_call": [], "reasoning": []}
    for item in response["output"]:
        kinds[item["type"]].append(item)
    calls = tuple((call["name"], spelled(json.loads(call["arguments"]))) for call in kinds["function_call"])
    thoughts = [part for item in kinds["reasoning"] for part in (*item["summary"], *(item.get("content") or ()))]
    usage = response["usage"]
    cached = usage["input_tokens_details"]["cached_tokens"]
    return Answered(
        "".join(part["text"] for message in kinds["message"] for part in message["content"]),
        calls,
        "tool_calls" if calls else _FINISHES[response["status"]],
        (usage["input_tokens"], cached, usage["output_tokens"], usage["total_tokens"]),
        usage["output_tokens_details"]["reasoning_tokens"],
        "".join(part["text"] for part in thoughts),
    )


_FINISHES = {"completed": "stop", "incomplete": "length"}


def _chat_content(parts: Parts) -> Any:
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return [
        {"type": "text", "text": part}
        if isinstance(part, str)
        else {"type": "image_url", "image_url": {"url": part.url}}
        for part in parts
    ]


def _items_content(parts: Parts) -> Any:
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return [
        {"type": "input_text", "text": part}
        if isinstance(part, str)
        else {"type": "input_image", "image_url": part.url}
        for part in parts
    ]


def chat_by_sdk(sdk: OpenAI, *, is_stream: bool) -> Post:
    """Chat by the official SDK."""

    def post(body: _Object) -> _Object:
        if not is_stream:
            whole: _Object = sdk.chat.completions.create(**body).model_dump(exclude_none=True)
            return whole
        with sdk.chat.completions.stream(**body, stream_options={"include_usage": True}) as stream:
            stream.until_done()
            # What the SDK calls final it refuses to give where the answer was cut off.
            told: _Object = stream.current_completion_snapshot.model_dump(exclude_none=True, warnings=False)
        for choice in told["choices"]:
            choice["message"].pop("parsed", None)
            for call in choice["message"].get("tool_calls", ()):
                call.pop("index", None)
                call["function"].pop("parsed_arguments", None)
        return told

    return post


def chat_by_http(client: httpx.Client, *, is_stream: bool, path: str = "/v1/chat/completions") -> Post:
    """Chat as plain HTTP; chunks are put together as a simple client does it."""

    def post(body: _Object) -> _Object:
        if not is_stream:
            return _read(client.post(path, json=body))
        asked = {**body, "stream": True, "stream_options": {"include_usage": True}}
        with client.stream("POST", path, json=asked) as reply:
            assert reply.status_code == 200, reply.read()
            return _put_together(chat_chunks(reply.iter_lines()))

    return post


def _put_together(chunks: Iterable[_Object]) -> _Object:
    message: _Object = {"role": "assistant"}
    whole: _Object = {}
    calls: dict[int, _Object] = {}
    for chunk in chunks:
        whole["usage"] = chunk.get("usage") or whole.get("usage")
        for choice in chunk["choices"]:
            whole["finish_reason"] = choice["finish_reason"] or whole.get("finish_reason")
            for name, value in choice["delta"].items():
                if name == "tool_calls":
                    for piece in value:
                        call = calls.setdefault(piece["index"], {"type": "function", "function": {"arguments": ""}})
                        call |= {"id": piece["id"]} if piece.get("id") else {}
                        function = piece["function"]
                        call["function"] |= {"name": function["name"]} if function.get("name") else {}
                        call["function"]["arguments"] += function.get("arguments") or ""
                elif name != "role" and value is not None:
                    message[name] = message[name] + value if name in message else value
    if calls:
        message["tool_calls"] = [calls[index] for index in sorted(calls)]
    choice = {"index": 0, "message": message, "finish_reason": whole["finish_reason"]}
    return {"choices": [choice], "usage": whole["usage"]}


def responses_by_sdk(sdk: OpenAI, *, is_stream: bool) -> Post:
    """Responses by the official SDK."""

    def post(body: _Object) -> _Object:
        if not is_stream:
            whole: _Object = sdk.responses.create(**body).model_dump(exclude_none=True)
            return whole
        with sdk.responses.create(**body, stream=True) as stream:
            last = [*stream][-1]
        told: _Object = last.model_dump(exclude_none=True)["response"]
        return told

    return post


def responses_by_http(client: httpx.Client, *, is_stream: bool, path: str = "/v1/responses") -> Post:
    """Responses as plain HTTP."""

    def post(body: _Object) -> _Object:
        if not is_stream:
            return _read(client.post(path, json=body))
        with client.stream("POST", path, json={**body, "stream": True}) as reply:
            assert reply.status_code == 200, reply.read()
            told: _Object = response_events(reply.iter_lines())[-1]["response"]
            return told

    return post


def _read(reply: httpx.Response) -> _Object:
    assert reply.status_code == 200, reply.text
    document: _Object = reply.json()
    return document
