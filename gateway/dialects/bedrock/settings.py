"""Writes the settings of a request as Converse has them, and reports the others."""

import re
from collections.abc import Mapping

from gateway.dialects.bedrock.reasoning import excluded_settings, known_effort, reasoning_fields
from gateway.dialects.bedrock.types import InferenceConfig
from gateway.dialects.bedrock.types import Settings as ConverseSettings
from gateway.dialects.profiles import Facts
from gateway.dialects.report import Report
from gateway.neutral.json import (
    Json,
    JsonObject,
    integer_or_none,
    number_or_none,
    object_or_empty,
    object_or_none,
    text_or_none,
    texts_in,
)
from gateway.neutral.settings import Settings

_MODEL_FIELDS = "additionalModelRequestFields"
# Converse's own fields, which go through as they are.
_OWN: dict[str, type] = {
    "guardrailConfig": dict,
    _MODEL_FIELDS: dict,
    "additionalModelResponseFieldPaths": list,
    "performanceConfig": dict,
    "promptVariables": dict,
    "requestMetadata": dict,
    "serviceTier": dict,
}
# They change the answer and have no place here; beside them the value that requests nothing (facts, section 0.4).
_REFUSED: JsonObject = {
    "n": 1,
    "top_logprobs": 0,
    "logprobs": False,
    "logit_bias": {},
    "modalities": ["text"],
    "audio": {},
    "prediction": {},
    "web_search_options": None,
}
_LIMITS = ("max_completion_tokens", "max_tokens")
_TIERS = ("default", "flex", "priority")
_METADATA_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}")
_METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_MOST_METADATA = 16
_USERS = ("safety_identifier", "user")
_ELSEWHERE = frozenset({"store", "parallel_tool_calls", "reasoning_effort", "service_tier", "stop", *_USERS})


