"""Writes the fields of a request that are no messages and no tools, and says what becomes of the others."""

from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.profiles import Facts

Body = dict[str, Any]
Settings = dict[str, Any]

# Anthropic's own, sent by clients that know whom they ask.
_OWN = ("container", "inference_geo", "cache_control")
_TIERS = {"auto": "auto", "default": "standard_only", "standard_only": "standard_only", "priority": "auto"}
# The answer would be another one without them (shared facts on providers, section 0.4).
_INDISPENSABLE = frozenset(
    {"n", "logprobs", "top_logprobs", "logit_bias", "modalities", "audio", "prediction"},
)
# Values that ask for what happens anyway.
_USUAL: dict[str, Any] = {"n": 1, "modalities": ["text"], "presence_penalty": 0, "frequency_penalty": 0}


def write_fields(settings: Settings, body: Body, report: Report) -> None:
    """Take the fields that Anthropic has out of the settings, and add them to the body."""
    _stop(settings.pop("stop", None), body, report)
    user, identifier = settings.pop("user", None), settings.pop("safety_identifier", None)
    if user or identifier:
        body["metadata"] = {"user_id": user or identifier}
    if user and identifier and user != identifier:
        report.leave_out_field("safety_identifier")
    tier = settings.pop("service_tier", None)
    if isinstance(tier, str) and tier in _TIERS:
        body["service_tier"] = _TIERS[tier]
    elif tier is not None:
        report.leave_out_field("service_tier")
    for name in _OWN:
        value = settings.pop(name, None)
        if value is not None:
            body[name] = value


def leave_out_rest(settings: Settings, facts: Facts, report: Report) -> None:
    """Say of every field that is left that it is left out. Raises `InvalidRequest` for one that cannot be."""
    for name, value in settings.items():
        if value is None or value is False or (name in _USUAL and value == _USUAL[name]):
            continue
        if name in _INDISPENSABLE | facts.refused and value:
            raise report.unsupported(f"`{name}`", report.field(name))
        report.leave_out_field(name)


def _stop(given: Any, body: Body, report: Report) -> None:
    """Texts to stop at. Blank ones are refused there."""
    stops = [given] if isinstance(given, str) else given if isinstance(given, list) else []
    wanted = [stop for stop in stops if isinstance(stop, str) and stop.strip()]
    if wanted:
        body["stop_sequences"] = wanted
    if len(wanted) < len(stops):
        report.leave_out_field("stop")
