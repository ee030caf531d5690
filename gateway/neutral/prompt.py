"""The request for a model, in full: every dialect writes its own from it."""

from collections.abc import Mapping, Sequence
from dataclasses import field

from gateway.errors import InvalidRequest
from gateway.neutral.items import Item
from gateway.neutral.json import Json, object_or_empty, text_or_empty
from gateway.neutral.settings import Settings
from gateway.neutral.structured_output import OutputFormat
from gateway.neutral.tools import Tool, ToolChoice
from gateway.neutral.values import value

_SHOWN = 200


@value
class Untranslatable:
    """Something that changes the answer and that only the client's own API can express.

    `reason` follows the provider's name in the error's message, such as `cannot take sound; see messages[0].`
    """

    reason: str
    path: str


def prompt_refusal(reference: Json) -> Untranslatable:
    """Why a request is refused whose `prompt` is none of the gateway's own, by a provider that keeps none."""
    id_ = text_or_empty(object_or_empty(reference).get("id"))[:_SHOWN]
    return Untranslatable(f"keeps no prompts, and this gateway has none with the id {id_!r}.", "prompt")


def unknown_prompt(reference: Json, provider: str) -> InvalidRequest:
    """The same as an error."""
    found = prompt_refusal(reference)
    return InvalidRequest(f"{provider} {found.reason}", param=found.path, code="unsupported_parameter")


@value
class Prompt:
    """Read from a client's body once, and never changed; others are derived from it (`replace`)."""

    items: Sequence[Item] = ()
    instructions: str | None = None
    tools: Sequence[Tool] = ()
    namespaces: Mapping[str, str] = field(default_factory=dict)
    """The client's descriptions of its namespaces of tools, by their names."""
    tool_choice: ToolChoice | None = None
    settings: Settings = field(default_factory=Settings)
    output_format: OutputFormat | None = None
    reasoning_summary: str | None = None
    """How the client wants the reasoning summarised (`reasoning.summary`), for upstreams that have such a setting."""
    include: Sequence[str] = ()
    """What the client includes of the items of the answer, by the Responses API's names for it."""
    input_path: str = "input"
    """The field of the client's request that holds the conversation."""
    untranslated: Sequence[str] = ()
    """Paths of what only the client's own API knows, and without which the answer is the same."""
    untranslatable: Untranslatable | None = None
    """The first thing for which another dialect has to refuse the request."""
    sees_earlier_reasoning: bool = True
    """Whether the model gets the reasoning of turns before the last message of the user's back."""
