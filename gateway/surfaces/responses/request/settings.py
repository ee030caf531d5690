"""Reads the settings of a Responses request under their neutral names, which are chat's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, TypeVar

from gateway.errors import misshapen
from gateway.neutral.configuration import Configuration
from gateway.neutral.items import Position
from gateway.neutral.json import (
    Json,
    JsonObject,
    list_or_none,
    number_or_none,
    object_or_none,
    text_or_none,
    texts_in,
)
from gateway.neutral.prompt import Untranslatable, prompt_refusal
from gateway.neutral.settings import (
    CURRENT_TURN,
    PLACES,
    REASONING_CONTEXT,
    RESPONSES_RULES,
    RULES,
    TOKEN_LIMIT,
    Rule,
    Settings,
    requests_nothing,
)
from gateway.neutral.structured_output import OutputFormat, output_format, typed_format
from gateway.surfaces.stream_options import USAGE_OPTIONS, lost_stream_options

if TYPE_CHECKING:
    from generated import models

T = TypeVar("T")

LOGPROBS = "message.output_text.logprobs"
_INCLUDED = (
    *(LOGPROBS, "reasoning.encrypted_content", "message.input_image.image_url", "code_interpreter_call.outputs"),
    *("web_search_call.results", "web_search_call.action.sources", "file_search_call.results"),
    "computer_call_output.output.image_url",
)
PLACED: Annotated[frozenset[str], models.CreateResponse] = frozenset(
    (
        *("model", "models", "input", "instructions", "tools", "tool_choice", "metadata", "provider"),
        *("stream", "stream_options", "store", "background", "conversation", "previous_response_id"),
    )
)
"""What is no setting: it has a field of its own in a prompt, or is the gateway's."""
_PROVIDER: Annotated[str, models.CreateResponse] = "provider"
_FORMAT: Annotated[str, models.CreateChatCompletionRequest] = "response_format"
# Chat's conversation: the Responses API has another field for it.
_CONVERSATION: Annotated[str, models.CreateChatCompletionRequest] = "messages"


# What of `reasoning` has a meaning for every upstream; the summary is made of what it shows.
_HERE: Annotated[tuple[str, ...], models.Reasoning] = ("effort", "summary", "generate_summary")


@dataclass(slots=True)
class ReadSettings:
    """What was read of one body's fields so far."""

    values: dict[str, Json] = field(default_factory=dict)
    untranslated: list[str] = field(default_factory=list)
    untranslatable: Untranslatable | None = None
    reasoning_summary: str | None = None
    sees_earlier_reasoning: bool = True
    include: list[str] = field(default_factory=list)
    paths: Mapping[str, str] = field(default_factory=lambda: PLACES)

    @property
    def settings(self) -> Settings:
        """All but the format of the answer."""
        if _FORMAT not in self.values:
            return Settings(self.values, self.paths)
        return Settings({name: value for name, value in self.values.items() if name != _FORMAT}, self.paths)

    def change(self, configuration: Configuration, items: Sequence[Position]) -> None:
        """Take the settings that items of the conversation have changed; `items` are the positions of all."""
        if (effort := configuration.effort) is not None:
            self._change("reasoning_effort", effort.value, items[effort.item])
        if (form := configuration.output_format) is not None:
            self._change(_FORMAT, nested_format(form.value), items[form.item])

    def _change(self, name: str, value: Json, item: Position) -> None:
        self.values[name] = value
        self.paths = {**self.paths, name: item.inside(f".{PLACES[name]}")}

    @property
    def output_format(self) -> OutputFormat | None:
        """The format of the answer."""
        if _FORMAT not in self.values:
            return None
        path = self.paths.get(_FORMAT, _FORMAT)
        inside = f"{path}.json_schema" if path == _FORMAT else path
        # That of an item of the history has no path inside of it.
        schema_path = f"{inside}.schema" if path.endswith("format") else path
        return output_format(typed_format(self.values[_FORMAT], path), path, schema_path)

    def take_placed(self, body: JsonObject) -> list[tuple[str, Json]]:
        """Take the settings that the Responses API has in a place of its own. Returns the fields beside them."""
        others: list[tuple[str, Json]] = []
        for name, value in body.items():
            if value is None or (name in PLACED and not (name == _PROVIDER and isinstance(value, dict))):
                continue
            take = _TRANSLATED.get(name)
            if take is None:
                others.append((name, value))
            else:
                take(self, value)
        return others

    def add(self, name: str, value: Json) -> None:
        """Take a setting under its neutral name. One in its own place has precedence, and this is reported then.

        Of two limits the lower one counts, whatever its name.
        """
        if name not in self.values or (name == TOKEN_LIMIT and lower_limit(value, self.values[name]) is value):
            self.values[name] = value
            if name in PLACES:
                self.paths = {known: path for known, path in self.paths.items() if known != name}
        elif name != TOKEN_LIMIT and self.values[name] != value and not requests_nothing(name, value):
            self.untranslated.append(name)

    def leave(self, name: str, value: Json, rule: Rule | None) -> None:
        """Note a field that no other dialect has, by the table: as no obstacle, a refusal, or dropped."""
        if rule is not None and rule.requests_nothing(value):
            return
        if rule is not None and rule.is_required:
            reason = f"has no place for `{name}`, and without it the answer would be another one."
            self.untranslatable = self.untranslatable or Untranslatable(reason, name)
        else:
            self.untranslated.append(name)

    def limit(self, value: Json) -> None:
        # The dialect refuses what is no limit.
        self.values[TOKEN_LIMIT] = value

    def reasoning(self, value: Json) -> None:
        given = object_or_none(value)
        if given is None:
            raise misshapen("reasoning", "an object")
        if (effort := given.get("effort")) is not None:
            self.values["reasoning_effort"] = effort
        self.reasoning_summary = text_or_none(given.get("summary")) or text_or_none(given.get("generate_summary"))
        for name, it in given.items():
            if name not in _HERE and it is not None:
                path = f"reasoning.{name}"
                if path == REASONING_CONTEXT and it == CURRENT_TURN:
                    self.sees_earlier_reasoning = False
                else:
                    self.leave(path, it, RESPONSES_RULES.get(path))

    def text(self, value: Json) -> None:
        given = object_or_none(value)
        if given is None:
            raise misshapen("text", "an object")
        if given.get("verbosity") is not None:
            self.values["verbosity"] = given["verbosity"]
        if (form := given.get("format")) is not None and not requests_nothing(_FORMAT, form):
            self.values[_FORMAT] = nested_format(form)
        self.untranslated += [
            f"text.{name}" for name, it in given.items() if name not in ("verbosity", "format") and it is not None
        ]

    def prompt(self, value: Json) -> None:
        """Note a prompt template of a provider's: the gateway's own is no part of a body that is read."""
        self.untranslatable = self.untranslatable or prompt_refusal(value)

    def included(self, value: Json) -> None:
        given = list_or_none(value)
        if given is None:
            raise misshapen("include", "a list")
        if LOGPROBS in given:
            self.values["logprobs"] = True
            self.paths = {**self.paths, "logprobs": f"include[{given.index(LOGPROBS)}]"}
        self.include = texts_in(given)
        # Most are about tools that a provider runs; where there are none, there is nothing to include.
        self.untranslated += [f"include[{i}]" for i, name in enumerate(given) if name not in _INCLUDED]


