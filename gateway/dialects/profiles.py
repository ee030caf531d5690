"""What a dialect has to know about one upstream that speaks it: where that differs, as data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

TokenLimitField = Literal["max_tokens", "max_completion_tokens"]
Effort = str | int | None


@dataclass(frozen=True, slots=True)
class Range:
    """The values of a number that an upstream takes, ends included. What lies outside is brought to the nearer end."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Thinking:
    """How a model is told how much to reason.

    `form` is what its dialect does with the effort; the dialect's own module says which forms it knows. `efforts` gives
    OpenAI's efforts (none, minimal, low, medium, high, xhigh, max) their value there: a word, or a budget in tokens. An
    effort that is not in it cannot be asked for and is dropped; None turns reasoning off.
    """

    form: str
    efforts: Mapping[str, Effort] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """Where an upstream differs from its dialect. The defaults are those of a server of which nothing is known."""

    token_limit_field: TokenLimitField | None = None
    """The one name this upstream has for the answer's token limit. None: it travels under the name it came with."""
    stream_usage: bool = True
    """Whether `stream_options.include_usage` may be added to a streamed request, so that it can be accounted."""
    max_answer_tokens: int | None = None
    """A cap on the tokens of an answer, put in where the request names none or a higher one."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """Fields put in where the request leaves them out."""
    system_prompt: str | None = None
    """A system message put first where the conversation has none."""
    fields: frozenset[str] | None = None
    """The only fields that it is given, where its own would get around a cap. None: unknown fields travel."""
    takes_developer_role: bool = True
    """Whether it knows the role `developer`; otherwise such messages go as `system`."""
    takes_tools: bool = True
    """Whether it can call tools. Otherwise a required call is refused, and tools on offer are left out."""
    takes_parts: bool = True
    """Whether it reads parts other than text: images, audio, files. Otherwise they are refused."""
    takes_custom_tools: bool = False
    """Whether it knows tools of type `custom` (free text). Otherwise they travel as functions with one text."""
    takes_allowed_tools: bool = False
    """Whether it knows the tool choice `allowed_tools`. Otherwise it is shown the allowed tools only."""
    takes_refusals: bool = False
    """Whether it knows the field `refusal` of a message. Otherwise what the model refused earlier goes as its text."""
    drops_hosted_tools: bool = False
    """Whether tools that only some providers run are left out where this one does not. Otherwise they are refused."""
    dropped: frozenset[str] = frozenset()
    """Fields that it has no use for; they are left out and said."""
    asks_encrypted_reasoning: bool = False
    """Whether it is asked for `reasoning.encrypted_content`, to carry reasoning along without a state of its own."""
    refused_key: re.Pattern[str] | None = None
    """Prose by which the upstream says with status 400 that it does not know the gateway's key."""
    context_too_long: re.Pattern[str] | None = None
    """Prose by which the upstream says that the prompt is too long, where no code says it."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """Fields that have another name there, such as `seed`: `random_seed`."""
    refused: frozenset[str] = frozenset()
    """Fields without which the answer would be another one, and which it cannot take: they are refused."""
    ranges: Mapping[str, Range] = field(default_factory=dict)
    """Numbers that it takes within narrower bounds than OpenAI."""
    tool_choices: frozenset[str] = frozenset({"auto", "none", "required", "named"})
    """The tool choices that it knows. The dialect makes up for those that it does not, or refuses them."""
    forms: frozenset[str] = frozenset({"json_object", "json_schema"})
    """The response formats that it keeps by itself. The dialect makes up for the others, and checks the answer."""
    thinking: Thinking | None = None
    """How it is told how much to reason. None: an effort travels as it came, where the dialect has a place for it."""
    takes_image_urls: bool = True
    """Whether it fetches images by their address. Otherwise only images that come with the request are taken."""
    models: Sequence[tuple[re.Pattern[str], "Facts"]] = ()
    """Facts of some of its models, by a pattern that their whole name matches. The first that does counts."""
    reasons: bool = False
    """Whether the model reasons where the request does not say how much."""
    dropped_reasoning: frozenset[str] = frozenset()
    """Fields that it refuses while it reasons; then they are left out and said."""
    renamed_choices: Mapping[str, str] = field(default_factory=dict)
    """Tool choices that have another name there, such as `required`: `any`."""
    takes_system_role: bool = True
    """Whether it knows the role `system`; otherwise such messages go as `user`."""
    takes_user_after_tool: bool = True
    """Whether anybody else but the assistant may speak after a tool. Otherwise the assistant is made to, in between."""
    takes_turns_in_row: bool = True
    """Whether one role may speak twice in a row. Otherwise such messages become one."""
    marks_prefix: bool = False
    """Whether the assistant's words at the end of a conversation need `prefix`, so that they are gone on with."""
    dropped_of_messages: frozenset[str] = frozenset()
    """Fields of messages that it refuses; they are left out and said."""
    reasoning_field: Literal["reasoning_content", "reasoning", "content"] | None = None
    """Where in a message it takes reasoning back. None: reasoning travels under the name it came with."""
    reasoning_in_loops: bool = False
    """Whether it takes reasoning back only with the calls that were made since the user spoke last."""
    call_id_length: int | None = None
    """The number of letters and digits that the id of every call has there. None: any id will do."""
    part_forms: Mapping[str, str | None] = field(default_factory=dict)
    """Kinds of parts (`image_url`, `file`, `input_audio`) that have another form there. None: refused."""
    flattens_schema: bool = False
    """Whether a schema for the answer stands beside its type, and not within `json_schema`."""
    traits: frozenset[str] = frozenset()
    """Words for what only its own dialect can ask about; the dialect's module says which words it knows."""
    takes_json_schema: bool = True
    """Whether it reads JSON Schema as it is. Otherwise schemas are rewritten to the subset that its dialect has."""
    takes_forms_with_tools: bool = True
    """Whether an answer may have to keep a form while tools are on offer."""
    takes_hosted_with_tools: bool = True
    """Whether tools that it runs itself may be on offer together with the client's."""
    tells_hosted_calls: bool = False
    """Whether it has to be asked to tell of the tools that it ran itself, where the client's are on offer as well."""
    wants_signatures: bool = False
    """Whether calls in the history need the signature that came with them, or a stand-in for a lost one."""
    no_credit: re.Pattern[str] | None = None
    """Prose by which the upstream says with status 400 that its customer has to pay first."""
    takes_file_urls: bool = False
    """Whether it fetches files other than images by their address. Otherwise they have to come with the request."""
    takes_output_parts: bool = True
    """Whether messages of tools may hold more than texts where a chat client sends them so. Otherwise that is moved
    below them, as it always is in a conversation that was translated."""

    def of(self, model: str) -> "Facts":
        """The facts of one of its models."""
        for pattern, facts in self.models:
            if pattern.fullmatch(model):
                return facts
        return self


NO_FACTS = Facts()
