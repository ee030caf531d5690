"""A conversation with the one mind itself, and no gateway in between: what all the others are held against."""

from collections.abc import Sequence
from typing import Any

from tests.clients.talks import Answered, Parts
from tests.servers.one_mind import Call, Scribe, Tool, Transcript, answer, image_at

SILENT = "openai"
"""OpenAI does not tell by chat what its models think."""


class Unheard:
    """What the mind says on an author's wire if nothing is lost."""

    def __init__(self, author: str, system: str, tools: Sequence[Tool] = ()) -> None:
        self.author = author
        self.may_think = True
        self._scribe = Scribe()
        self._scribe.say("system", [system])
        self._tools = tools
        self._calls: tuple[Call, ...] = ()

    def ask(self, parts: Parts, **more: Any) -> Answered:
        self._scribe.say("user", _told(parts))
        return self._answer()

    def give(self, outputs: Sequence[Parts], **more: Any) -> Answered:
        for call, output in zip(self._calls, outputs, strict=True):
            self._scribe.output(call.id, _told(output))
        return self._answer()

    def _answer(self) -> Answered:
        may_think = self.may_think and self.author != SILENT
        said = answer(Transcript(self._scribe.turns, self._tools, may_think=may_think), self.author)
        tokens = (said.prompt, said.cached, said.completion, said.prompt + said.completion)
        self._calls = said.calls
        self._scribe.answered([said.text], said.calls, None)
        calls = tuple((call.name, call.given) for call in said.calls)
        # Bedrock does not tell how many of the tokens were reasoning.
        reasoning = 0 if self.author == "bedrock" else said.reasoning
        return Answered(said.text, calls, said.finish, tokens, reasoning, said.thought)


def _told(parts: Parts) -> list[str]:
    return [part if isinstance(part, str) else image_at(part.url) for part in parts]
