"""OpenAI's Responses API, as `/v1/responses` has it."""

from typing import Any

from gateway.generation import Generation, Native
from gateway.surfaces.base import Author
from gateway.surfaces.numbers import make_whole
from gateway.surfaces.responses.fields import chat_fields
from gateway.surfaces.responses.refusals import (
    not_yet,
    refuse_what_cannot_be_repeated,
    refuse_what_is_to_come,
)
from gateway.surfaces.responses.writer import ResponseWriter

_LARGEST = 2**53
_INTEGERS = ("max_output_tokens", "max_tool_calls", "top_logprobs", "top_k")
# What a Response repeats as it came.
_REPEATED = ("tools", "tool_choice", "text", "reasoning", "prompt", "conversation")


class OpenAIResponsesSurface:
    """Items in, a Response out. State is the gateway's; a body goes to an upstream of the same dialect as it came."""

    dialect: str | None = "openai-responses"

    def read(self, body: dict[str, Any]) -> Generation:
        make_whole(body, _INTEGERS, _LARGEST)
        refuse_what_is_to_come(body)
        refuse_what_cannot_be_repeated(body, _REPEATED)
        return Generation(
            model=body["model"],
            is_stream=bool(body.get("stream")),
            include_usage=True,
            metadata=body.get("metadata"),
            provider=body.get("provider"),
            native=Native("openai-responses", body),
            instructions=body.get("instructions"),
            items=_items(body.get("input")),
            tools=body.get("tools") or [],
            tool_choice=body.get("tool_choice"),
            asked=body,
        )

    def translate(self, generation: Generation, provider: str) -> None:
        generation.fields, generation.untranslated = chat_fields(generation.asked, provider)

    def writer(self, generation: Generation, author: Author) -> ResponseWriter:
        return ResponseWriter(generation, author)


def _items(given: Any) -> list[dict[str, Any]]:
    """The input as items, each with its type, which clients leave out of messages and references."""
    if given is None:
        return []
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    items = [item if item.get("type") else _typed(item) for item in given]
    for i, item in enumerate(items):
        if item["type"] == "compaction_trigger":
            raise not_yet(f"input[{i}].type", "Compaction is not supported yet.")
    return items


def _typed(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "type": "message" if "role" in item else "item_reference"}
