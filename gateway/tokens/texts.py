"""What of a prompt takes tokens: its texts, what stands around them, and images, files and sound."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from gateway.dialects.profiles.tokens import ImageTokens
from gateway.neutral.items import Item, Message, ProviderItem, ToolCall, ToolOutput
from gateway.neutral.json import text_or_empty
from gateway.neutral.parts import AudioPart, FilePart, ImagePart, Part, RefusalPart, TextPart
from gateway.neutral.prompt import Prompt
from gateway.neutral.tools import CustomTool, FunctionTool, HostedTool, Tool
from gateway.tokens.images import USUAL, image_size, image_tokens

# Three around each message, one of them its role, and three that begin the answer: OpenAI's cookbook, "How to count
# tokens with tiktoken", https://cookbook.openai.com/examples/how_to_count_tokens_with_tiktoken, section 6.
_AROUND_MESSAGE = 3
_ROLE = 1
_BEGIN_ANSWER = 3
# Around a function, whose schema as JSON takes a little more than what OpenAI makes of it (recordings).
_AROUND_TOOL = 4
_FILE_TOKENS = 1500
"""Of a page, which is what 64 KiB of a file are taken for; a file that is not in the request is one page."""
_PAGE_BYTES = 64 * 1024
_AUDIO_BYTES = 1024
"""Of sound for one token: at 16 KiB a second, 16 tokens, between OpenAI's 10 and Gemini's 32."""


@dataclass(slots=True)
class Texts:
    """The texts of a prompt, each of which is encoded by itself, and the tokens of everything else."""

    image: ImageTokens
    texts: list[str] = field(default_factory=list)
    others: int = 0
    """What stands between the texts."""
    media: int = 0
    """Images, files and sound, whose tokens no tokenizer makes."""
    is_plain: bool = True
    """Whether there are messages of text alone: then nothing of it is estimated."""

    def add(self, prompt: Prompt) -> None:
        """Take in all of a prompt."""
        self.others += _BEGIN_ANSWER
        if prompt.instructions:
            self._message((prompt.instructions,))
        for item in prompt.items:
            self._add_item(item)
        if prompt.tools:
            self.is_plain = False
            for tool in prompt.tools:
                self._add_tool(tool)
        if prompt.output_format is not None and prompt.output_format.schema is not None:
            self.is_plain = False
            self.texts.append(_json(prompt.output_format.schema))

    def _message(self, texts: Sequence[str]) -> None:
        self.others += _AROUND_MESSAGE + _ROLE
        self.texts += texts

    def _add_item(self, item: Item) -> None:
        match item:
            case Message(content=content):
                self._message(())
                self._add_content(content)
                return
            case ToolCall(name=name, arguments=arguments):
                self._message((name, arguments))
            case ToolOutput(content=content):
                self._message(())
                self._add_content(content)
            case ProviderItem(body=body):
                self._message((_json(body),))
            case _:
                # Reasoning, which its author drops or counts as it likes.
                pass
        self.is_plain = False

    def _add_content(self, content: Sequence[Part]) -> None:
        for part in content:
            match part:
                case TextPart(text=text) | RefusalPart(text=text):
                    self.texts.append(text)
                    continue
                case ImagePart(url=url, detail=detail):
                    size = image_size(url) if url else None
                    self.media += image_tokens(size or USUAL, self.image, detail)
                case FilePart(data=data):
                    self.media += _FILE_TOKENS * max(math.ceil(len(data or "") * 3 / 4 / _PAGE_BYTES), 1)
                case AudioPart(audio=audio):
                    self.media += math.ceil(len(text_or_empty(audio.get("data"))) * 3 / 4 / _AUDIO_BYTES)
                case _:
                    pass
            self.is_plain = False

    def _add_tool(self, tool: Tool) -> None:
        self.others += _AROUND_TOOL
        match tool:
            case FunctionTool(name=name, description=description, parameters=parameters):
                self.texts += (f"{name}:{description or ''}", _json(parameters or {}))
            case CustomTool(name=name, description=description, grammar=grammar):
                definition = "" if grammar is None else text_or_empty(grammar.definition)
                self.texts += (f"{name}:{description or ''}", definition)
            case HostedTool(body=body):
                self.texts.append(_json(body))


def texts_of(prompt: Prompt, image: ImageTokens) -> Texts:
    """What of a prompt takes tokens. `image` is what the model's images take."""
    texts = Texts(image)
    texts.add(prompt)
    return texts


def _json(body: object) -> str:
    try:
        return orjson.dumps(body).decode()
    except orjson.JSONEncodeError:
        # Nested more deeply than JSON is written; no provider takes it.
        return ""
