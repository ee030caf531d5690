"""The settings of a request: everything beside its conversation and its tools; and the one table of their rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.neutral.json import Json


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for one setting wherever an upstream has no such setting."""

    neutral: tuple[Json, ...] = ()
    """The values, beside null, that request nothing. Where an upstream has no such setting, they are neither refused
    nor reported as dropped."""
    is_required: bool = False
    """Whether the answer would be another one without it, so that the request is refused. Others are dropped."""


_OPTIONAL, _REQUIRED = Rule(), Rule(is_required=True)

RULES: Mapping[str, Rule] = {
    "audio": _REQUIRED,
    "frequency_penalty": Rule((0,)),
    "logit_bias": Rule(({},), is_required=True),
    "logprobs": Rule((False,), is_required=True),
    "modalities": Rule((["text"], []), is_required=True),
    "n": Rule((1,), is_required=True),
    "parallel_tool_calls": Rule((True,)),
    # It makes the answer come sooner, and leaves it the same.
    "prediction": _OPTIONAL,
    "presence_penalty": Rule((0,)),
    "service_tier": Rule(("auto", "default")),
    "stop": Rule(("", []), is_required=True),
    "store": Rule((False,)),
    "stream_options": Rule(({}, {"include_usage": True}, {"include_usage": False})),
    "temperature": Rule((1,)),
    "top_logprobs": Rule((0,), is_required=True),
    "top_p": Rule((1,)),
    "web_search_options": _REQUIRED,
}
"""The one table. A name that is not in it requests something with every value, and may be dropped."""


def requests_nothing(name: str, value: Json) -> bool:
    """Whether a value is the same as leaving the setting out."""
    return value is None or value in RULES.get(name, _OPTIONAL).neutral


def is_required(name: str) -> bool:
    """Whether the answer would be another one without the setting."""
    return RULES.get(name, _OPTIONAL).is_required


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings under neutral names, which are chat's. Null ones request nothing and are not there.

    Names that no dialect knows are here, too: they travel to an upstream that may know them.
    """

    values: Mapping[str, Json] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    """Where the client wrote those that it has under another name, such as `text.verbosity`."""

    def path(self, name: str) -> str:
        """Where the client wrote a setting, for errors and reports."""
        return self.paths.get(name, name)
