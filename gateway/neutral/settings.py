"""The settings of a request: everything beside its conversation and its tools; and the one table of their rules."""

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Literal

from gateway.neutral.json import Json, object_or_none
from gateway.neutral.values import value

Kind = Literal["number", "integer", "flag", "text", "texts", "list", "object"]
"""The type of a setting. `texts` is a string or a list of strings; an integer may be written as 2.0."""
TokenLimit = Literal["max_completion_tokens", "max_tokens"]
SAME = "="
"""The place, in the Responses API, of a setting that has the same name there."""


@value
class Rule:
    """What holds for one setting on both surfaces and for every upstream."""

    kind: Kind
    place: str | None = SAME
    """Where the Responses API has it: `SAME`, a path, or None for what only chat has."""
    neutral: tuple[Json, ...] = ()
    """The values, beside null, that request nothing. Where an upstream has no such setting, they are neither refused
    nor reported as dropped."""
    is_required: bool = False
    """Whether the answer would be another one without it, so that the request is refused. Others are dropped."""
    required_unless: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    """Dotted paths in an object, and the values there, beside null, with which it may be dropped all the same. Where
    one of them holds any other value, the answer would be another one."""
    least: float | None = None
    most: float | None = None
    """The range of a number as OpenAI has it, ends included. A row or a dialect may have another one."""
    outside: Literal["moved", "refused"] = "moved"
    """What happens outside of the range: brought to the nearer end and reported, or refused."""
    is_in_chat: bool = True
    """Whether chat's contract lists it. Servers that speak chat may know it all the same."""
    is_in_response: bool = True
    """Whether a Response can hold what it requests. Otherwise it is refused in the Responses API."""

    def requests_nothing(self, value: Json) -> bool:
        """Whether a value is the same as leaving the setting out."""
        # For Python, False is 0 and True is 1.
        return value is None or any(
            value == one and (type(value) is bool) == (type(one) is bool) for one in self.neutral
        )

    def is_required_with(self, value: Json) -> bool:
        """Whether the answer would be another one without the setting, as the request has it."""
        return self.is_required or self.is_binding(value)

    def is_binding(self, value: Json) -> bool:
        """Whether the value is one of those that make a setting required which otherwise may be dropped."""
        return any(not _may_go(value, path.split("."), harmless) for path, harmless in self.required_unless.items())


def _may_go(value: Json, names: Sequence[str], harmless: tuple[Json, ...]) -> bool:
    """Whether what stands in a value at a path is nothing, or one of what does no harm if it goes."""
    for name in names:
        if value is None:
            return True
        inner = object_or_none(value)
        if inner is None:
            return False
        value = inner.get(name)
    return value is None or value in harmless


TOKEN_LIMIT: TokenLimit = "max_completion_tokens"
"""The limit of the answer's tokens."""
OLDER_TOKEN_LIMIT: TokenLimit = "max_tokens"
"""Its older name, which most compatible servers know."""
TOKEN_LIMITS = (TOKEN_LIMIT, OLDER_TOKEN_LIMIT)
CACHE_OPTIONS = "prompt_cache_options"
"""How the prompt is to be cached."""
PARALLEL_CALLS = "parallel_tool_calls"
"""Without tools it requests nothing, and OpenAI refuses it."""

_LONG = 2**63
_LIMIT = Rule("integer", "max_output_tokens", least=1, outside="refused")