class SettingsWriter:
    """Writes the settings of one request."""

    def __init__(self, facts: Facts, report: Report) -> None:
        self._facts = facts
        self._report = report

    def write(self, settings: Settings, metadata: Mapping[str, str], *, can_reason: bool) -> dict[str, object]:
        """The fields of the body. `metadata` is the client's.

        Raises `InvalidRequest` for a setting that changes the answer and that Bedrock does not have.
        """
        left: JsonObject = {name: value for name, value in settings.values.items() if value is not None}
        self._refuse(left)
        effort = self._effort(left, can_reason=can_reason)
        self._drop_excluded(left, effort)
        written: ConverseSettings = {}
        inference = self._inference(left)
        fields = self._model_fields(left, effort, inference)
        if inference:
            written["inferenceConfig"] = inference
        if fields:
            written["additionalModelRequestFields"] = fields
        own: JsonObject = {name: left.pop(name) for name in _OWN if name in left}
        self._write_tier(left, own, written)
        self._write_metadata(left, metadata, own, written)
        if left.get("parallel_tool_calls") is False:
            self._report.drop_setting("parallel_tool_calls")
        for name in left:
            if name not in _ELSEWHERE:
                self._report.drop_setting(name)
        return {**own, **written}

    def _refuse(self, left: JsonObject) -> None:
        for name, neutral in _REFUSED.items():
            if name in left and left.pop(name) != neutral:
                raise self._report.unsupported(f"`{name}`", self._report.setting(name))
        for name in left:
            if name in self._facts.refused:
                raise self._report.unsupported(f"`{name}`", self._report.setting(name))
        for name, kind in _OWN.items():
            if name in left and not isinstance(left[name], kind):
                raise self._report.invalid(f"`{name}` has not the shape that Converse has for it", name)

    def _effort(self, left: JsonObject, *, can_reason: bool) -> str | None:
        given = left.get("reasoning_effort")
        if given is None:
            return None
        effort = known_effort(given, self._facts)
        if effort is None or (not can_reason and effort != "none"):
            self._report.drop_setting("reasoning_effort")
            return None
        return effort

    def _drop_excluded(self, left: JsonObject, effort: str | None) -> None:
        excluded = set(self._facts.dropped)
        if effort is not None and self._facts.thinking is not None:
            excluded |= excluded_settings(effort, self._facts.thinking, self._facts)
        if "temperature" in left and "one_of_sampling" in self._facts.traits:
            excluded.add("top_p")
        for name in [name for name in left if name in excluded]:
            del left[name]
            self._report.drop_setting(name)

    def _inference(self, left: JsonObject) -> InferenceConfig:
        inference: InferenceConfig = {}
        limits = [self._whole(name, left.pop(name)) for name in _LIMITS if name in left]
        if self._facts.max_answer_tokens is not None:
            limits.append(self._facts.max_answer_tokens)
        if limits:
            inference["maxTokens"] = min(limits)
        if "temperature" in left:
            inference["temperature"] = self._number("temperature", left.pop("temperature"))
        if "top_p" in left:
            inference["topP"] = self._number("top_p", left.pop("top_p"))
        if stops := self._stop_sequences(left.get("stop")):
            inference["stopSequences"] = stops
        return inference

    def _whole(self, name: str, value: Json) -> int:
        number = number_or_none(value)
        if number is None or number < 1 or number != number // 1:
            raise self._report.invalid(f"`{name}` is a whole number from 1 up", self._report.setting(name))
        return int(number)

    def _number(self, name: str, value: Json) -> float:
        number = number_or_none(value)
        if number is None:
            raise self._report.invalid(f"`{name}` is a number", self._report.setting(name))
        bounds = self._facts.ranges.get(name)
        return number if bounds is None else min(max(number, bounds.least), bounds.most)

    def _stop_sequences(self, stop: Json) -> list[str]:
        given: Json = [stop] if isinstance(stop, str) else stop
        takes_blanks = "worded_stops" not in self._facts.traits
        stops = [text for text in texts_in(given) if text and (takes_blanks or text.strip())]
        if isinstance(given, list) and len(stops) < len(given):
            self._report.drop_setting("stop")
        return stops

    def _model_fields(self, left: JsonObject, effort: str | None, inference: InferenceConfig) -> JsonObject:
        """What only this model knows; the client's own fields for it take precedence."""
        fields: JsonObject = {}
        path = self._facts.renamed.get("top_k")
        if "top_k" in left and path:
            fields = _nested(path.removeprefix(f"{_MODEL_FIELDS}."), left.pop("top_k"))
        if effort is not None and self._facts.thinking is not None:
            reasoning = reasoning_fields(effort, self._facts.thinking)
            fields |= reasoning
            _raise_limit(inference, reasoning)
        return _merged(fields, object_or_empty(left.pop(_MODEL_FIELDS, None)))

    def _write_tier(self, left: JsonObject, own: JsonObject, written: ConverseSettings) -> None:
        given = left.get("service_tier")
        tier = text_or_none(given)
        if tier in _TIERS and "serviceTier" not in own:
            written["serviceTier"] = {"type": tier}
        elif given not in (None, "auto"):
            self._report.drop_setting("service_tier")

    def _write_metadata(
        self, left: JsonObject, given: Mapping[str, str], own: JsonObject, written: ConverseSettings
    ) -> None:
        """The client's metadata and its identifiers of its user, as far as Bedrock's logs can hold them."""
        metadata: JsonObject = {name: value for name, value in given.items() if _fits(name, value)}
        for name in _USERS:
            if name not in left:
                continue
            if _fits(name, left[name]):
                metadata[name] = left[name]
            else:
                self._report.drop_setting(name)
        metadata |= object_or_empty(own.get("requestMetadata"))
        if metadata:
            written["requestMetadata"] = dict(list(metadata.items())[-_MOST_METADATA:])


def _fits(name: str, value: Json) -> bool:
    return bool(isinstance(value, str) and _METADATA_KEY.fullmatch(name) and _METADATA_VALUE.fullmatch(value))


def _nested(path: str, value: Json) -> JsonObject:
    """An object with the value at this path, such as `inferenceConfig.topK`."""
    name, _, rest = path.partition(".")
    return {name: _nested(rest, value) if rest else value}


def _raise_limit(inference: InferenceConfig, reasoning: JsonObject) -> None:
    """The budget is part of the token limit, and has to be below it."""
    budget = integer_or_none(object_or_empty(reasoning.get("thinking")).get("budget_tokens"))
    if budget is not None and "maxTokens" in inference and inference["maxTokens"] <= budget:
        inference["maxTokens"] += budget


def _merged(fields: JsonObject, own: JsonObject) -> JsonObject:
    merged = dict(fields)
    for name, value in own.items():
        known, given = object_or_none(merged.get(name)), object_or_none(value)
        merged[name] = {**known, **given} if known is not None and given is not None else value
    return merged
