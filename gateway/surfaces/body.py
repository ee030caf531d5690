"""What a surface reads and changes of a body first: model, the gateway's own field, integers written as fractions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from gateway.errors import InvalidRequest
from gateway.neutral.json import Json, JsonObject

if TYPE_CHECKING:
    from generated import models

MOST_MODELS = 10
"""Models that a request may name beside its first."""
_FIELD = "models"


def plain_model(body: models.CreateChatCompletionRequest | models.CreateResponse) -> str | None:
    """The model that is asked for a plain answer; None for a stream, and for a body that leaves it to a prompt."""
    return None if body.get("stream") else body.get("model")


def nothing_to_answer(param: str) -> InvalidRequest:
    """The refusal of a request in which there is nothing that a model could answer."""
    return InvalidRequest("There is nothing that could be answered.", param=param, code="missing_required_parameter")


def split_models(body: JsonObject) -> tuple[JsonObject, Sequence[str]]:
    """The body without the field, and the models that it names.

    Raises `InvalidRequest` with the path of what is no model; not every contract says what the field holds.
    """
    if _FIELD not in body:
        return body, ()
    return {name: value for name, value in body.items() if name != _FIELD}, _names(body[_FIELD])


def _names(given: Json) -> Sequence[str]:
    if given is None:
        return ()
    if not isinstance(given, list) or len(given) > MOST_MODELS:
        message = f"models must be a list of at most {MOST_MODELS} names."
        raise InvalidRequest(message, param=_FIELD, code="invalid_value")
    names: list[str] = []
    for index, name in enumerate(given):
        if not isinstance(name, str) or not name:
            raise InvalidRequest("Expected the name of a model.", param=f"models[{index}]", code="invalid_value")
        names.append(name)
    return names


def with_integers(body: JsonObject, names: Iterable[str], limit: int) -> JsonObject:
    """The body with 2 for 2.0 in these fields; the body itself where there are none.

    What is no whole number below `limit` stays for others to refuse.
    """
    changed: JsonObject = {}
    for name in names:
        if type(value := body.get(name)) is float and value.is_integer() and abs(value) < limit:
            changed[name] = int(value)
    return {**body, **changed} if changed else body
