"""Writes the settings of a request as Converse has them, and says what became of the others."""

import re
from typing import Any

from gateway.dialects.bedrock.thinking import knows_effort, ruled_out, thinking_fields
from gateway.dialects.conversation.report import Report
from gateway.dialects.profiles import Facts
from gateway.generation import Generation

Body = dict[str, Any]
Values = dict[str, Any]

_MODEL_FIELDS = "additionalModelRequestFields"
# Converse's own fields: who knows them may send them.
_OWN: dict[str, type | tuple[type, ...]] = {
    "guardrailConfig": dict,
    _MODEL_FIELDS: dict,
    "additionalModelResponseFieldPaths": list,
    "performanceConfig": dict,
    "promptVariables": dict,
    "requestMetadata": dict,
    "serviceTier": dict,
}
# Without these the answer would be another one; what they are where they ask for nothing (facts, section 0.4).
_REFUSED: Values = {
    "n": 1,
    "logprobs": False,
    "top_logprobs": 0,
    "logit_bias": {},
    "audio": {},
    "modalities": ["text"],
    "prediction": {},
    "web_search_options": None,
}
_LIMITS = ("max_completion_tokens", "max_tokens")
_TIERS = {"default": "default", "flex": "flex", "priority": "priority"}
_METADATA_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}")
_METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_MOST_METADATA = 16
_USERS = ("safety_identifier", "user")
_ELSEWHERE = frozenset(
    {"store", "response_format", "parallel_tool_calls", "reasoning_effort", "service_tier", "stop", *_USERS}
)


class SettingsWriter:
    """Writes the settings of one request into its body."""

    def __init__(self, generation: Generation, facts: Facts, report: Report) -> None:
        self._metadata = generation.metadata or {}
        self._facts = facts
        self._report = report

    def write(self, settings: Values, body: Body, *, can_think: bool) -> None:
        """Write all settings. Raises `InvalidRequest` for one that the answer depends on and Bedrock cannot take."""
        left = {name: value for name, value in settings.items() if value is not None}
        self._refuse(left)
        effort = self._effort(left, can_think=can_think)
        self._leave_out(left, effort)
        inference = self._inference(left)
        fields = self._model_fields(left, effort, inference)
        if inference:
            body["inferenceConfig"] = inference
        if fields:
            body[_MODEL_FIELDS] = fields
        for name in _OWN.keys() & left.keys() - {_MODEL_FIELDS}:
            body[name] = left.pop(name)
        self._tier(left, body)
        self._write_metadata(left, body)
        if left.get("parallel_tool_calls") is False:
            self._report.leave_out_field("parallel_tool_calls")
        for name in left.keys() - _ELSEWHERE:
            self._report.leave_out_field(name)

    def _refuse(self, left: Values) -> None:
        for name in _REFUSED.keys() & left.keys():
            if left.pop(name) != _REFUSED[name]:
                raise self._report.unsupported(f"`{name}`", self._report.field(name))
        for name in self._facts.refused & left.keys():
            raise self._report.unsupported(f"`{name}`", self._report.field(name))
        for name, kind in _OWN.items():
            if name in left and not isinstance(left[name], kind):
                raise self._report.invalid(f"`{name}` has not the shape that Converse has for it", name)

    def _effort(self, left: Values, *, can_think: bool) -> str | None:
        effort = left.get("reasoning_effort")
        if effort is None:
            return None
        if not knows_effort(effort, self._facts) or (not can_think and effort != "none"):
            self._report.leave_out_field("reasoning_effort")
            return None
        return str(effort)

    def _leave_out(self, left: Values, effort: str | None) -> None:
        gone = set(self._facts.dropped)
        if effort is not None:
            gone |= ruled_out(effort, self._facts)
        if "temperature" in left and "one_of_sampling" in self._facts.traits:
            gone.add("top_p")
        for name in gone & left.keys():
            del left[name]
            self._report.leave_out_field(name)

    def _inference(self, left: Values) -> Values:
        inference: Values = {}
        limits = [self._whole(name, left.pop(name)) for name in _LIMITS if name in left]
        if self._facts.max_answer_tokens is not None:
            limits.append(self._facts.max_answer_tokens)
        if limits:
            inference["maxTokens"] = min(limits)
        for name, there in (("temperature", "temperature"), ("top_p", "topP")):
            if name in left:
                inference[there] = self._number(name, left.pop(name))
        stops = self._stops(left.get("stop"))
        if stops:
            inference["stopSequences"] = stops
        return inference

    def _whole(self, name: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 1 or value != value // 1:
            raise self._report.invalid(f"`{name}` is a whole number from 1 up", self._report.field(name))
        return int(value)

    def _number(self, name: str, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._report.invalid(f"`{name}` is a number", self._report.field(name))
        bounds = self._facts.ranges.get(name)
        return value if bounds is None else min(max(value, bounds.least), bounds.most)

    def _stops(self, stop: Any) -> list[str]:
        given = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
        takes_blanks = "worded_stops" not in self._facts.traits
        stops = [text for text in given if isinstance(text, str) and text and (takes_blanks or text.strip())]
        if len(stops) < len(given):
            self._report.leave_out_field("stop")
        return stops

    def _model_fields(self, left: Values, effort: str | None, inference: Values) -> Values:
        """What only this model knows, the client's own words for it last: they count."""
        fields: Values = {}
        path = self._facts.renamed.get("top_k")
        if "top_k" in left and path:
            *outer, name = path.removeprefix(f"{_MODEL_FIELDS}.").split(".")
            place = fields
            for step in outer:
                place = place.setdefault(step, {})
            place[name] = left.pop("top_k")
        if effort is not None:
            thinking = thinking_fields(effort, self._facts)
            fields |= thinking
            _raise_limit(inference, thinking)
        own = left.pop(_MODEL_FIELDS, {})
        return _merged(fields, own)

    def _tier(self, left: Values, body: Body) -> None:
        tier = left.get("service_tier")
        if tier in _TIERS and "serviceTier" not in body:
            body["serviceTier"] = {"type": _TIERS[tier]}
        elif tier not in (None, "auto"):
            self._report.leave_out_field("service_tier")

    def _write_metadata(self, left: Values, body: Body) -> None:
        """The client's metadata and its word for its user, as far as Bedrock's logs can hold them."""
        metadata = {name: value for name, value in self._metadata.items() if _fits(name, value)}
        for name in _USERS:
            if name not in left:
                continue
            if _fits(name, left[name]):
                metadata[name] = left[name]
            else:
                self._report.leave_out_field(name)
        metadata |= body.get("requestMetadata", {})
        if metadata:
            body["requestMetadata"] = dict(list(metadata.items())[-_MOST_METADATA:])


def _fits(name: str, value: Any) -> bool:
    return bool(isinstance(value, str) and _METADATA_KEY.fullmatch(name) and _METADATA_VALUE.fullmatch(value))


def _raise_limit(inference: Values, thinking: Values) -> None:
    """The budget is part of the token limit, and has to be below it."""
    budget = thinking.get("thinking", {}).get("budget_tokens")
    if budget is not None and inference.get("maxTokens", budget + 1) <= budget:
        inference["maxTokens"] += budget


def _merged(fields: Values, own: Values) -> Values:
    merged = dict(fields)
    for name, value in own.items():
        known = merged.get(name)
        merged[name] = {**known, **value} if isinstance(known, dict) and isinstance(value, dict) else value
    return merged
