"""Writes the settings of a request as Converse has them, and reports the others."""

import re
from collections.abc import Mapping

from gateway.dialects.bedrock.reasoning import excluded_settings, known_effort, reasoning_fields
from gateway.dialects.bedrock.types import InferenceConfig
from gateway.dialects.bedrock.types import Settings as ConverseSettings
from gateway.dialects.cache_control import CacheOptions
from gateway.dialects.profiles.bedrock import BedrockProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings
from gateway.neutral.json import (
    Json,
    JsonObject,
    integer_or_none,
    object_or_empty,
    object_or_none,
    text_or_none,
)
from gateway.neutral.settings import CACHE_OPTIONS, Settings

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
_TIERS = ("default", "flex", "priority")
_METADATA_KEY = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}")
_METADATA_VALUE = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{0,256}")
_MOST_METADATA = 16
_USERS = ("safety_identifier", "user")


class SettingsWriter:
    """Writes the settings of one request."""

    def __init__(self, settings: Settings, profile: BedrockProfile, report: Report) -> None:
        self._pending = PendingSettings(settings, profile, report)
        self._profile = profile
        self._report = report

    def write(self, metadata: Mapping[str, str], *, can_reason: bool) -> JsonObject:
        """The fields of the body. `metadata` is the client's.

        Raises `InvalidRequest` for a setting that changes the answer and that Bedrock does not have.
        """
        own = self._own()
        effort = self._effort(own, can_reason=can_reason)
        self._drop_excluded(effort)
        written: ConverseSettings = {}
        inference = self._inference()
        fields = self._model_fields(own, effort, inference)
        if inference:
            written["inferenceConfig"] = inference
        if fields:
            written["additionalModelRequestFields"] = fields
        self._write_tier(own, written)
        self._write_metadata(metadata, own, written)
        if CACHE_OPTIONS in self._pending and (cache := CacheOptions(self._pending, self._report)).ttl is not None:
            # Few of its models keep it for longer than 5 minutes, and others refuse a lifetime.
            cache.drop_ttl()
        body = own | object_or_empty(written)
        self._pending.finish(body)
        return body

    def _own(self) -> JsonObject:
        own: JsonObject = {}
        if not self._pending.has_some(_OWN.keys()):
            return own
        for name, kind in _OWN.items():
            value = self._pending.take(name)
            if value is None:
                continue
            if not isinstance(value, kind):
                raise self._report.invalid(f"`{name}` has not the shape that Converse has for it", name)
            own[name] = value
        return own

    def _effort(self, own: JsonObject, *, can_reason: bool) -> str | None:
        given = self._pending.take("reasoning_effort")
        if given is None:
            return None
        effort = known_effort(given, self._profile)
        if effort is None or (not can_reason and effort != "none") or self._differs(own, effort):
            self._report.drop_setting("reasoning_effort")
            return None
        return effort

    def _differs(self, own: JsonObject, effort: str) -> bool:
        """Whether the client's own fields of the model say something else than an effort would be written as."""
        fields = object_or_empty(own.get(_MODEL_FIELDS))
        thinking = self._profile.thinking
        written = {} if thinking is None else reasoning_fields(effort, thinking)
        return any(_says_otherwise(fields.get(name), value) for name, value in written.items())

    def _drop_excluded(self, effort: str | None) -> None:
        if effort is not None and self._profile.thinking is not None:
            for name in sorted(excluded_settings(effort, self._profile.thinking, self._profile)):
                self._pending.drop(name)
        if self._profile.takes_one_of_sampling:
            self._pending.keep_one("temperature", "top_p")

    def _inference(self) -> InferenceConfig:
        inference: InferenceConfig = {}
        if (limit := self._pending.token_limit()) is not None:
            inference["maxTokens"] = limit
        if not self._pending:
            return inference
        if (temperature := self._pending.number("temperature")) is not None:
            inference["temperature"] = temperature
        if (top_p := self._pending.number("top_p")) is not None:
            inference["topP"] = top_p
        takes_blank = self._profile.takes_blank_stops
        if stops := self._pending.stop_sequences(takes_blank=takes_blank):
            inference["stopSequences"] = stops
        return inference

    def _model_fields(self, own: JsonObject, effort: str | None, inference: InferenceConfig) -> JsonObject:
        """What only this model knows; the client's own fields for it take precedence."""
        fields: JsonObject = {}
        if effort is not None and self._profile.thinking is not None:
            fields = reasoning_fields(effort, self._profile.thinking)
            _raise_limit(inference, fields)
        return _merged(fields, object_or_empty(own.pop(_MODEL_FIELDS, None)))

    def _write_tier(self, own: JsonObject, written: ConverseSettings) -> None:
        tier = text_or_none(self._pending.peek("service_tier"))
        if tier in _TIERS and "serviceTier" not in own:
            written["serviceTier"] = {"type": tier}
            self._pending.take("service_tier")

    def _write_metadata(self, given: Mapping[str, str], own: JsonObject, written: ConverseSettings) -> None:
        """The client's metadata and its identifiers of its user, as far as Bedrock's logs can hold them."""
        if not given and not own and not self._pending:
            return
        metadata: JsonObject = {name: value for name, value in given.items() if _fits(name, value)}
        for name in _USERS:
            if _fits(name, self._pending.peek(name)):
                metadata[name] = self._pending.take(name)
        metadata |= object_or_empty(own.get("requestMetadata"))
        if metadata:
            written["requestMetadata"] = dict(list(metadata.items())[-_MOST_METADATA:])


def _fits(name: str, value: Json) -> bool:
    return bool(isinstance(value, str) and _METADATA_KEY.fullmatch(name) and _METADATA_VALUE.fullmatch(value))


def _says_otherwise(own: Json, written: Json) -> bool:
    if isinstance(own, dict) and isinstance(written, dict):
        return any(own.get(name, value) != value for name, value in written.items())
    return own is not None and own != written


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
