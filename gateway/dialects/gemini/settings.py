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
from gateway.dialects.profiles import Facts, Thinking
from gateway.dialects.report import Report
from gateway.neutral.json import (
    Json,
    integer_or_none,
    list_or_empty,
    list_or_none,
    number_or_none,
    object_or_none,
    text_or_none,
)
from gateway.neutral.structured_output import OutputFormat

_NUMBERS: Mapping[str, NumberField] = {
    "temperature": "temperature",
    "top_p": "topP",
    "top_k": "topK",
    "n": "candidateCount",
    "presence_penalty": "presencePenalty",
    "frequency_penalty": "frequencyPenalty",
}
_LIMITS = ("max_completion_tokens", "max_tokens")
_MOST_STOPS = 5
_MOST_LOGPROBS = 20
_SEEDS = 2**31
_MOST_TOKENS = 2**31 - 1
# They change the answer, and Gemini has no field for them.
_INDISPENSABLE = ("logit_bias", "audio", "prediction")
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
_MODALITIES = {"text": "TEXT", "image": "IMAGE"}
_TIERS = {"default": "standard", "flex": "flex", "priority": "priority"}
# What a label may be: Google Cloud's documentation of labels.
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
# The values that request nothing.
_NEUTRAL: Mapping[str, Json] = {"logprobs": False, "store": False, "service_tier": "auto", "logit_bias": {}}
_NOT_REFUSED: Mapping[str, Json] = {**_NEUTRAL, "n": 1}


