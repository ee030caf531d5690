"""Where the client wrote what an upstream's error is about: dialect by API by param, for every way an error comes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import orjson
import pytest

from gateway.credentials.keys import KeyCredential
from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.error_params import client_param
from gateway.dialects.profiles.base import Profile
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import GatewayError
from gateway.neutral.events import Failed
from gateway.routing.plan import Lane
from gateway.run import Run
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.waystone_responses import WaystoneResponsesSurface
from gateway.upstream import Address, Upstream
from gateway.wire.sse import event
from gateway.wire.transport import Answer, Call, Stream

pytestmark = pytest.mark.anyio

SURFACES: dict[str, Surface[Any]] = {
    "chat": OpenAIChatSurface(),
    "responses": OpenAIResponsesSurface(),
    "waystone": WaystoneResponsesSurface(),
}
PARAMETERS = {"type": "object", "properties": {}}
SCHEMA = {"name": "s", "schema": {"type": "object", "properties": {}}}
CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [{"role": "user", "content": "Hi"}],
    "tools": [{"type": "function", "function": {"name": "f", "parameters": PARAMETERS}}],
    "temperature": 0.5,
    "max_tokens": 100,
    "reasoning_effort": "low",
    "response_format": {"type": "json_schema", "json_schema": SCHEMA},
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "input": [{"role": "user", "content": "Hi"}],
    "instructions": "Be brief.",
    "tools": [{"type": "function", "name": "f", "parameters": PARAMETERS, "strict": False}],
    "temperature": 0.5,
    "max_output_tokens": 100,
    "reasoning": {"effort": "low"},
    "text": {"format": {"type": "json_schema", **SCHEMA}},
}
BODIES = {"chat": CHAT, "responses": RESPONSES, "waystone": RESPONSES}

# The upstream's dialect, the client's API, the upstream's param, and where the client wrote it.
TABLE: list[tuple[str, str, str, str | None]] = [
    # Passed on: as it came.
    ("openai-chat", "chat", "messages[0].content", "messages[0].content"),
    ("openai-chat", "chat", "max_tokens", "max_tokens"),
    ("openai-chat", "chat", "tools[0].function.parameters", "tools[0].function.parameters"),
    ("openai-chat", "chat", "user", "user"),
    ("openai-responses", "responses", "input[0].content", "input[0].content"),
    ("openai-responses", "responses", "reasoning.effort", "reasoning.effort"),
    ("openai-responses", "responses", "text.format.schema", "text.format.schema"),
    # What the gateway itself put in.
    ("openai-responses", "responses", "store", None),
    # The conversation.
    *(
        ("openai-chat", api, param, "input")
        for api in ("responses", "waystone")
        for param in ("messages", "messages[3]")
    ),
    *(("anthropic-messages", api, "messages.0.content", "input") for api in ("responses", "waystone")),
    ("anthropic-messages", "responses", "system", "instructions"),
    ("gemini", "responses", "contents[0].parts", "input"),
    ("openai-responses", "chat", "input[3].content", "messages"),
    ("openai-responses", "chat", "instructions", "messages"),
    ("anthropic-messages", "chat", "messages.0", "messages"),
    ("openai-responses", "waystone", "input", "input"),
    # The limit of tokens.
    ("openai-chat", "responses", "max_completion_tokens", "max_output_tokens"),
    ("openai-chat", "waystone", "max_tokens", "max_output_tokens"),
    ("openai-responses", "chat", "max_output_tokens", "max_tokens"),
    ("anthropic-messages", "responses", "max_tokens", "max_output_tokens"),
    ("gemini", "chat", "generationConfig.maxOutputTokens", "max_tokens"),
    ("bedrock-converse", "chat", "inferenceConfig.maxTokens", "max_tokens"),
    # Settings with another place.
    ("openai-responses", "chat", "reasoning.effort", "reasoning_effort"),
    ("openai-responses", "chat", "text.format.schema", "response_format"),
    ("openai-responses", "chat", "text", "response_format"),
    ("openai-responses", "chat", "text.verbosity", None),
    ("anthropic-messages", "chat", "output_config.effort", "reasoning_effort"),
    ("openai-chat", "responses", "reasoning_effort", "reasoning.effort"),
    ("openai-chat", "responses", "response_format.json_schema", "text.format"),
    ("anthropic-messages", "chat", "thinking.budget_tokens", "reasoning_effort"),
    # The same place.
    *((dialect, "responses", "temperature", "temperature") for dialect in ("openai-chat", "anthropic-messages")),
    ("openai-responses", "chat", "tools[0].parameters", "tools"),
    ("openai-chat", "responses", "model", "model"),
    # What the client did not write.
    ("openai-chat", "responses", "stream_options", None),
    ("anthropic-messages", "chat", "tool_choice", None),
    ("anthropic-messages", "chat", "top_k", None),
]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Refusing:
    """A transport with one answer: to a plain call, or as a stream."""

    status: int
    body: bytes

    async def send(self, call: Call) -> Answer:
        return Answer(self.status, {}, self.body)

    @asynccontextmanager
    async def stream(self, call: Call) -> AsyncIterator[Stream]:
        async def chunks() -> AsyncIterator[bytes]:
            yield self.body

        yield Stream(self.status, {}, chunks())


async def locate() -> Address:
    return Address("http://127.0.0.1:9/v1", {})


async def refused(surface: str, body: Any, transport: Refusing, dialect: str, profile: Profile) -> GatewayError:
    """The error that a client gets."""
    spoken = DIALECTS[dialect]
    upstream = Upstream("lab", [spoken], {dialect: profile}, transport, locate)
    generation = SURFACES[surface].read(body)
    is_native = spoken.name == generation.dialect and spoken.can_pass_on(generation, Origin("lab", "m", profile))
    lane = Lane(upstream, KeyCredential("lab", {}), "m")
    run = Run(generation, lane, spoken, Origin("lab", "m", profile), is_native=is_native)
    if generation.is_stream:
        batches = [batch async for batch in run.batches()]
        failed = batches[-1][-1]
    else:
        try:
            failed = (await run.events())[-1]
        except GatewayError as error:
            return error
    assert isinstance(failed, Failed)
    return failed.error


def report(param: str | None, code: str | None = None) -> bytes:
    return orjson.dumps({"error": {"message": "No.", "type": "invalid_request_error", "param": param, "code": code}})


@pytest.mark.parametrize(("dialect", "surface", "param", "expected"), TABLE)
async def test_a_refusal_names_what_the_client_wrote(
    dialect: str, surface: str, param: str, expected: str | None
) -> None:
    profile = DIALECTS[dialect].profile_type()
    error = await refused(surface, BODIES[surface], Refusing(400, report(param)), dialect, profile)
    assert (error.status, error.param) == (400, expected)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("surface", SURFACES)
async def test_a_context_that_is_too_long_names_the_conversation(dialect: str, surface: str) -> None:
    answer = Refusing(400, report(None, "context_length_exceeded"))
    error = await refused(surface, BODIES[surface], answer, dialect, DIALECTS[dialect].profile_type())
    assert error.param == ("messages" if surface == "chat" else "input")


@pytest.mark.parametrize("is_stream", [False, True], ids=["plain", "streamed"])
@pytest.mark.parametrize("is_in_band", [False, True], ids=["refused", "in band"])
@pytest.mark.parametrize(("dialect", "surface"), [("openai-chat", "responses"), ("openai-responses", "chat")])
async def test_every_way_of_an_error(dialect: str, surface: str, is_stream: bool, is_in_band: bool) -> None:
    body = report("input" if dialect == "openai-responses" else "messages", "context_length_exceeded")
    answer = Refusing(200 if is_in_band else 400, event(body) if is_in_band and is_stream else body)
    asked = {**BODIES[surface], "stream": is_stream}
    error = await refused(surface, asked, answer, dialect, DIALECTS[dialect].profile_type())
    assert (error.status, error.param) == (400, "messages" if surface == "chat" else "input")


@pytest.mark.parametrize(
    ("profile", "body", "param", "expected"),
    [
        (
            ChatProfile(token_limit_field="max_completion_tokens"),
            {"max_tokens": 5},
            "max_completion_tokens",
            "max_tokens",
        ),
        (
            ChatProfile(token_limit_field="max_tokens"),
            {"max_completion_tokens": 5},
            "max_tokens",
            "max_completion_tokens",
        ),
        (ChatProfile(max_answer_tokens=9), {}, "max_tokens", None),
        (ChatProfile(renamed={"seed": "random_seed"}), {"seed": 1}, "random_seed", "seed"),
        (ChatProfile(renamed={"seed": "options.seed"}), {"seed": 1}, "options.seed", "seed"),
        (ChatProfile(defaults={"top_p": 0.9}), {}, "top_p", None),
        (ChatProfile(system_prompt="Be brief."), {}, "messages[1].content", "messages"),
        (ChatProfile(), {"stream": True}, "stream_options.include_usage", None),
    ],
)
async def test_what_was_renamed_on_the_way(
    profile: ChatProfile, body: dict[str, Any], param: str, expected: str | None
) -> None:
    asked = {"model": "m", "messages": CHAT["messages"], **body}
    error = await refused("chat", asked, Refusing(400, report(param)), "openai-chat", profile)
    assert error.param == expected


async def test_a_place_in_the_history_is_the_conversation() -> None:
    asked = {**RESPONSES, "input": [{"role": "user", "content": "One"}, {"role": "user", "content": "Two"}]}
    generation = replace(SURFACES["responses"].read(asked), history=1)
    sent = orjson.dumps(asked)
    assert client_param("input[1]", generation, "openai-responses", Profile(), sent) == "input"
