"""Writes a request's settings as Gemini's generation config, and the fields beside it."""

import re
from typing import Any

from gateway.dialects.conversation.report import Report
from gateway.dialects.conversation.settings import Form, form_of
from gateway.dialects.gemini.schema import subset
from gateway.dialects.profiles import Facts

Settings = dict[str, Any]

_RENAMED = {
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
# They change the answer, and Gemini has no word for them.
_INDISPENSABLE = ("logit_bias", "audio", "prediction")
# Its own words, which clients may write in either case.
_OWN_CONFIG = ("mediaResolution", "imageConfig", "speechConfig", "thinkingConfig", "responseModalities")
_OWN = ("cachedContent", "safetySettings", "labels", "modelArmorConfig")
_MODALITIES = {"text": "TEXT", "image": "IMAGE"}
_TIERS = {"default": "standard", "flex": "flex", "priority": "priority"}
_LABEL = re.compile(r"[a-z0-9_-]{1,63}")
_SNAKE = re.compile(r"_([a-z])")
# They ask for nothing where they have these values.
_NOTHING = {"logprobs": False, "store": False, "service_tier": "auto", "logit_bias": {}}
_ONE = {**_NOTHING, "n": 1}


class ConfigWriter:
    """Writes the settings of one request, a setting at a time; what is left is dropped, and said."""

    def __init__(self, settings: Settings, facts: Facts, report: Report) -> None:
        self._left = {**facts.defaults, **{name: value for name, value in settings.items() if value is not None}}
        self._facts = facts
        self._report = report
        self.body: dict[str, Any] = {}
        """The fields beside the generation config."""
        self.config: dict[str, Any] = {}
        self.headers: dict[str, str] = {}

    def write(self, *, shows_reasoning: bool, form: Form) -> None:
        """Fill `config` and `body`. Raises `InvalidRequest` for what changes the answer and cannot be carried."""
        for name in sorted(self._facts.refused.union(_INDISPENSABLE) & self._left.keys()):
            if self._left[name] and self._left[name] != _ONE.get(name):
                raise self._report.unsupported(f"`{name}`", self._report.field(name))
        for name in sorted(self._facts.dropped & self._left.keys()):
            del self._left[name]
            self._report.leave_out_field(name)
        self._own()
        self._numbers()
        self._stop()
        self._logprobs()
        self._modalities()
        self._think(shows_reasoning)
        self._form(form)
        self._callers()
        for name in [*self._left]:
            if self._take(name) is not None:
                self._report.leave_out_field(name)

    def _take(self, name: str) -> Any:
        value = self._left.pop(name, None)
        return None if name in _NOTHING and value == _NOTHING[name] else value

    def _within(self, name: str, value: Any) -> Any:
        """A number brought into the range that the upstream takes."""
        bounds = self._facts.ranges.get(name)
        return min(max(value, bounds.least), bounds.most) if bounds and isinstance(value, int | float) else value

    def _own(self) -> None:
        for name in list(self._left):
            known = _SNAKE.sub(lambda match: match[1].upper(), name)
            if known in _OWN_CONFIG:
                self.config[known] = self._left.pop(name)
            elif known in _OWN:
                self.body[known] = self._left.pop(name)

    def _numbers(self) -> None:
        for name, known in _RENAMED.items():
            if (value := self._take(name)) is not None:
                self.config[known] = self._within(name, value)
        self._require_count("n", self.config.get("candidateCount"))
        limits = [limit for name in _LIMITS if (limit := self._take(name)) is not None]
        limits += [self._facts.max_answer_tokens] if self._facts.max_answer_tokens is not None else []
        if limits:
            for limit in limits:
                self._require_count("max_completion_tokens", limit)
            self.config["maxOutputTokens"] = min(int(min(limits)), _MOST_TOKENS)
        seed = self._take("seed")
        if isinstance(seed, int):
            # Gemini takes 32 bits; one seed stays one seed.
            self.config["seed"] = seed % _SEEDS

    def _require_count(self, name: str, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 1 or value != value // 1:
            field = self._report.field(name)
            raise self._report.invalid(f"Invalid value for {field}: expected a whole number from 1 up", field)

    def _stop(self) -> None:
        stop = self._take("stop")
        stops = [stop] if isinstance(stop, str) else stop if isinstance(stop, list) else []
        stops = [text for text in stops if text]
        if len(stops) > _MOST_STOPS:
            raise self._report.unsupported(f"more than {_MOST_STOPS} stop sequences", self._report.field("stop"))
        if stops:
            self.config["stopSequences"] = stops

    def _logprobs(self) -> None:
        wanted, most = self._take("logprobs"), self._take("top_logprobs")
        if wanted or most:
            self.config["responseLogprobs"] = True
        if isinstance(most, int) and most > 0:
            self.config["logprobs"] = min(most, _MOST_LOGPROBS)

    def _modalities(self) -> None:
        modalities = self._take("modalities")
        if not isinstance(modalities, list) or modalities == ["text"]:
            return
        if not all(isinstance(one, str) and one in _MODALITIES for one in modalities):
            raise self._report.unsupported("modalities other than text and image", self._report.field("modalities"))
        self.config["responseModalities"] = [_MODALITIES[one] for one in modalities]

    def _think(self, shows_reasoning: bool) -> None:
        thinking = self._facts.thinking
        effort = self._left.get("reasoning_effort")
        config: dict[str, Any] = {}
        if thinking is not None and isinstance(effort, str) and effort in thinking.efforts:
            del self._left["reasoning_effort"]
            value = thinking.efforts[effort]
            # Their names are Gemini's own: a budget in tokens up to 2.5, a level from 3 on. Both at once are refused.
            config[thinking.form] = 0 if value is None else value
            shows_reasoning |= effort != "none"
        if thinking is not None and shows_reasoning:
            config["includeThoughts"] = True
        if config and "thinkingConfig" not in self.config:
            self.config["thinkingConfig"] = config

    def _form(self, form: Form) -> None:
        self._take("response_format")
        if form.kind == "text":
            return
        self.config["responseMimeType"] = "application/json"
        if form.schema is not None:
            name = "responseJsonSchema" if self._facts.takes_json_schema else "responseSchema"
            self.config[name] = form.schema if self._facts.takes_json_schema else subset(form.schema)

    def _callers(self) -> None:
        self._tier(self._take("service_tier"))
        for name in ("safety_identifier", "user"):
            user = self._left.get(name)
            # What a label may be: Google Cloud's documentation of labels.
            if isinstance(user, str) and _LABEL.fullmatch(user):
                self.body.setdefault("labels", {}).setdefault("user", self._left.pop(name))

    def _tier(self, tier: Any) -> None:
        if tier is None:
            return
        header = self._facts.renamed.get("service_tier")
        if not isinstance(tier, str) or tier not in _TIERS:
            self._report.leave_out_field("service_tier")
        elif header is None:
            self.body["serviceTier"] = _TIERS[tier]
        elif tier != "default":
            self.headers[header] = _TIERS[tier]


def form_wanted(settings: Settings) -> Form:
    """What form the answer must have."""
    return form_of(settings.get("response_format"))
