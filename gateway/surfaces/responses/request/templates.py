"""Prompt templates of the gateway's own: puts the variables of a request in, and the result into the request's body.

Values of variables are not looked at for further variables: a template is expanded once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from gateway.errors import BodyTooLarge, InvalidRequest
from gateway.neutral.generation import RenderedPrompt
from gateway.neutral.json import Json, JsonObject, object_or_empty, text_or_empty, text_or_none, written
from gateway.neutral.template_text import TemplateText
from gateway.neutral.values import value
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.request.prompt import create_response, typed_items

if TYPE_CHECKING:
    from generated import models

_MOST_REPEATED = 1024 * 1024
"""Bytes that variables may add by standing in a template more than once. Once, they are bounded by the body's size."""
_SHOWN = 200
USER = "user"
_ASSISTANT = "assistant"
PROMPT: Annotated[str, models.CreateResponse] = "prompt"
_INSTRUCTIONS: Annotated[str, models.CreateResponse] = "instructions"
_MODEL: Annotated[str, models.CreateResponse] = "model"


@value
class TemplatePart:
    """A text part of a message, with its other fields."""

    fields: JsonObject
    text: TemplateText


@value
class TemplateMessage:
    """A message of a template. `fields` are all but its content."""

    fields: JsonObject
    content: TemplateText | Sequence[TemplatePart | JsonObject]

    def texts(self) -> Iterator[TemplateText]:
        """The texts in it."""
        if isinstance(self.content, TemplateText):
            yield self.content
        else:
            yield from (part.text for part in self.content if isinstance(part, TemplatePart))


@value
class PromptTemplate:
    """One version of a prompt. `fields` are what it sets of a request: its model and settings."""

    fields: JsonObject
    instructions: TemplateText | None = None
    messages: Sequence[TemplateMessage] = ()

    def uses(self) -> Mapping[str, int]:
        """Its variables, in the order in which they first appear, with the number of their places."""
        texts = [] if self.instructions is None else [self.instructions]
        return Counter(
            name
            for text in [*texts, *(text for message in self.messages for text in message.texts())]
            for name in text.names
        )


@value
class VersionedPrompt:
    """The versions of a prompt by their names, and the name of the one that is used where a request names none."""

    versions: Mapping[str, PromptTemplate]
    default: str


RenderPrompt = Callable[[JsonObject], RenderedPrompt | None]
"""Expands the `prompt` of a request; None for one that is not the gateway's. Raises `InvalidRequest`."""


def no_templates(reference: JsonObject) -> RenderedPrompt | None:
    """Where there are none."""
    return None


class PromptTemplates:
    """The templates of a gateway, by the ids of their prompts."""

    def __init__(self, prompts: Mapping[str, VersionedPrompt]) -> None:
        self.prompts = prompts

    def render(self, reference: JsonObject) -> RenderedPrompt | None:
        """Expand a `prompt: {id, version, variables}`; None where its id is not here.

        Raises `InvalidRequest` for an unknown version, and for a variable that is missing, unused or of no use in its
        place; `BodyTooLarge` where variables with many places make too much of it.
        """
        prompt = self.prompts.get(text_or_none(reference.get("id")) or "")
        if prompt is None:
            return None
        version = reference.get("version")
        name = prompt.default if version is None else version
        template = prompt.versions.get(name) if isinstance(name, str) else None
        if template is None:
            known = ", ".join(prompt.versions)
            message = f"The prompt {_shown(reference['id'])} has no version {_shown(version)}; there are: {known}."
            raise InvalidRequest(message, param="prompt.version", code="invalid_value")
        return _Expansion(reference, template).rendered()


