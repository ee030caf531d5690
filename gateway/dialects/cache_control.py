"""Cache control between those that have it: Anthropic's `cache_control`, OpenAI's breakpoints and options."""

from collections.abc import Sequence

from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings
from gateway.neutral.json import Json, JsonObject, object_or_empty, object_or_none, text_or_none
from gateway.neutral.parts import CacheControl
from gateway.neutral.settings import CACHE_OPTIONS, is_binding

CONTROL, BREAKPOINT = "cache_control", "prompt_cache_breakpoint"
"""The names of the two as clients write them."""
_TTL = "ttl"
_MODES = ("implicit", "explicit")


def anthropic_control(given: Sequence[CacheControl]) -> JsonObject | None:
    """The cache control of one block in Anthropic's words: its own, or `ephemeral` for OpenAI's breakpoint."""
    found: JsonObject | None = None
    for control in given:
        own = object_or_none(control.value)
        if control.name == CONTROL and own is not None:
            found = own
        elif control.name == BREAKPOINT and control.value and found is None:
            found = {"type": "ephemeral"}
    return found


def openai_breakpoint(given: Sequence[CacheControl]) -> Json:
    """The breakpoint of one part in OpenAI's words: its own, or an explicit one for Anthropic's cache control."""
    found: Json = None
    for control in given:
        if control.name == BREAKPOINT and control.value:
            return control.value
        if control.name == CONTROL and object_or_none(control.value) is not None:
            found = {"mode": "explicit"}
    return found


class CacheOptions:
    """OpenAI's options of the prompt cache, for an upstream that caches up to breakpoints and no further.

    `explicit` is what it does anyway, and `implicit` requests nothing.
    """

    def __init__(self, pending: PendingSettings, report: Report) -> None:
        """Take them out. Those that have no place there are reported, each by its name.

        Raises `InvalidRequest` for what changes the answer.
        """
        self._report = report
        self._path = report.setting(CACHE_OPTIONS)
        options = object_or_empty(pending.take(CACHE_OPTIONS))
        if is_binding(CACHE_OPTIONS, options):
            raise report.unsupported_setting(CACHE_OPTIONS)
        self.ttl = text_or_none(options.get(_TTL))
        """How long the client wants it kept; None where it does not say."""
        for name, value in options.items():
            is_met = value is None or value is False or (name == "mode" and value in _MODES)
            if not (is_met or (name == _TTL and self.ttl is not None)):
                report.drop(f"{self._path}.{name}")

    def drop_ttl(self) -> None:
        """Report that it is not kept so long."""
        self._report.drop(f"{self._path}.{_TTL}")
