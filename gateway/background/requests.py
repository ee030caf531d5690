"""Requests that are answered later: sealed in the database, with the secrets in them, until their answers are there."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import orjson

from gateway.neutral.generation import RenderedPrompt
from gateway.neutral.json import Json, JsonObject, object_or_empty, objects_in
from gateway.sealing import Sealer
from gateway.store.jobs import Job
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.waystone_responses import WaystoneResponsesSurface

SURFACES: dict[str, Surface[Any]] = {
    "responses.create": OpenAIResponsesSurface(),
    "postApiGatewayV1Responses": WaystoneResponsesSurface(),
}
"""By the operations whose answers can be made in the background."""

_FIELDS = 6
_OWN_TOOLS = ("function", "custom")
_BESIDE_BYTES = 256 * 1024
"""What is opened beside the loop: a millisecond and more."""


@dataclass(frozen=True, slots=True)
class LaterRequest:
    """One request. `provider` and `model` are those that would be called first when it came.

    `created_at` is the response's, in seconds since 1970.
    """

    operation: str
    request_id: str
    created_at: int
    provider: str
    model: str
    body: JsonObject
    template: RenderedPrompt | None = None
    """What its prompt template brought along when it came: the settings may have another one by now."""

    @property
    def is_repeatable(self) -> bool:
        """Whether to run it twice changes nothing: no tool of its is run by the provider, or by an MCP server."""
        tools = self.body.get("tools")
        if tools is None and self.template is not None:
            tools = self.template.fields.get("tools")
        return all(tool.get("type") in _OWN_TOOLS for tool in objects_in(tools))

    @property
    def surface(self) -> Surface[Any]:
        """The surface that reads it, as it was read when it came."""
        if self.template is None:
            return SURFACES[self.operation]
        return OpenAIResponsesSurface(lambda reference: self.template)

    @property
    def parts(self) -> list[Json]:
        """What it consists of, the template's share included."""
        if self.template is None:
            return [self.body]
        return [self.body, self.template.fields, [*self.template.messages]]

    def seal(self, sealer: Sealer, key_id: str, response_id: str) -> bytes:
        """The request as it is stored, bound to its key and its response."""
        fields = [self.operation, self.request_id, self.created_at, self.provider, self.model, *self.parts]
        return sealer.seal_bytes(key_id, _purpose(response_id), orjson.dumps(fields))


async def unsealed(sealer: Sealer, job: Job) -> LaterRequest | None:
    """The request of a job; None where this gateway's secret does not open it, or where it is erased."""
    if job.request is None:
        return None
    is_large = len(job.request) > _BESIDE_BYTES
    return await asyncio.to_thread(_unsealed, sealer, job) if is_large else _unsealed(sealer, job)


def usage_id(response_id: str, run: int = 0) -> str:
    """The id of the usage row of one run of a response, whoever writes it: so there is one."""
    return f"{response_id}-{run}"


def metadata_of(body: JsonObject) -> dict[str, str]:
    """The metadata of a request: pairs of texts."""
    return {name: value for name, value in object_or_empty(body.get("metadata")).items() if isinstance(value, str)}


def _unsealed(sealer: Sealer, job: Job) -> LaterRequest | None:
    data = sealer.open_bytes(job.key_id, _purpose(job.response_id), bytes(job.request or b""))
    if data is None:
        return None
    fields = orjson.loads(data)
    request = LaterRequest(*fields[:_FIELDS])
    if len(fields) == _FIELDS:
        return request
    # What its prompt template brought along stands behind it.
    return replace(request, template=RenderedPrompt(object_or_empty(request.body["prompt"]), *fields[_FIELDS:]))


def _purpose(response_id: str) -> str:
    return f"background {response_id}"