RULES: Mapping[str, Rule] = {
    "audio": Rule("object", None, is_required=True, is_in_response=False),
    "frequency_penalty": Rule("number", neutral=(0,), least=-2, most=2),
    "logit_bias": Rule("object", None, neutral=({},), is_required=True),
    # The Responses API has it as an entry of `include`.
    "logprobs": Rule("flag", None, neutral=(False,), is_required=True),
    TOKEN_LIMIT: _LIMIT,
    OLDER_TOKEN_LIMIT: _LIMIT,
    "modalities": Rule("list", None, neutral=(["text"], []), is_required=True, is_in_response=False),
    # Scores stand beside an answer; a block takes its place.
    "moderation": Rule("object", required_unless={f"policy.{side}.mode": ("score",) for side in ("input", "output")}),
    "n": Rule("integer", None, neutral=(1,), is_required=True, least=1, most=128, outside="refused"),
    PARALLEL_CALLS: Rule("flag", neutral=(True,)),
    # It makes the answer come sooner, and leaves it the same.
    "prediction": Rule("object", None),
    "presence_penalty": Rule("number", neutral=(0,), least=-2, most=2),
    "prompt_cache_key": Rule("text", neutral=("",)),
    # To prewarm is to generate no answer.
    CACHE_OPTIONS: Rule("object", neutral=({}, {"mode": "implicit"}), required_unless={"prewarm": (False,)}),
    "prompt_cache_retention": Rule("text"),
    "reasoning_effort": Rule("text", "reasoning.effort"),
    "response_format": Rule("object", "text.format", neutral=({"type": "text"},), is_required=True),
    "safety_identifier": Rule("text", neutral=("",)),
    "seed": Rule("integer", None, least=-_LONG, most=_LONG - 1, outside="refused"),
    "service_tier": Rule("text", neutral=("auto", "default")),
    "stop": Rule("texts", None, neutral=("", []), is_required=True),
    "store": Rule("flag", neutral=(False,)),
    "stream_options": Rule("object", neutral=({}, {"include_usage": True}, {"include_usage": False})),
    "temperature": Rule("number", neutral=(1,), least=0, most=2),
    "top_k": Rule("integer", least=0, is_in_chat=False),
    "top_logprobs": Rule("integer", neutral=(0,), is_required=True, least=0, most=20),
    "top_p": Rule("number", neutral=(1,), least=0, most=1),
    "user": Rule("text", neutral=("",)),
    "verbosity": Rule("text", "text.verbosity", neutral=("medium",)),
    "web_search_options": Rule("object", None, is_required=True),
}
"""The one table, by the settings' names in chat. A name that is not in it is of any type, requests something with
every value, and may be dropped."""

BACKGROUND_OPTIONS = "background_options"
"""When a response in the background is to be completed: the gateway's own work, as the background itself."""
REASONING_CONTEXT = "reasoning.context"
"""Which reasoning of earlier turns is sent; the gateway sees to it for every upstream."""
CURRENT_TURN = "current_turn"
"""Its value that leaves out the reasoning of all turns but the one that goes on."""
RESPONSES_RULES: Mapping[str, Rule] = {
    "access_programs": Rule("object", neutral=({},), is_in_chat=False),
    BACKGROUND_OPTIONS: Rule("object", neutral=({}, {"completion_window": "soonest"}), is_in_chat=False),
    "client_metadata": Rule("object", neutral=({},), is_in_chat=False),
    "context_management": Rule("list", neutral=([],), is_required=True, is_in_chat=False),
    "image": Rule("object", neutral=({}, {"context_compression": "auto"}), is_in_chat=False),
    "include": Rule("list", is_in_chat=False),
    "max_tool_calls": Rule("integer", is_in_chat=False),
    "prompt": Rule("object", is_required=True, is_in_chat=False),
    REASONING_CONTEXT: Rule("text", neutral=("auto", "all_turns"), is_in_chat=False),
    "reasoning.mode": Rule("text", neutral=("standard",), is_in_chat=False),
    "truncation": Rule("text", neutral=("disabled",), is_in_chat=False),
}
"""The same for what only the Responses API has, by its path there: no other dialect is sent any of it."""

PLACES: Mapping[str, str] = {name: rule.place for name, rule in RULES.items() if rule.place not in (None, SAME)}
"""Where the Responses API has the settings that have another name there, or another place."""
INTEGERS = tuple(name for name, rule in RULES.items() if rule.kind == "integer")
"""The settings that are integers, in chat."""
_BY_PATH = {PLACES.get(name, name): rule for name, rule in RULES.items() if rule.place is not None}
RESPONSES_INTEGERS = tuple(path for path, rule in {**_BY_PATH, **RESPONSES_RULES}.items() if rule.kind == "integer")
"""The same, in the Responses API."""


def requests_nothing(name: str, value: Json) -> bool:
    """Whether a value is the same as leaving the setting out."""
    return value is None or (name in RULES and RULES[name].requests_nothing(value))


def is_required(name: str, value: Json) -> bool:
    """Whether the answer would be another one without the setting, which has this value."""
    return name in RULES and RULES[name].is_required_with(value)


def is_binding(name: str, value: Json) -> bool:
    """Whether the value makes a setting required which otherwise may be dropped."""
    return name in RULES and RULES[name].is_binding(value)


@value
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
