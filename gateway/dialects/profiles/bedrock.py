"""What a model behind Amazon Bedrock's Converse may have of its own."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.dialects.profiles.base import ConversationProfile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BedrockProfile(ConversationProfile):
    """Where it differs from a model of which nothing is known."""

    dialect: ClassVar[str] = "bedrock-converse"
    own_file_fields = frozenset({"citations"})

    tool_choices: frozenset[str] = frozenset({"auto", "required", "named"})
    """The tool choices that it knows. Converse itself has no `none`: then the tools are not sent."""
    formats: frozenset[str] = frozenset({"json_schema"})
    """The formats of answers that it keeps to by itself. Converse itself has none for an object without a schema."""
    caches_prompts: bool = False
    """Whether it has a prompt cache with breakpoints."""
    caches_tools: bool = False
    """Whether tools may have such breakpoints, too."""
    takes_output_status: bool = False
    """Whether it takes the status of a tool's output."""
    takes_strict_tools: bool = False
    """Whether it can enforce the schema of a tool."""
    has_system_tools: bool = False
    """Whether it has tools of its own that it runs itself."""
    takes_text_outputs: bool = True
    """Whether outputs of tools may be texts. Otherwise they are objects."""
    takes_parts_beside_outputs: bool = True
    """Whether anything else may be in a message with outputs of tools."""
    takes_files_beside_outputs: bool = True
    """Whether documents and videos may."""
    takes_reasoning: bool = True
    """Whether it takes reasoning back."""
    takes_unsigned_reasoning: bool = True
    """Whether it takes reasoning back that it has not signed."""
    takes_one_of_sampling: bool = False
    """Whether `temperature` and `top_p` exclude each other."""
    takes_blank_stops: bool = True
    """Whether a stop sequence may be blank."""
    weakens_required_calls: bool = False
    """Whether a choice that requires a call, which it does not know, is sent as `auto`. Otherwise it is refused."""
