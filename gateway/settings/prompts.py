"""The settings of prompt templates: what a request may name in its `prompt`."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo

from gateway.contract.bundle import Bundle
from gateway.contract.validation import CompiledSchema
from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject, object_or_empty, objects_in, text_or_empty, text_or_none
from gateway.neutral.template_text import OPENING, TemplateText, has_variables
from gateway.settings.document import KeyPath
from gateway.settings.models import ModelSettings, unknown_model
from gateway.settings.options import Section, Text
from gateway.settings.problems import Problem, nearest
from gateway.surfaces.responses.request.templates import (
    USER,
    PromptTemplate,
    PromptTemplates,
    TemplateMessage,
    TemplatePart,
    VersionedPrompt,
)

_REQUEST = "CreateResponse"
_OF_REQUESTS = frozenset(
    (
        *("model", "models", "provider", "input", "instructions", "prompt", "previous_response_id", "conversation"),
        *("store", "background", "stream", "stream_options", "metadata", "client_metadata", "user"),
        "safety_identifier",
    )
)
"""What a template does not set: the first ones have a place of their own, the others belong to one request."""
_A_USERS = ("input_image", "input_file")
_TEXTS = ("input_text", "output_text")
_MOST_PLACES = 1_000
_STEP = re.compile(r"([^.\[\]]+)|\[(\d+)\]")
_EXPECTED = re.compile(r": (expected .*?)(?:, got .*)?\.", re.S)
_NO_PLACE = "expected no {{variables}} here: they stand in instructions and in the texts of messages"
_VARIABLE = "{{variable}}, with a name of letters, digits, _ and -"


def _version_name(value: object, info: ValidationInfo) -> object:
    """The name of a version, which YAML reads as a number where it stands without quotes; names of versions are texts.

    A number is the one name that is written like it, whatever zeros that has. One of several, such as 1.1 and 1.10,
    stays a number, which is a problem.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    same = [name for name in object_or_empty(info.data.get("versions")) if _number(name) == value]
    if len(same) == 1:
        return same[0]
    return value if same and isinstance(value, float) else str(value)


def _number(name: str) -> float | None:
    try:
        return float(name)
    except ValueError:
        return None


class PromptVersion(Section):
    """One version of a prompt. Whatever else it has is a setting, under the name that it has in a request."""

    model_config = ConfigDict(frozen=True, extra="allow")

    model: Text | None = Field(default=None, description="`provider/model`, or a name of `models`")
    """The model that answers where a request names none."""
    instructions: Text | None = Field(default=None, description="a text, with {{variables}}")
    """The instructions, where a request has none of its own."""
    messages: list[dict[str, object]] | None = Field(
        default=None, min_length=1, description="a list of messages, each with a role and a content with {{variables}}"
    )
    """Messages in front of the conversation, as `input` has them. Variables may stand in their texts."""

    @property
    def settings(self) -> JsonObject:
        """What it sets besides."""
        return object_or_empty(self.model_extra)

    @property
    def items(self) -> list[JsonObject]:
        """Its messages as JSON."""
        return [object_or_empty(message) for message in self.messages or ()]


class PromptSettings(Section):
    """A prompt, in one version or more."""

    versions: dict[str, PromptVersion] = Field(
        min_length=1, description="names of versions, each with instructions, messages or both"
    )
    """Its versions by their names."""
    default: Annotated[Text | None, BeforeValidator(_version_name)] = Field(
        default=None, description="the name of one of its versions (in quotes, where it is a number like another's)"
    )
    """The version for requests that name none. [the last one in the file]"""


def prompt_problems(prompts: Mapping[str, PromptSettings]) -> Iterator[Problem]:
    """What is wrong with them: versions that are not there, syntax that is none, what no request may hold."""
    for id_, prompt in prompts.items():
        path: KeyPath = ("prompts", id_)
        if prompt.default is not None and prompt.default not in prompt.versions:
            yield (*path, "default"), f"expected the name of one of its versions: {', '.join(prompt.versions)}"
        for name, version in prompt.versions.items():
            for inside, expected in _version_problems(version):
                yield (*path, "versions", name, *inside), expected


def prompt_model_problems(
    prompts: Mapping[str, PromptSettings], providers: Collection[str], models: Mapping[str, ModelSettings]
) -> Iterator[Problem]:
    """The models of theirs for which nobody answers."""
    for id_, prompt in prompts.items():
        for name, version in prompt.versions.items():
            expected = None if version.model is None else unknown_model(version.model, providers, models)
            if expected is not None:
                yield ("prompts", id_, "versions", name, "model"), expected


def prompt_templates(prompts: Mapping[str, PromptSettings]) -> PromptTemplates:
    """The templates of settings in which there is nothing wrong."""
    return PromptTemplates(
        {
            id_: VersionedPrompt(
                {name: _template(version) for name, version in prompt.versions.items()},
                prompt.default or [*prompt.versions][-1],
            )
            for id_, prompt in prompts.items()
        }
    )


def _template(version: PromptVersion) -> PromptTemplate:
    """The template of a version. Raises `ValueError` for a text with a fault."""
    fields = {**version.settings} if version.model is None else {"model": version.model, **version.settings}
    instructions = None if version.instructions is None else TemplateText.parse(version.instructions)
    return PromptTemplate(fields, instructions, [_message(message) for message in version.items])


