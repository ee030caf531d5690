"""The chat request is open where OpenAI's API grows, and exact where a mistake can be named."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

BUNDLE: dict[str, Any] = json.loads((Path(__file__).parents[2] / "generated" / "openapi.json").read_text())
USER = {"role": "user", "content": "Hello"}


def validator(name: str) -> jsonschema_rs.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": BUNDLE["components"]}
    return jsonschema_rs.Draft202012Validator(schema)


CHAT = validator("CreateChatCompletionRequest")
PROPERTIES = frozenset(BUNDLE["components"]["schemas"]["CreateChatCompletionRequest"]["properties"])


def body(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"model": "embedded/smollm2-135m-instruct", "messages": list(messages) or [USER], **fields}


def leaves(errors: Any) -> Iterator[tuple[str, str]]:
    """Path and message of every single failure in every branch."""
    for error in errors:
        context = getattr(error.kind, "context", None)
        if context:
            for branch in context:
                yield from leaves(branch)
        else:
            yield ".".join(map(str, error.instance_path)), error.message


CALL = {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}

ACCEPTED: dict[str, dict[str, Any]] = {
    "a plain question": body(),
    "every role": body(
        {"role": "developer", "content": "Be brief."},
        {"role": "system", "content": [{"type": "text", "text": "Be kind."}]},
        {"role": "user", "content": "Hi", "name": "ann"},
        {"role": "assistant", "content": "Hello", "refusal": None},
        {"role": "function", "name": "look", "content": None},
    ),
    "a round of tool calls": body(
        USER,
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "found"},
        tools=[
            {
                "type": "function",
                "function": {"name": "look", "parameters": {"type": "object"}, "strict": True},
            }
        ],
        tool_choice={"type": "function", "function": {"name": "look"}},
        parallel_tool_calls=False,
    ),
    "a custom tool": body(tools=[{"type": "custom", "custom": {"name": "sh"}}], tool_choice="required"),
    "a tool of an unknown type": body(tools=[{"type": "web_search_2031", "depth": 3}], tool_choice={"type": "web"}),
    "an image, a recording and a file": body(
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
                {"type": "file", "file": {"file_id": "file-1"}},
            ],
        }
    ),
    "content of an unknown type": body({"role": "user", "content": [{"type": "video_url", "video_url": {}}]}),
    "a tool that shows an image": body(
        {
            "role": "tool",
            "tool_call_id": "c",
            "content": [{"type": "image_url", "image_url": {"url": "data:,"}}],
        }
    ),
    "a schema for the answer": body(
        response_format={"type": "json_schema", "json_schema": {"name": "a", "schema": {}, "strict": True}}
    ),
    "fields that no one knows": body({**USER, "cache": True}, top_k=4, provider={"order": ["x"]}),
    "sampling": body(temperature=0, top_p=1, n=2, seed=-1, stop=["a", "b"], logprobs=True, top_logprobs=20),
    "a stream": body(stream=True, stream_options={"include_usage": True}),
    "a long end user": body(metadata={"waystone": "x" * 5000, "order": "7"}),
    "null everywhere": body(
        {"role": "assistant", "content": None, "tool_calls": None, "audio": None, "function_call": None},
        **dict.fromkeys(PROPERTIES - {"model", "messages"}),
    ),
}

REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "no messages": (body() | {"messages": []}, "messages", "[] has less than 1 item"),
    "an unknown role": (body({"role": "robot", "content": "x"}), "messages.0.role", '"user" was expected'),
    "no content": (body({"role": "user"}), "messages.0", '"content" is a required property'),
    "an answer to no call": (
        body({"role": "tool", "content": "x"}),
        "messages.0",
        '"tool_call_id" is a required property',
    ),
    "an image as a string": (
        body({"role": "user", "content": [{"type": "image_url", "image_url": "http://a/b.png"}]}),
        "messages.0.content.0.image_url",
        '"http://a/b.png" is not of type "object"',
    ),
    "content without a type": (
        body({"role": "user", "content": [{"text": "x"}]}),
        "messages.0.content.0",
        '"type" is a required property',
    ),
    "a function tool in the Responses shape": (
        body(tools=[{"type": "function", "name": "look"}]),
        "tools.0",
        '"function" is a required property',
    ),
    "an unknown choice of tool": (body(tool_choice="maybe"), "tool_choice", '"maybe" is not one of'),
    "a schema without a name": (
        body(response_format={"type": "json_schema", "json_schema": {"schema": {}}}),
        "response_format.json_schema",
        '"name" is a required property',
    ),
    "metadata that is too long": (
        body(metadata={"a": "x" * 513}),
        "metadata.a",
        "is longer than 512 characters",
    ),
    "a key that is too long": (body(metadata={"a" * 65: "x"}), "metadata", "is longer than 64 characters"),
    "too much metadata": (
        body(metadata={str(n): "" for n in range(17)}),
        "metadata",
        "more than 16 properties",
    ),
    "half an answer": (body(n=1.5), "n", "1.5 is not of type"),
    "too hot": (body(temperature=2.1), "temperature", "2.1 is greater than the maximum of 2"),
    "too many stops": (body(stop=list("abcde")), "stop", "has more than 4 items"),
}


@pytest.mark.parametrize("case", ACCEPTED)
def test_chat_accepts(case: str) -> None:
    assert list(leaves(CHAT.iter_errors(ACCEPTED[case]))) == []


@pytest.mark.parametrize("case", REFUSED)
def test_chat_refuses_and_names_the_place(case: str) -> None:
    refused, path, message = REFUSED[case]

    assert any(place == path and message in text for place, text in leaves(CHAT.iter_errors(refused)))


def test_stream_events_have_a_branch_each_for_chunks_errors_and_the_end() -> None:
    events = BUNDLE["components"]["schemas"]["ChatCompletionServerSentEvent"]["properties"]["data"]["anyOf"]
    data = validator("ChatCompletionStreamData")
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": []}

    assert events[0] == {"type": "string", "const": "[DONE]"}
    assert events[1]["contentMediaType"] == "application/json"
    assert data.is_valid(chunk)
    assert data.is_valid({"error": {"message": "x", "type": "server_error", "param": None, "code": None}})
    assert not data.is_valid({**chunk, "choices": [{"index": 0, "delta": "x", "finish_reason": None}]})
    assert not data.is_valid({"error": {"message": "x"}})
