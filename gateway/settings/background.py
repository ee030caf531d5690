"""Responses in the background: how many there may be, and how long what belongs to them is kept."""

from typing import Annotated

from pydantic import Field

from gateway.settings.options import Number, Section

Whole = Annotated[int, Number]


class BackgroundSettings(Section):
    """Responses with `background: true`."""

    running: Whole = Field(default=100, ge=1, le=10_000, description="a whole number from 1 to 10000")
    """Responses that one worker works on at once; more wait in the queue."""
    active: Whole = Field(default=10_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    """Queued and running ones, in all (else a 503)."""
    active_per_key: Whole = Field(default=1_000, ge=1, le=1_000_000, description="a whole number from 1 to 1000000")
    """Those of one gateway key (else a 429)."""
    attempts: Whole = Field(default=2, ge=1, le=10, description="a whole number from 1 to 10")
    """How often a response is begun at most when the process that works on it dies. It is begun again only if none of
    its events was stored, and it has no tools that a provider runs."""
    queued_seconds: Annotated[float, Number] = Field(
        default=3600, ge=1, le=2_592_000, allow_inf_nan=False, description="seconds, from 1 to 2592000"
    )
    """How long one may wait to be begun; then it fails."""
    events_seconds: Annotated[float, Number] = Field(
        default=600, ge=0, le=2_592_000, allow_inf_nan=False, description="seconds, from 0 to 2592000"
    )
    """How long its events stay after its end, so that its stream can be resumed."""
