"""The OpenAI Agents SDK: agents with tools over several turns, each way that it knows to keep what was said."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from agents import (
    Agent,
    ModelSettings,
    OpenAIConversationsSession,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
    RunResult,
    RunResultStreaming,
    SQLiteSession,
    function_tool,
)
from agents.memory import SessionABC
from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.servers.agent_upstream import AgentUpstream
from tests.servers.gateway import KEY, RunningGateway

# Traces would go to the internet.
QUIET = RunConfig(tracing_disabled=True)
QUESTION = 'How warm is it in "Paris" and in "Rome"?'
ANSWER = "I was given 12 in Paris and 19 in Rome."
RECALLED = "; ".join(("Before that: " + QUESTION, "12 in Paris", "19 in Rome")) + "."
TURN = ["user", "assistant", "tool", "tool", "assistant"]

pytestmark = pytest.mark.anyio


class Weather(BaseModel):
    city: str
    degrees: int


@function_tool
async def look(city: str) -> str:
    """Look at the thermometer of a city."""
    return f"{ {'Paris': 12, 'Rome': 19}[city] } in {city}"


@pytest.fixture
async def sdk(agent_gateway: RunningGateway, agent: AgentUpstream) -> AsyncIterator[AsyncOpenAI]:
    assert not agent.received
    async with AsyncOpenAI(api_key=KEY, base_url=f"{agent_gateway.url}/v1", max_retries=0, timeout=30) as client:
        yield client


@pytest.fixture(params=["plain", "streamed"])
def is_streamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "streamed")


async def test_an_agent_works_with_its_tools(sdk: AsyncOpenAI, agent: AgentUpstream, is_streamed: bool) -> None:
    result = await run(_forecaster(sdk), QUESTION, is_streamed)
    assert result.final_output == ANSWER
    assert [type(item).__name__ for item in result.new_items] == [
        "ReasoningItem",
        "ToolCallItem",
        "ToolCallItem",
        "ToolCallOutputItem",
        "ToolCallOutputItem",
        "ReasoningItem",
        "MessageOutputItem",
    ]
    usage = result.context_wrapper.usage
    assert (usage.requests, usage.input_tokens, usage.output_tokens) == (2, 80, 40)
    assert usage.output_tokens_details.reasoning_tokens == 24
    assert _roles(agent) == ["system", *TURN[:-1]]


async def test_an_agent_goes_on_from_its_own_list_of_items(
    sdk: AsyncOpenAI, agent: AgentUpstream, is_streamed: bool
) -> None:
    first = await run(_forecaster(sdk, store=False), QUESTION, is_streamed)
    again: list[Any] = [*first.to_input_list(), {"role": "user", "content": "Thank you."}]
    second = await run(_forecaster(sdk, store=False), again, is_streamed)
    assert second.final_output == RECALLED
    assert _roles(agent) == ["system", *TURN, "user"]


@pytest.mark.parametrize("kind", ["in memory", "of conversations"])
async def test_an_agent_goes_on_in_a_session(
    sdk: AsyncOpenAI, agent: AgentUpstream, kind: str, is_streamed: bool
) -> None:
    session: SessionABC = (
        SQLiteSession("a session") if kind == "in memory" else OpenAIConversationsSession(openai_client=sdk)
    )
    assert (await run(_forecaster(sdk), QUESTION, is_streamed, session=session)).final_output == ANSWER
    assert (await run(_forecaster(sdk), "Thank you.", is_streamed, session=session)).final_output == RECALLED
    assert _roles(agent) == ["system", *TURN, "user"]


async def test_an_agent_goes_on_from_a_previous_response(
    sdk: AsyncOpenAI, agent: AgentUpstream, is_streamed: bool
) -> None:
    first = await run(_forecaster(sdk), QUESTION, is_streamed, auto_previous_response_id=True)
    assert first.final_output == ANSWER
    assert first.last_response_id is not None
    second = await run(_forecaster(sdk), "Thank you.", is_streamed, previous_response_id=first.last_response_id)
    assert second.final_output == RECALLED
    assert _roles(agent) == ["system", *TURN, "user"]


async def test_an_agent_goes_on_in_a_conversation(sdk: AsyncOpenAI, agent: AgentUpstream, is_streamed: bool) -> None:
    conversation = await sdk.conversations.create()
    first = await run(_forecaster(sdk), QUESTION, is_streamed, conversation_id=conversation.id)
    second = await run(_forecaster(sdk), "Thank you.", is_streamed, conversation_id=conversation.id)
    assert (first.final_output, second.final_output) == (ANSWER, RECALLED)
    kinds = [item.type async for item in sdk.conversations.items.list(conversation.id, order="asc", limit=4)]
    assert kinds == [
        *("message", "reasoning", "function_call", "function_call"),
        *("function_call_output", "function_call_output", "reasoning", "message"),
        *("message", "reasoning", "message"),
    ]


async def test_an_agent_hands_over_to_another(sdk: AsyncOpenAI, agent: AgentUpstream, is_streamed: bool) -> None:
    expert: Agent[Any] = Agent(name="Expert", instructions="You know.", model=_model(sdk, "agent/single"))
    desk = Agent(name="Desk", instructions="Find the expert.", model=_model(sdk, "agent/single"), handoffs=[expert])
    result = await run(desk, QUESTION, is_streamed)
    assert result.last_agent is expert
    assert result.final_output == 'I was given {"assistant": "Expert"}.'
    assert agent.last["messages"][0]["content"] == "You know."
    assert _roles(agent) == ["system", "user", "assistant", "tool"]


async def test_an_agents_output_is_of_its_type(sdk: AsyncOpenAI, is_streamed: bool) -> None:
    parser = Agent(name="Parser", model=_model(sdk, "test/echo"), output_type=Weather)
    result = await run(parser, '{"city": "Oslo", "degrees": -3}', is_streamed)
    assert result.final_output == Weather(city="Oslo", degrees=-3)


async def run(
    agent: Agent[Any], said: str | list[Any], is_streamed: bool, **how: Any
) -> RunResult | RunResultStreaming:
    """The result of a run; of a streamed one when all of its events were told."""
    if not is_streamed:
        return await Runner.run(agent, said, run_config=QUIET, **how)
    streaming = Runner.run_streamed(agent, said, run_config=QUIET, **how)
    kinds = [event.data.type async for event in streaming.stream_events() if event.type == "raw_response_event"]
    assert kinds.count("response.created") == kinds.count("response.completed") > 0
    return streaming


def _forecaster(sdk: AsyncOpenAI, **settings: Any) -> Agent[Any]:
    return Agent(
        name="Forecaster",
        instructions="You tell temperatures.",
        model=_model(sdk, "agent/planner"),
        tools=[look],
        model_settings=ModelSettings(**settings),
    )


def _model(sdk: AsyncOpenAI, name: str) -> OpenAIResponsesModel:
    return OpenAIResponsesModel(model=name, openai_client=sdk)


def _roles(agent: AgentUpstream) -> list[str]:
    """Of the messages in the upstream's last request."""
    return [message["role"] for message in agent.last["messages"]]
