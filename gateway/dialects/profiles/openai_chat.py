"""What an upstream that speaks OpenAI's chat may have of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from gateway.dialects.profiles.base import ConversationProfile
from gateway.neutral.settings import TokenLimit

SystemMessages = Literal["anywhere", "first", "none"]
ThinkTags = Literal["never", "translated", "always"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ChatProfile(ConversationProfile):
    """Where it differs from OpenAI's chat as most servers speak it."""

    dialect: ClassVar[str] = "openai-chat"
    passes_unknown = True

    token_limit_field: TokenLimit | None = None
    """The one name this upstream has for the answer's token limit. None: it travels under the name it came with."""
    stream_usage: bool = True
    """Whether `stream_options.include_usage` may be added to a streamed request, so that it can be accounted."""
    system_prompt: str | None = None
    """A system message put first where the conversation has none."""
    fields: frozenset[str] | None = None
    """The only fields that it is given beside that of the token limit, where its own would get around a cap. None:
    unknown fields travel."""
    takes_developer_role: bool = True
    """Whether it knows the role `developer`; otherwise such messages go as `system`."""
    system_messages: SystemMessages = "anywhere"
    """Where it takes messages of the role `system`: anywhere, before all others only, or not at all. The others go as
    `user`, and with `first` those in front as one."""
    takes_user_after_tool: bool = True
    """Whether anybody else but the assistant may speak after a tool. Otherwise the assistant is made to, in between."""
    takes_turns_in_row: bool = True
    """Whether one role may speak twice in a row. Otherwise such messages become one."""
    takes_custom_tools: bool = False
    """Whether it knows tools of type `custom` (free text). Otherwise they travel as functions with one text."""
    takes_allowed_tools: bool = False
    """Whether it knows the tool choice `allowed_tools`. Otherwise it is shown the allowed tools only."""
    takes_refusals: bool = False
    """Whether it knows the field `refusal` of a message. Otherwise what the model refused earlier goes as its text."""
    takes_output_parts: bool = True
    """Whether messages of tools may hold more than texts where a chat client sends them so. Otherwise that is moved
    below them, as it always is in a conversation that was translated."""
    renamed_choices: Mapping[str, str] = field(default_factory=dict)
    """Tool choices that have another name there, such as `required`: `any`."""
    part_forms: Mapping[str, str | None] = field(default_factory=dict)
    """Kinds of parts (`image_url`, `file`, `input_audio`) that have another form there. None: refused."""
    flattens_schema: bool = False
    """Whether a schema for the answer stands beside its type, and not within `json_schema`."""
    marks_prefix: bool = False
    """Whether the assistant's words at the end of a conversation need `prefix`, so that they are gone on with."""
    dropped_of_messages: frozenset[str] = frozenset()
    """Fields of messages that it refuses; they are left out and reported."""
    reasoning_field: Literal["reasoning_content", "reasoning", "content"] | None = None
    """Where in a message it takes reasoning back. None: reasoning travels under the name it came with."""
    reasoning_in_loops: bool = False
    """Whether it takes reasoning back only with the calls that were made since the user spoke last."""
    requires_reasoning: bool = False
    """Whether it refuses, while it thinks, the assistant's messages of a conversation with calls where they have no
    reasoning. Then those of other models are given some that says nothing."""
    think_tags: ThinkTags = "never"
    """Where `<think>…</think>` at the beginning of a text is reasoning: nowhere, in what is translated only, or in
    native chat, too."""
    call_id_length: int | None = None
    """The number of letters and digits that the id of every call has there. None: any id will do."""

    @property
    def rewrites_replies(self) -> bool:
        return self.think_tags == "always"

    def reads(self, kind: str) -> bool:
        # Without `super`, whose short form a class with slots does not have.
        return self.takes_parts and self.part_forms.get(kind, kind) is not None
