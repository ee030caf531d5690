"""Responses that are announced before they are begun: those in the background, whose id a client has at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Generic, TypeVar

from gateway.neutral.generation import Generation
from gateway.neutral.identifiers import ResponseIds
from gateway.neutral.json import write_document
from gateway.neutral.seals import OpenSeal
from gateway.neutral.values import value
from gateway.surfaces.base import Author, BriefSurface, Surface, Writer
from gateway.surfaces.extensions import extensions
from gateway.surfaces.responses.document import move_output_last, new_response
from gateway.surfaces.responses.writer import Announced, ResponseWriter
from gateway.wire import sse

if TYPE_CHECKING:
    from generated import models

Body = TypeVar("Body")

_EVENTS = ("response.created", "response.queued")


@value
class Announcement:
    """A Response that is queued, as JSON, too, and the events of its stream so far."""

    response: models.Response
    document: bytes
    events: bytes


def announce(generation: Generation, provider: str) -> Announcement:
    """The announcement of a Response. `provider` is the first that is going to be called."""
    assert generation.ids is not None
    response = new_response(generation, generation.ids.response, provider)
    response["status"] = "queued"
    # Fields that only some requests have stand behind it.
    move_output_last(extensions(response))
    events = [
        sse.named_event(kind, write_document({"type": kind, "response": response, "sequence_number": number}))
        for number, kind in enumerate(_EVENTS)
    ]
    return Announcement(response, write_document(response), b"".join(events))


class AnnouncedSurface(Generic[Body]):
    """The surface of a Response that was announced: it goes on under its id, as a stream, whatever was requested."""

    brief: BriefSurface[Body] | None = None

    def __init__(self, surface: Surface[Body], response_id: str, announced: Announced) -> None:
        self.dialect = surface.dialect
        self._surface = surface
        self._response_id = response_id
        self._announced = announced

    def read(self, body: Body) -> Generation:
        return replace(self._surface.read(body), ids=ResponseIds(self._response_id), is_stream=True)

    def restore(self, generation: Generation, open_seal: OpenSeal) -> Generation:
        return self._surface.restore(generation, open_seal)

    def writer(self, generation: Generation, author: Author) -> Writer:
        return ResponseWriter(generation, author, self._announced)
