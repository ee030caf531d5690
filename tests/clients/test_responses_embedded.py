"""The model that everybody has, the embedded one, behind the stateful API: it speaks chat only, and calls no tools."""

from pathlib import Path

import openai
import pytest
from agents import Agent, ModelSettings, OpenAIResponsesModel, RunConfig, Runner
from openai import AsyncOpenAI, OpenAI
from openai.types.responses import ToolParam

from gateway.embedded import MODEL as EMBEDDED
from gateway.embedded import parts
from tests.servers.gateway import KEY, RunningGateway

NOT_INSTALLED = parts.missing(Path("no-such-folder"))
MODEL = f"embedded/{EMBEDDED}"
QUESTION = "What is the capital of France?"
LIMIT = 16

pytestmark = pytest.mark.skipif(NOT_INSTALLED is not None, reason=NOT_INSTALLED or "")


def test_the_python_sdk_has_a_conversation_of_several_turns(sdk_of_v1: OpenAI) -> None:
    conversation = sdk_of_v1.conversations.create()
    first = sdk_of_v1.responses.create(
        model=MODEL, input=QUESTION, conversation=conversation.id, max_output_tokens=LIMIT, temperature=0
    )
    assert "Paris" in first.output_text
    assert first.usage is not None
    assert first.usage.input_tokens > 0
    with sdk_of_v1.responses.create(
        model=MODEL,
        input="Say that again.",
        conversation=conversation.id,
        max_output_tokens=LIMIT,
        temperature=0,
        stream=True,
    ) as stream:
        events = list(stream)
    last = events[-1]
    # So small a model may well go on beyond its limit.
    assert last.type in ("response.completed", "response.incomplete")
    second = sdk_of_v1.responses.retrieve(last.response.id)
    assert second == last.response
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(deltas) > 1
    assert "".join(deltas) == second.output_text
    assert second.usage is not None
    assert second.usage.input_tokens > first.usage.input_tokens
    kinds = [item.type for item in sdk_of_v1.conversations.items.list(conversation.id)]
    assert kinds == ["message"] * 4


@pytest.mark.anyio
async def test_an_agent_without_tools_goes_on_from_its_last_response(agent_gateway: RunningGateway) -> None:
    quiet = RunConfig(tracing_disabled=True)
    async with AsyncOpenAI(api_key=KEY, base_url=f"{agent_gateway.url}/v1", max_retries=0, timeout=60) as client:
        guide: Agent[None] = Agent(
            name="Guide",
            instructions="You are a helpful assistant.",
            model=OpenAIResponsesModel(model=MODEL, openai_client=client),
            model_settings=ModelSettings(temperature=0, max_tokens=32),
        )
        first = await Runner.run(guide, QUESTION, run_config=quiet)
        assert "Paris" in first.final_output
        second = Runner.run_streamed(guide, QUESTION, run_config=quiet, previous_response_id=first.last_response_id)
        assert [event async for event in second.stream_events()]
    assert "Paris" in second.final_output
    usage, before = second.context_wrapper.usage, first.context_wrapper.usage
    assert usage.input_tokens > before.input_tokens + before.output_tokens


@pytest.mark.parametrize("tools", [[{"type": "web_search"}], [{"type": "mcp", "server_label": "x"}]])
def test_a_tool_that_it_cannot_have_is_a_bad_request(sdk_of_v1: OpenAI, tools: list[ToolParam]) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        sdk_of_v1.responses.create(model=MODEL, input=QUESTION, tools=tools)
    assert caught.value.param == "tools[0].type"
