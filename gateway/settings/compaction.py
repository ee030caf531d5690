"""The settings of compaction: who writes summaries of conversations, and from when on."""

from typing import Annotated

from pydantic import Field

from gateway.settings.options import Number, Section, Text


class CompactionSettings(Section):
    """Conversations that clients have compacted (`context_management`, `/v1/responses/compact`), where the provider
    does not do that itself."""

    model: Text | None = Field(default=None, description="`provider/model`, or a name of `models`")
    """The model that writes the summaries. [the model of the request]"""
    threshold: Annotated[float, Number] = Field(
        default=0.8, ge=0.1, le=1.0, allow_inf_nan=False, description="a number from 0.1 to 1"
    )
    """The share of a model's context window from which on a conversation is compacted, where the request does not set a
    lower `compact_threshold`."""
