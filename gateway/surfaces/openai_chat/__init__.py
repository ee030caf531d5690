"""OpenAI's chat completions, as `/v1/chat/completions` has them."""

from typing import Any

from gateway.generation import Generation, Native
from gateway.surfaces.base import Author
from gateway.surfaces.numbers import make_whole
from gateway.surfaces.openai_chat.translation import translate_body
from gateway.surfaces.openai_chat.writer import ChatWriter

_LARGEST = 2**63
_INTEGERS = ("n", "max_tokens", "max_completion_tokens", "seed", "top_logprobs")


class OpenAIChatSurface:
    """Where the upstream speaks chat, too, a body goes there as it came, and the answer comes back as it was.

    Otherwise the body is translated, and the answer is made of neutral events.
    """

    dialect: str | None = "openai-chat"

    def read(self, body: dict[str, Any]) -> Generation:
        make_whole(body, _INTEGERS, _LARGEST)
        options = body.get("stream_options")
        return Generation(
            model=body["model"],
            is_stream=bool(body.get("stream")),
            include_usage=isinstance(options, dict) and bool(options.get("include_usage")),
            metadata=body.get("metadata"),
            native=Native("openai-chat", body),
        )

    def translate(self, generation: Generation, provider: str) -> None:
        if generation.native is not None:
            translate_body(generation.native.body, generation, provider)

    def writer(self, generation: Generation, author: Author) -> ChatWriter:
        return ChatWriter(generation, author)