def _message(message: JsonObject) -> TemplateMessage:
    fields: JsonObject = {"type": "message", **{name: value for name, value in message.items() if name != "content"}}
    content = message["content"]
    if isinstance(content, str):
        return TemplateMessage(fields, TemplateText.parse(content))
    parts = objects_in(content)
    return TemplateMessage(fields, [_part(part) if part.get("type") in _TEXTS else part for part in parts])


def _part(part: JsonObject) -> TemplatePart:
    fields = {name: value for name, value in part.items() if name != "text"}
    return TemplatePart(fields, TemplateText.parse(text_or_empty(part["text"])))


def _version_problems(version: PromptVersion) -> Iterator[Problem]:
    if version.instructions is None and version.messages is None:
        yield (), "expected instructions, messages or both"
    known = [name for name in _contract()[0] if name not in _OF_REQUESTS]
    unknown = [name for name in version.settings if name not in known]
    for name in unknown:
        yield (name,), f"unknown key{nearest(name, known)} (known here: {', '.join([*_own_names(), *known])})"
    if not unknown and (fault := _fault(version)) is not None:
        yield fault
        return
    faults = [*_text_faults(version)]
    yield from faults
    if not (unknown or faults) and sum(_template(version).uses().values()) > _MOST_PLACES:
        yield (), f"expected at most {_MOST_PLACES} places for variables"


def _own_names() -> Sequence[str]:
    return [*PromptVersion.model_fields]


def _fault(version: PromptVersion) -> Problem | None:
    """What the contract has against a request that is made of a version, which has messages and no other items."""
    for index, message in enumerate(version.items):
        is_reference = "id" in message and "type" not in message and "role" not in message
        if is_reference or message.get("type", "message") != "message":
            return ("messages", index, "type"), "expected a message"
    schema = _contract()[1]
    items: list[Json] = [*version.items]
    request: JsonObject = {**version.settings, "model": version.model or "any", "input": items or "any"}
    if schema.is_valid(request):
        return None
    error = schema.refusal(request)
    path = _path(error.param or "")
    return ("messages", *path[1:]) if path[:1] == ("input",) else path, _expected(error)


def _path(param: str) -> KeyPath:
    return tuple(step[1] or int(step[2]) for step in _STEP.finditer(param))


def _expected(error: InvalidRequest) -> str:
    """What the contract expects, without what it found: that may be a secret."""
    if error.code == "missing_required_parameter":
        return "expected, since a request needs it"
    found = _EXPECTED.search(error.message)
    return found[1] if found else "expected what a request to /v1/responses may hold"


def _text_faults(version: PromptVersion) -> Iterator[Problem]:
    for path, text in _texts(version):
        try:
            TemplateText.parse(text)
        except ValueError as error:
            yield path, f"expected {_VARIABLE}, wherever there is {OPENING} ({error})"
    for path, part, role in _others(version):
        if role != USER and part.get("type") in _A_USERS:
            yield path, "expected texts alone, since images and files stand in messages of the role user"
        if any(OPENING in value for value in part.values() if isinstance(value, str)) or [*_variables_in(part)]:
            yield path, "expected no {{variables}} here: they stand in texts, and their values may be images and files"

    for path in _variables_in(version.settings):
        yield path, _NO_PLACE
    for index, message in enumerate(version.items):
        for path in _variables_in({name: value for name, value in message.items() if name != "content"}):
            yield ("messages", index, *path), _NO_PLACE
    for place, part, _ in _parts(version):
        if part.get("type") in _TEXTS:
            for path in _variables_in({name: value for name, value in part.items() if name != "text"}):
                yield (*place, *path), _NO_PLACE


def _variables_in(value: Json, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Where variables stand in a value. The file is not nested deeply: its reader sees to that."""
    if isinstance(value, str):
        if has_variables(value):
            yield path
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from _variables_in(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _variables_in(inner, (*path, index))


def _texts(version: PromptVersion) -> Iterator[tuple[KeyPath, str]]:
    """The texts in which variables may stand. The contract has nothing against the messages."""
    if version.instructions is not None:
        yield ("instructions",), version.instructions
    for index, message in enumerate(version.items):
        if (text := text_or_none(message["content"])) is not None:
            yield ("messages", index, "content"), text
    for path, part, _ in _parts(version):
        if part.get("type") in _TEXTS:
            yield (*path, "text"), text_or_empty(part["text"])


def _others(version: PromptVersion) -> Iterator[tuple[KeyPath, JsonObject, Json]]:
    return (found for found in _parts(version) if found[1].get("type") not in _TEXTS)


def _parts(version: PromptVersion) -> Iterator[tuple[KeyPath, JsonObject, Json]]:
    """The parts of messages, each with the role of its message."""
    for index, message in enumerate(version.items):
        for place, part in enumerate(objects_in(message["content"])):
            yield ("messages", index, "content", place), part, message["role"]


@cache
def _contract() -> tuple[Sequence[str], CompiledSchema]:
    """The names of a request's fields, and the schema of a request."""
    bundle = Bundle.load()
    schema = {"$ref": f"#/components/schemas/{_REQUEST}"}
    return [*bundle.resolve(schema)["properties"]], CompiledSchema(bundle.schema(schema))