_TRANSLATED: Annotated[Mapping[str, Callable[[ReadSettings, Json], None]], models.CreateResponse] = {
    "max_output_tokens": ReadSettings.limit,
    "reasoning": ReadSettings.reasoning,
    "text": ReadSettings.text,
    "include": ReadSettings.included,
    "prompt": ReadSettings.prompt,
}


def read_settings(body: JsonObject, *, travels: bool = False) -> ReadSettings:
    """The settings of a body of the Responses API: what only this API knows is reported as untranslated.

    So is what the table does not have, but for a body that `travels`: its contract lists few fields, and others keep
    their names.
    """
    read = ReadSettings()
    for name, value in read.take_placed(body):
        rule = RULES.get(name) or RESPONSES_RULES.get(name)
        # An object in the place of a provider's name is OpenRouter's, which has the same in chat.
        is_known = name == _PROVIDER or (name in RULES and RULES[name].is_in_response)
        if is_known or (travels and rule is None and name != _CONVERSATION):
            read.add(name, value)
        else:
            read.leave(name, value, rule)
    if (options := body.get("stream_options")) is not None and options != USAGE_OPTIONS:
        read.untranslated += lost_stream_options(options)
    if "top_logprobs" in read.values and not read.values.get("logprobs"):
        # Servers of chat refuse one without the other, also for none.
        if not read.values["top_logprobs"]:
            del read.values["top_logprobs"]
        elif "logprobs" not in read.values:
            read.values["logprobs"] = True
            read.paths = {**read.paths, "logprobs": "top_logprobs"}
    return read


def lower_limit(one: T, other: T) -> T:
    """The lower of two limits, or the first. One that is no whole number counts, so that it is refused."""
    return min((one, other), key=_limit_order)


def nested_format(given: Json) -> Json:
    """A format of the Responses API as chat has it, whose schema is nested under `json_schema`."""
    form = object_or_none(given)
    if form is None or form.get("type") != "json_schema":
        return given
    schema: JsonObject = {name: value for name, value in form.items() if name != "type" and value is not None}
    return {"type": "json_schema", "json_schema": schema}


def _limit_order(limit: object) -> float:
    number = number_or_none(limit)
    return float("-inf") if number is None or not float(number).is_integer() else number
