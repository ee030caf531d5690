"""generated/models.py holds types that a type checker can work with, and nothing else."""

import ast
from pathlib import Path
from typing import assert_never, get_type_hints

from generated import models
from generated.models import ChatCompletionRequestMessageContentPart, ChatCompletionToolParam, OutputItem

SOURCE = Path(models.__file__).read_text()


def described(part: ChatCompletionRequestMessageContentPart) -> str:
    """Every kind of content, told apart by its type; mypy holds that none is missing."""
    match part["type"]:
        case "text":
            return part["text"]
        case "image_url":
            return part["image_url"]["url"]
        case "input_audio":
            return part["input_audio"]["format"]
        case "file":
            return part["file"].get("filename") or "a file"
        case "refusal":
            return part["refusal"]
        case "<any other type>":
            return "unknown"
        case _:
            assert_never(part["type"])


def named(item: OutputItem) -> str:
    if item["type"] == "function_call":
        return item["name"]
    return item["id"]


def tool_name(tool: ChatCompletionToolParam) -> str | None:
    return tool["function"]["name"] if tool["type"] == "function" else None


def test_unions_are_told_apart_by_their_types() -> None:
    assert described({"type": "text", "text": "hello"}) == "hello"
    assert described({"type": "image_url", "image_url": {"url": "data:,"}}) == "data:,"
    assert named({"id": "rs_1", "type": "reasoning", "summary": []}) == "rs_1"
    assert tool_name({"type": "function", "function": {"name": "look"}}) == "look"


def test_every_type_can_be_resolved() -> None:
    dictionaries = [
        value for value in vars(models).values() if isinstance(value, type) and value.__module__ == models.__name__
    ]

    assert len(dictionaries) > 100
    for dictionary in dictionaries:
        get_type_hints(dictionary)


def test_models_need_nothing_but_the_standard_library() -> None:
    imported = {node.module for node in ast.walk(ast.parse(SOURCE)) if isinstance(node, ast.ImportFrom)}

    assert imported == {"__future__", "typing"}


def test_no_type_got_a_made_up_name() -> None:
    names = [node.name for node in ast.parse(SOURCE).body if isinstance(node, ast.ClassDef)]

    assert [name for name in names if name[-1].isdigit()] == []


def test_the_fields_of_joined_schemas_are_one_type() -> None:
    fields = get_type_hints(models.WaystoneChatCompletionRequest)

    assert {"model", "metadata", "stream", "n", "messages"} <= set(fields)
    assert models.WaystoneChatCompletionRequest.__required_keys__ >= {"model", "messages"}