class _Expansion:
    """One template with the values of its variables."""

    def __init__(self, reference: JsonObject, template: PromptTemplate) -> None:
        self._reference = reference
        self._prompt = prompt = _shown(reference["id"])
        self._template = template
        uses, variables = template.uses(), object_or_empty(reference.get("variables"))
        for name in uses:
            if name not in variables:
                message = f"The prompt {prompt} needs a value for its variable {name}."
                raise InvalidRequest(message, param=_path(name), code="missing_required_parameter")
        for name in variables:
            if name not in uses:
                known = ", ".join(uses) or "it has none"
                message = f"The prompt {prompt} has no variable {_shown(name)} ({known})."
                raise InvalidRequest(message, param=_path(name), code="unknown_parameter")
        self._values = {name: _value(name, given) for name, given in variables.items()}
        # To find a part's size takes as long as to write it: what stands in one place adds nothing.
        added = {name: (uses[name] - 1) * _size(found) for name, found in self._values.items() if uses[name] > 1}
        if sum(added.values()) > _MOST_REPEATED:
            largest = max(added, key=lambda name: added[name])
            message = (
                f"The prompt {prompt} has {uses[largest]} places for its variable {largest}, for which the value is "
                f"too large: what stands there more than once may add {_MOST_REPEATED // 1024} KiB."
            )
            raise BodyTooLarge(message, param=_path(largest))

    def rendered(self) -> RenderedPrompt:
        fields = {**self._template.fields}
        if self._template.instructions is not None:
            fields[_INSTRUCTIONS] = self._instructions(self._template.instructions)
        messages = [self._message(message) for message in self._template.messages]
        return RenderedPrompt(self._reference, fields, messages)

    def _instructions(self, text: TemplateText) -> str:
        written: list[str] = []
        for literal, name in text.pieces():
            written.append(literal)
            if name is not None:
                found = self._values[name]
                written.append(found if isinstance(found, str) else self._text_of(name, "the instructions"))
        return "".join(written)

    def _text_of(self, name: str, place: str) -> str:
        """The text of a value that is a part, for a place where only texts can stand. Raises `InvalidRequest`."""
        found = text_or_none(object_or_empty(self._values[name]).get("text"))
        if found is None:
            message = (
                f"The variable {name} stands in {place} of the prompt {self._prompt}, where there can only be texts: "
                "it cannot be an image or a file."
            )
            raise InvalidRequest(message, param=_path(name), code="invalid_value")
        return found

    def _message(self, message: TemplateMessage) -> JsonObject:
        role = text_or_empty(message.fields.get("role"))
        if not isinstance(message.content, TemplateText):
            parts: list[Json] = []
            for part in message.content:
                parts += (
                    _split(part.fields, self._pieces(part.text, role)) if isinstance(part, TemplatePart) else [part]
                )
            return {**message.fields, "content": parts}
        pieces = self._pieces(message.content, role)
        if all(isinstance(piece, str) for piece in pieces):
            return {**message.fields, "content": "".join(piece for piece in pieces if isinstance(piece, str))}
        return {**message.fields, "content": _split({"type": "input_text"}, pieces)}

    def _pieces(self, text: TemplateText, role: str) -> list[str | JsonObject]:
        """The texts and the other parts that are to stand there, in order; texts that touch are one.

        Images and files are a user's alone. An assistant's parts are of other types than any value.
        """
        pieces: list[str | JsonObject] = []
        open_text: list[str] = []
        for literal, name in text.pieces():
            open_text.append(literal)
            found = "" if name is None else self._values[name]
            if name is not None and not isinstance(found, str) and role != USER:
                inner = self._text_of(name, f"a message of the role {role}")
                found = inner if role == _ASSISTANT else found
            if isinstance(found, str):
                open_text.append(found)
            else:
                pieces += ["".join(open_text), found]
                open_text = []
        return [*pieces, "".join(open_text)]


def expanded(body: models.CreateResponse, rendered: RenderedPrompt) -> models.CreateResponse:
    """The body with what a template brings, without its `prompt`: it is like any other request from there on.

    A field of the request's own prevails as a whole; null is none. Its input follows the template's messages.

    Raises `InvalidRequest` for a request that goes on from others with a question of the template's alone.
    """
    _require_own_input(body, rendered)
    given = extensions(body)
    own = {
        name: value
        for name, value in given.items()
        if name != PROMPT and not (value is None and name in rendered.fields)
    }
    whole: JsonObject = {**rendered.fields, **own}
    if rendered.messages:
        whole["input"] = [*rendered.messages, *(extensions(item) for item in typed_items(body.get("input")))]
    return create_response(whole)


def _require_own_input(body: models.CreateResponse, rendered: RenderedPrompt) -> None:
    """Messages of a template stand before what is continued, so the model would go on after its own last answer."""
    goes_on = body.get("previous_response_id") or body.get("conversation")
    if not goes_on or body.get("input") or body.get("input") == "":
        return
    if any(message.get("role") == USER for message in rendered.messages):
        message = (
            "A request that goes on from a response or a conversation needs an input of its own: the messages of the "
            f"prompt {_shown(rendered.reference.get('id'))} stand before everything else."
        )
        raise InvalidRequest(message, param="input", code="missing_required_parameter")


def model_of(body: models.CreateResponse, reference: JsonObject | None) -> str:
    """The model of a body, a template's included. Raises `InvalidRequest` where there is none."""
    model = body.get(_MODEL)
    if isinstance(model, str):
        return model
    message = "Missing required field: model."
    if reference is not None:
        id_ = _shown(reference.get("id"))
        message += f" The prompt {id_} brings none along, or is none of this gateway's own."
    raise InvalidRequest(message, param="model", code="missing_required_parameter")


def _split(fields: JsonObject, pieces: Sequence[str | JsonObject]) -> list[Json]:
    """A text part as several: each text with the part's own fields, the others as they are."""
    parts: list[Json] = [{**fields, "text": piece} if isinstance(piece, str) else piece for piece in pieces if piece]
    return parts or [{**fields, "text": ""}]


def _value(name: str, given: Json) -> str | JsonObject:
    """A text, where the value is one and nothing else; otherwise a part."""
    if isinstance(given, str):
        return given
    part = object_or_empty(given)
    if not isinstance(part.get("type"), str):
        message = "Expected a string, or an object of the type input_text, input_image or input_file."
        raise InvalidRequest(message, param=_path(name), code="invalid_value")
    text = text_or_none(part.get("text")) if part["type"] == "input_text" and len(part) == 2 else None
    return part if text is None else text


def _size(found: str | JsonObject) -> int:
    return len(found if isinstance(found, str) else written(found))


def _path(name: str) -> str:
    return f"prompt.variables.{name[:_SHOWN]}"


def _shown(name: Json) -> str:
    return repr(name[:_SHOWN]) if isinstance(name, str) else "of another type than string"