class SettingsWriter:
    """Writes the settings of one request; those that it has no field for are dropped and reported."""

    def __init__(self, settings: Mapping[str, Json], facts: Facts, report: Report) -> None:
        self._left: dict[str, Json] = {
            **facts.defaults,
            **{name: value for name, value in settings.items() if value is not None},
        }
        self._facts = facts
        self._report = report
        self._config: GenerationConfig = {}
        self._headers: dict[str, str] = {}

    def write(
        self, request: GenerateContentRequest, output_format: OutputFormat | None, *, shows_reasoning: bool
    ) -> dict[str, str]:
        """Put the settings into the request, and return the headers that they need.

        Raises `InvalidRequest` for what changes the answer and cannot be sent.
        """
        self._refuse()
        for name, value in _NEUTRAL.items():
            if name in self._left and self._left[name] == value:
                del self._left[name]
        if self._left or self._facts.max_answer_tokens is not None:
            self._write_extensions(request)
            self._write_numbers()
            self._write_limit()
        if self._left:
            self._write_seed_and_stop()
            self._write_logprobs()
            self._write_modalities()
        if self._facts.thinking is not None:
            self._write_thinking(self._facts.thinking, shows_reasoning=shows_reasoning)
        if output_format is not None:
            self._write_format(output_format)
        if self._left:
            self._write_tier(request)
            self._write_user(request)
        for name in self._left:
            self._report.drop_setting(name)
        if self._config:
            request["generationConfig"] = self._config
        return self._headers

    def _refuse(self) -> None:
        for name in sorted(self._facts.refused.union(_INDISPENSABLE) & self._left.keys()):
            if self._left[name] and self._left[name] != _NOT_REFUSED.get(name):
                raise self._report.unsupported(f"`{name}`", self._report.setting(name))
        for name in sorted(self._facts.dropped & self._left.keys()):
            del self._left[name]
            self._report.drop_setting(name)

    def _write_extensions(self, request: GenerateContentRequest) -> None:
        for name in [*self._left]:
            if name in _CONFIG_EXTENSIONS:
                self._config[_CONFIG_EXTENSIONS[name]] = self._left.pop(name)
            elif name in _REQUEST_EXTENSIONS:
                request[_REQUEST_EXTENSIONS[name]] = self._left.pop(name)

    def _write_numbers(self) -> None:
        for name, field in _NUMBERS.items():
            if name in self._left:
                self._config[field] = self._within_range(name, self._left.pop(name))
        if "candidateCount" in self._config:
            self._require_count("n", self._config["candidateCount"])

    def _within_range(self, name: str, value: Json) -> Json:
        """A number brought into the range that the upstream takes."""
        bounds = self._facts.ranges.get(name)
        number = None if bounds is None else number_or_none(value)
        return value if bounds is None or number is None else min(max(number, bounds.least), bounds.most)

    def _write_limit(self) -> None:
        limits = [self._left.pop(name) for name in _LIMITS if name in self._left]
        if self._facts.max_answer_tokens is not None:
            limits.append(self._facts.max_answer_tokens)
        if limits:
            counts = [self._require_count("max_completion_tokens", limit) for limit in limits]
            self._config["maxOutputTokens"] = min(*counts, _MOST_TOKENS)

    def _require_count(self, name: str, value: Json) -> int:
        number = number_or_none(value)
        if number is None or number < 1 or number != number // 1:
            path = self._report.setting(name)
            raise self._report.invalid(f"Invalid value for {path}: expected a whole number from 1 up", path)
        return int(number)

    def _write_seed_and_stop(self) -> None:
        seed = integer_or_none(self._left.pop("seed", None))
        if seed is not None:
            # Gemini takes 32 bits; one seed stays one seed.
            self._config["seed"] = seed % _SEEDS
        given = self._left.pop("stop", None)
        stops: list[Json] = [stop for stop in ([given] if isinstance(given, str) else list_or_empty(given)) if stop]
        if len(stops) > _MOST_STOPS:
            raise self._report.unsupported(f"more than {_MOST_STOPS} stop sequences", self._report.setting("stop"))
        if stops:
            self._config["stopSequences"] = stops

    def _write_logprobs(self) -> None:
        is_requested, most = self._left.pop("logprobs", None), self._left.pop("top_logprobs", None)
        if is_requested or most:
            self._config["responseLogprobs"] = True
        if isinstance(most, int) and most > 0:
            self._config["logprobs"] = min(most, _MOST_LOGPROBS)

    def _write_modalities(self) -> None:
        modalities = list_or_none(self._left.pop("modalities", None))
        if modalities is None or modalities == ["text"]:
            return
        written: list[Json] = [_MODALITIES[one] for one in modalities if isinstance(one, str) and one in _MODALITIES]
        if len(written) < len(modalities):
            raise self._report.unsupported("modalities other than text and image", self._report.setting("modalities"))
        self._config["responseModalities"] = written

    def _write_thinking(self, thinking: Thinking, *, shows_reasoning: bool) -> None:
        effort = text_or_none(self._left.get("reasoning_effort"))
        config: ThinkingConfig = {}
        if effort is not None and effort in thinking.efforts:
            del self._left["reasoning_effort"]
            value = thinking.efforts[effort] or 0
            if thinking.form == "thinkingBudget":
                config["thinkingBudget"] = value
            else:
                config["thinkingLevel"] = value
            shows_reasoning |= effort != "none"
        if shows_reasoning:
            config["includeThoughts"] = True
        if config and "thinkingConfig" not in self._config:
            self._config["thinkingConfig"] = config

    def _write_format(self, output_format: OutputFormat) -> None:
        self._config["responseMimeType"] = "application/json"
        schema = output_format.schema
        if schema is not None and self._facts.takes_json_schema:
            self._config["responseJsonSchema"] = schema
        elif schema is not None:
            self._config["responseSchema"] = subset(schema)

    def _write_tier(self, request: GenerateContentRequest) -> None:
        if "service_tier" not in self._left:
            return
        tier = self._left.pop("service_tier")
        header = self._facts.renamed.get("service_tier")
        if not isinstance(tier, str) or tier not in _TIERS:
            self._report.drop_setting("service_tier")
        elif header is None:
            request["serviceTier"] = _TIERS[tier]
        elif tier != "default":
            self._headers[header] = _TIERS[tier]

    def _write_user(self, request: GenerateContentRequest) -> None:
        """Write the caller's user as a label, if it can be one and the client has not set that label itself."""
        for name in ("safety_identifier", "user"):
            user, labels = text_or_none(self._left.get(name)), object_or_none(request.get("labels", {}))
            if user is not None and labels is not None and _LABEL.fullmatch(user):
                del self._left[name]
                request["labels"] = {"user": user, **labels}
