"""Reads the body of a Responses request: what is refused for every model, and the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import orjson

from gateway.errors import InvalidRequest
from gateway.neutral.configuration import configuration_of
from gateway.neutral.json import JsonObject
from gateway.neutral.prompt import Prompt
from gateway.neutral.settings import BACKGROUND_OPTIONS, PARALLEL_CALLS, RULES
from gateway.neutral.tools import Tool
from gateway.surfaces.body import nothing_to_answer
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.request.items import positions, read_items
from gateway.surfaces.responses.request.settings import ReadSettings, read_settings
from gateway.surfaces.responses.request.tools import (
    choice_omissions,
    namespace_descriptions,
    offered_tools,
    read_tool_choice,
    read_tools,
)

if TYPE_CHECKING:
    from generated import models


_SOONEST = "soonest"


def read_prompt(body: JsonObject, history: int = 0, first: int = 0, templated: int = 0) -> Prompt:
    """The prompt of a body of `/v1/responses`, whose first `history` items the gateway put there.

    The first `templated` of these are a prompt template's, the others are from memory. `first` is the index of the next
    one among those that the client sent.

    Raises `InvalidRequest` for what is valid by the contract, and yet cannot be sent to any model.
    """
    return prompt_of(create_response(body), read_settings(body), history, first, templated)


def prompt_of(
    body: models.CreateResponse, read: ReadSettings, history: int = 0, first: int = 0, templated: int = 0
) -> Prompt:
    """The prompt of a body whose settings were read."""
    source = "conversation" if body.get("conversation") else "previous_response_id"
    items = positions(typed_items(body.get("input")), history, source, first, templated)
    given, choice = body.get("tools"), body.get("tool_choice")
    tools: Sequence[Tool] = offered_tools(given) if given else ()
    is_changed = False
    for position, item in items:
        if item["type"] == "additional_tools":
            more = read_tools(item.get("tools"), position.inside(".tools"), in_history=position.in_history)
            tools = [*tools, *more]
        elif item["type"] == "configuration_update":
            is_changed = True
    if is_changed:
        configuration = configuration_of(extensions(body), history, read.values.keys())
        read.change(configuration, [position for position, _ in items])
    if choice is not None and not isinstance(choice, str):
        read.untranslated += choice_omissions(choice)
    if not tools:
        read.values.pop(PARALLEL_CALLS, None)
    return Prompt(
        read_items(items, read.untranslated),
        body.get("instructions"),
        tools,
        namespace_descriptions(given, read.untranslated) if given else {},
        None if choice is None else read_tool_choice(choice),
        read.settings,
        read.output_format,
        read.reasoning_summary,
        read.include,
        untranslated=read.untranslated,
        untranslatable=read.untranslatable,
        sees_earlier_reasoning=read.sees_earlier_reasoning,
    )


def typed_items(given: str | list[models.InputItem] | None) -> list[models.InputItem]:
    """The input as items, each with its type, which clients leave out of messages and references."""
    if isinstance(given, str):
        return [{"type": "message", "role": "user", "content": given}]
    return [item if item.get("type") else _typed(item) for item in given or ()]


def _typed(item: models.InputItem) -> models.InputItem:
    return cast("models.InputItem", {**item, "type": "item_reference" if item.get("role") is None else "message"})


def create_response(body: JsonObject) -> models.CreateResponse:
    """The same body under the type of `/v1/responses`. Nothing is checked: the contract's stage has done that.

    A body of Waystone's own operation may hold anything in the fields that its document does not list.
    """
    return cast("models.CreateResponse", body)


def refuse_unsupported(body: models.CreateResponse) -> None:
    """Raise `InvalidRequest` for what only later versions will do, and for two fields that exclude each other."""
    if body.get("background") is True and body.get("store") is False:
        message = "`background` needs `store`: a response in the background is retrieved when it is stored."
        raise InvalidRequest(message, param="store", code="invalid_value")
    _refuse_window(body)
    if body.get("previous_response_id") is not None and body.get("conversation") is not None:
        message = "`previous_response_id` cannot be used together with `conversation`."
        raise InvalidRequest(message, param="previous_response_id", code="mutually_exclusive_parameters")


def _refuse_window(body: models.CreateResponse) -> None:
    """Raise `InvalidRequest` for a time to be completed in that the rest of the request rules out."""
    # Waystone's own document does not list the field, so there it may be anything.
    window = extensions(body.get("background_options")).get("completion_window")
    if window is None or window == _SOONEST:
        return
    if body.get("background") is not True or body.get("stream"):
        why = "needs `background: true`, and no stream"
    elif body.get("service_tier") not in (None, *RULES["service_tier"].neutral):
        why = "needs the standard `service_tier`"
    else:
        return
    message = f"A `completion_window` other than `{_SOONEST}` {why}."
    raise InvalidRequest(message, param=f"{BACKGROUND_OPTIONS}.completion_window", code="invalid_value")


def refuse_nothing(body: models.CreateResponse, *, blank: bool = False) -> None:
    """Raise `InvalidRequest` for a request without input that continues nothing: some providers answer it, and charge.

    An empty text is input on `/v1/responses`, as it is to OpenAI; with `blank`, it is none.
    """
    given = body.get("input")
    if given or (given == "" and not blank):
        return
    if not (body.get("previous_response_id") or body.get("conversation") or body.get("prompt")):
        raise nothing_to_answer("input")


def refuse_deep_nesting(body: JsonObject, names: Sequence[str] | None = None) -> None:
    """An answer repeats parts of its request, some levels deeper, and JSON can only be written so deep.

    Raises `InvalidRequest`.
    """
    if names is not None and body.keys().isdisjoint(names):
        return
    repeated = body if names is None else [body[name] for name in names if body.get(name)]
    try:
        orjson.dumps([[[[repeated]]]])
    except orjson.JSONEncodeError:
        raise InvalidRequest("The body is nested too deeply.", code="invalid_value") from None
