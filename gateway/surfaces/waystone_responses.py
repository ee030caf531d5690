"""Waystone's documented responses operation, `/api/gateway/v1/responses`."""

from typing import Any

from gateway.generation import Generation
from gateway.surfaces.base import Author
from gateway.surfaces.responses.fields import travelling_fields
from gateway.surfaces.responses.refusals import refuse_what_cannot_be_repeated, refuse_what_is_to_come
from gateway.surfaces.responses.writer import ResponseWriter
from gateway.surfaces.waystone_fields import make_counts_whole


class WaystoneResponsesSurface:
    """A string in, a full Responses object out. Fields that the document does not list travel on."""

    dialect: str | None = None

    def read(self, body: dict[str, Any]) -> Generation:
        make_counts_whole(body)
        refuse_what_is_to_come(body)
        refuse_what_cannot_be_repeated(body)
        tools, instructions = body.get("tools"), body.get("instructions")
        limit = body.get("max_output_tokens") or body.get("max_completion_tokens")
        return Generation(
            model=body["model"],
            is_stream=bool(body.get("stream")),
            include_usage=True,
            metadata=body.get("metadata"),
            instructions=instructions if isinstance(instructions, str) else None,
            items=[{"type": "message", "role": "user", "content": body["input"]}],
            tools=tools if isinstance(tools, list) else [],
            tool_choice=body.get("tool_choice"),
            # `store` is false here unless asked for, as the document has it; on /v1/responses it is true.
            asked={**body, "max_output_tokens": limit, "store": bool(body.get("store"))},
        )

    def translate(self, generation: Generation, provider: str) -> None:
        generation.fields, generation.untranslated = travelling_fields(generation.asked)

    def writer(self, generation: Generation, author: Author) -> ResponseWriter:
        return ResponseWriter(generation, author)
