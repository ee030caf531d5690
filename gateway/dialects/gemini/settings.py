"""Writes a prompt's settings as Gemini's generation config, and as fields and headers beside it."""

import re
from collections.abc import Mapping

from gateway.dialects.gemini.schema import subset
from gateway.dialects.gemini.types import (
    ConfigExtension,
    GenerateContentRequest,
    GenerationConfig,
    NumberField,
    RequestExtension,
    ThinkingConfig,
)
from gateway.dialects.profiles.base import Range, Thinking
from gateway.dialects.profiles.gemini import GeminiProfile
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings, says_the_same
from gateway.dialects.tool_schemas import alone_references
from gateway.neutral.json import (
    Json,
    list_or_none,
    object_or_empty,
    object_or_none,
    text_or_none,
)
from gateway.neutral.structured_output import OutputFormat

_NUMBERS: Mapping[str, NumberField] = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
_MOST_STOPS = 5
_SEEDS = 2**31
_LIMITS = Range(1, 2**31 - 1)
# Google's own fields, which its API takes in both spellings.
_CONFIG_EXTENSIONS: Mapping[str, ConfigExtension] = {
    **{"mediaResolution": "mediaResolution", "media_resolution": "mediaResolution"},
    **{"imageConfig": "imageConfig", "image_config": "imageConfig"},
    **{"speechConfig": "speechConfig", "speech_config": "speechConfig"},
    **{"thinkingConfig": "thinkingConfig", "thinking_config": "thinkingConfig"},
    **{"responseModalities": "responseModalities", "response_modalities": "responseModalities"},
}
_REQUEST_EXTENSIONS: Mapping[str, RequestExtension] = {
    **{"cachedContent": "cachedContent", "cached_content": "cachedContent"},
    **{"safetySettings": "safetySettings", "safety_settings": "safetySettings"},
    **{"modelArmorConfig": "modelArmorConfig", "model_armor_config": "modelArmorConfig"},
    "labels": "labels",
}
_EXTENSIONS = _CONFIG_EXTENSIONS.keys() | _REQUEST_EXTENSIONS.keys()
_MODALITIES = {"text": "TEXT", "image": "IMAGE"}
_TIERS = {"default": "standard", "flex": "flex", "priority": "priority"}
# What a label may be: Google Cloud's documentation of labels.
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")


class SettingsWriter:
    """Writes the settings of one request; those that it has no field for are dropped and reported."""

    def __init__(self, pending: PendingSettings, profile: GeminiProfile, report: Report) -> None:
        self._pending = pending
        self._profile = profile
        self._report = report
        self._config: GenerationConfig = {}
        self._headers: dict[str, str] = {}

    def write(
        self, request: GenerateContentRequest, output_format: OutputFormat | None, *, shows_reasoning: bool
    ) -> dict[str, str]:
        """Put the settings into the request, and return the headers that they need.

        Raises `InvalidRequest` for what changes the answer and cannot be sent.
        """
        if self._pending or self._profile.max_answer_tokens is not None:
            if self._pending.has_some(_EXTENSIONS):
                self._write_extensions(request)
            self._write_numbers()
            self._write_limit()
        if self._pending:
            self._write_seed_and_stop()
            self._write_logprobs()
            self._write_modalities()
        if self._profile.thinking is not None:
            self._write_thinking(self._profile.thinking, shows_reasoning=shows_reasoning)
        if output_format is not None:
            self._write_format(output_format)
        if self._pending:
            self._write_tier(request)
            self._write_user(request)
        if self._config:
            request["generationConfig"] = self._config
        self._pending.finish(object_or_empty(request))
        return self._headers

    def _write_extensions(self, request: GenerateContentRequest) -> None:
        for name, field in _CONFIG_EXTENSIONS.items():
            if (value := self._pending.take(name)) is not None:
                self._config[field] = value
        for name, extension in _REQUEST_EXTENSIONS.items():
            if (value := self._pending.take(name)) is not None:
                request[extension] = value

    def _write_numbers(self) -> None:
        for name, field in _NUMBERS.items():
            if (number := self._pending.number(name)) is not None:
                self._config[field] = number
        if (count := self._pending.integer("n")) is not None:
            self._config["candidateCount"] = count

    def _write_limit(self) -> None:
        if (limit := self._pending.token_limit(bounds=_LIMITS)) is not None:
            self._config["maxOutputTokens"] = limit

    def _write_seed_and_stop(self) -> None:
        if (seed := self._pending.integer("seed")) is not None:
            # Gemini takes 32 bits; one seed stays one seed.
            self._config["seed"] = seed % _SEEDS
        if stops := self._pending.stop_sequences(_MOST_STOPS):
            self._config["stopSequences"] = [*stops]

    def _write_logprobs(self) -> None:
        is_requested, most = self._pending.take("logprobs"), self._pending.integer("top_logprobs")
        if is_requested or most:
            self._config["responseLogprobs"] = True
        if most:
            self._config["logprobs"] = most

    def _write_modalities(self) -> None:
        modalities = list_or_none(self._pending.take_requested("modalities"))
        if modalities is None:
            return
        written: list[Json] = [_MODALITIES[one] for one in modalities if isinstance(one, str) and one in _MODALITIES]
        if len(written) < len(modalities):
            raise self._report.unsupported("modalities other than text and image", self._report.setting("modalities"))
        self._config["responseModalities"] = written

    def _write_thinking(self, thinking: Thinking, *, shows_reasoning: bool) -> None:
        effort, own = text_or_none(self._pending.peek("reasoning_effort")), self._config.get("thinkingConfig")
        config: ThinkingConfig = {}
        if effort is not None and effort in thinking.efforts:
            value = thinking.efforts[effort] or 0
            if thinking.form == "thinkingBudget":
                config["thinkingBudget"] = value
            else:
                config["thinkingLevel"] = value
            # What is left is reported: the client's own field counts.
            if own is None or says_the_same(own, config):
                self._pending.take("reasoning_effort")
            shows_reasoning |= effort != "none"
        if shows_reasoning:
            config["includeThoughts"] = True
        if config and own is None:
            self._config["thinkingConfig"] = config

    def _write_format(self, output_format: OutputFormat) -> None:
        self._config["responseMimeType"] = "application/json"
        schema = output_format.schema
        if schema is not None and self._profile.takes_json_schema:
            self._config["responseJsonSchema"] = alone_references(schema)
        elif schema is not None:
            self._config["responseSchema"] = subset(schema)

    def _write_tier(self, request: GenerateContentRequest) -> None:
        tier = text_or_none(self._pending.peek("service_tier"))
        header = self._profile.tier_header
        if tier is None or tier not in _TIERS:
            return
        self._pending.take("service_tier")
        if header is None:
            request["serviceTier"] = _TIERS[tier]
        elif tier != "default":
            self._headers[header] = _TIERS[tier]

    def _write_user(self, request: GenerateContentRequest) -> None:
        """Write the caller's user as a label, if it can be one and the client has not set that label itself."""
        for name in ("safety_identifier", "user"):
            user = text_or_none(self._pending.peek(name))
            labels = object_or_none(request.get("labels", {}))
            if user is None or labels is None or not _LABEL.fullmatch(user):
                continue
            if labels.get("user", user) == user:
                self._pending.take(name)
                request["labels"] = {**labels, "user": user}
