"""The settings of `Idempotency-Key`: what is kept, for how long, and how long a second call waits for the first."""

from typing import Annotated

from pydantic import Field

from gateway.settings.options import PAUSE, Number, Pause, Section

_MiB = 1024 * 1024


class IdempotencySettings(Section):
    """Answers that are kept under the `Idempotency-Key` of their requests, sealed, to be sent again."""

    retention_hours: Annotated[float, Number] = Field(
        default=24, gt=0, le=8_760, allow_inf_nan=False, description="hours, over 0 and at most 8760"
    )
    """How long an answer is kept under its idempotency key."""
    wait_seconds: Pause = Field(default=30, description=PAUSE)
    """How long a second call with the same key waits for the first. Then it gets a 409."""
    answer_bytes: Annotated[int, Number] = Field(
        default=8 * _MiB, ge=0, le=2**30, description="a whole number of bytes from 0 to 1073741824"
    )
    """A larger answer is not kept."""
    answers_per_key: Annotated[int, Number] = Field(
        default=10_000, ge=0, le=10_000_000, description="a whole number from 0 to 10000000"
    )
    """Answers that are kept for one gateway key. Where there are so many, no other one is kept."""
