"""One request for an answer, whichever surface it came through."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace

from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import JsonObject
from gateway.neutral.prompt import Prompt
from gateway.neutral.values import value

ReadPrompt = Callable[[JsonObject, int, int], Prompt]
"""Reads the prompt of a body whose first items, so many, were put there by the gateway, and whose next one is this one,
from 0, of the client's own."""


@value
class RenderedPrompt:
    """What a prompt template puts into a request: fields, where the request has none of its own, and first messages."""

    reference: JsonObject
    """The client's `prompt`, which the answer repeats."""
    fields: JsonObject
    messages: Sequence[JsonObject]


@value
class Generation:
    """A request as its surface read it. It is never changed; others are derived from it.

    `body` is the client's, in the API of its surface; an upstream that speaks the same `dialect` gets it with nothing
    lost. For every other one there is the `prompt`, which is read from it when it is first needed.
    """

    model: str
    body: JsonObject
    read_prompt: ReadPrompt
    dialect: str | None = None
    is_stream: bool = False
    include_usage: bool = False
    metadata: Mapping[str, str] | None = None
    provider: str | None = None
    """The client's hint where to route to: the name of a provider."""
    models: Sequence[str] = ()
    """The models that are tried after the first."""
    history: int = 0
    """How many of the items of the body, from the first on, the gateway put there: a template's, then its memory's."""
    first: int = 0
    """The index, among the items that the client sent, of the first of them that is in the body."""
    covered: Sequence[str] = ()
    """What tells the items apart that a compaction item of the gateway's stands for, which was opened in the body."""
    removed: Sequence[JsonObject] = ()
    """Reports of the items that were taken out because only another author can use them (`input_transformations`)."""
    template: RenderedPrompt | None = None
    """What the gateway's own prompt template, which the client named, has put into `body`."""
    ids: ResponseIds | None = None
    """The ids of the answer and of the items that are kept with it, for a surface whose answers can be kept."""

    _prompt: Prompt | None = field(default=None, init=False)

    @property
    def templated(self) -> int:
        """How many of the items of the body, from the first on, are a template's."""
        return 0 if self.template is None else len(self.template.messages)

    @property
    def prompt(self) -> Prompt:
        """The request for the model. Raises `InvalidRequest` for what no model can be sent."""
        prompt = self._prompt
        if prompt is None:
            prompt = self.read_prompt(self.body, self.history, self.first)
            # Read once: nothing of the request changes by it.
            object.__setattr__(self, "_prompt", prompt)
        return prompt

    def with_prompt(self, prompt: Prompt) -> "Generation":
        """The same request with another prompt."""
        return replace(self, read_prompt=lambda body, history, first: prompt)
