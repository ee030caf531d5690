"""The official Python SDK in tool loops on `/v1/responses`, over a chat-only model that calls two tools at once."""

from typing import Any, cast

import openai
import pytest
from openai import OpenAI
from openai.types.responses import (
    FunctionToolParam,
    ParsedResponseFunctionToolCall,
    Response,
    ResponseFunctionToolCall,
    ResponseStreamEvent,
)
from pydantic import BaseModel

from tests.servers.agent_upstream import AgentUpstream, thoughts
from tests.servers.chat_upstream import ChatUpstream

MODEL = "agent/planner"
QUESTION = 'How warm is it in "Paris" and in "Rome"?'
ANSWER = "I was given 12 in Paris and 19 in Rome."
TEMPERATURES = {"Paris": 12, "Rome": 19}
INSTRUCTIONS = "You tell temperatures."
LOOK: FunctionToolParam = {
    "type": "function",
    "name": "look",
    "description": "Look at the thermometer of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
    "strict": True,
}
ASKED: dict[str, Any] = {"model": MODEL, "input": QUESTION, "instructions": INSTRUCTIONS, "tools": [LOOK]}


class Look(BaseModel):
    """Look at the thermometer of a city."""

    city: str


@pytest.fixture
def sdk(sdk_of_v1: OpenAI, agent: AgentUpstream) -> OpenAI:
    assert not agent.received
    return sdk_of_v1


@pytest.fixture(params=["plain", "streamed"])
def is_streamed(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "streamed")


def test_tool_loop_by_previous_response_id(sdk: OpenAI, agent: AgentUpstream, is_streamed: bool) -> None:
    first = answer(sdk, is_streamed, **ASKED)
    assert [item.type for item in first.output] == ["reasoning", "function_call", "function_call"]
    asked = {**ASKED, "input": outputs(first), "previous_response_id": first.id}
    second = answer(sdk, is_streamed, **asked)
    assert second.output_text == ANSWER
    assert second.previous_response_id == first.id
    assert agent.last["messages"] == whole_conversation(first)


def test_tool_loop_by_sending_everything_again(sdk: OpenAI, agent: AgentUpstream, is_streamed: bool) -> None:
    """As clients do that keep nothing at the server: items come back as the SDK's own objects."""
    first = answer(sdk, is_streamed, **ASKED, store=False)
    history = [{"role": "user", "content": QUESTION}, *first.output, *outputs(first)]
    second = answer(sdk, is_streamed, **{**ASKED, "input": history, "store": False})
    assert second.output_text == ANSWER
    assert agent.last["messages"] == whole_conversation(first)
    with pytest.raises(openai.NotFoundError):
        sdk.responses.retrieve(second.id)


def test_tool_loop_by_conversation(sdk: OpenAI, agent: AgentUpstream, is_streamed: bool) -> None:
    conversation = sdk.conversations.create()
    first = answer(sdk, is_streamed, **ASKED, conversation=conversation.id)
    asked = {**ASKED, "input": outputs(first), "conversation": {"id": conversation.id}}
    second = answer(sdk, is_streamed, **asked)
    assert second.output_text == ANSWER
    assert second.conversation is not None
    assert second.conversation.id == conversation.id
    assert agent.last["messages"] == whole_conversation(first)


def test_a_long_loop_carries_the_reasoning_of_every_turn(sdk: OpenAI, agent: AgentUpstream) -> None:
    """The upstream refuses calls that come back without the very reasoning before them."""
    response = sdk.responses.create(**ASKED)
    for _ in range(3):
        assert len(calls(response)) == 2
        asked = {**ASKED, "input": outputs(response), "previous_response_id": response.id}
        response = answer(sdk, False, **asked)
        assert response.output_text == ANSWER
        response = answer(sdk, False, **{**ASKED, "previous_response_id": response.id})
    turn = ["user", "assistant", "tool", "tool", "assistant"]
    assert [message["role"] for message in agent.last["messages"]] == ["system", *turn * 3, "user"]


def test_instructions_are_not_carried_over_and_developer_messages_are(sdk: OpenAI, agent: AgentUpstream) -> None:
    first = sdk.responses.create(
        model=MODEL, instructions="Be a poet.", input=[{"role": "developer", "content": "Rhyme."}, user("Roses.")]
    )
    assert [message["content"] for message in agent.last["messages"]] == ["Be a poet.\n\nRhyme.", "Roses."]
    second = sdk.responses.create(model=MODEL, input="Violets.", previous_response_id=first.id)
    assert second.output_text == "Before that: Roses.."
    assert second.instructions is None
    assert [message["content"] for message in agent.last["messages"]] == [
        "Rhyme.",
        "Roses.",
        first.output_text,
        "Violets.",
    ]


def test_streamed_calls_are_told_one_after_the_other(sdk: OpenAI) -> None:
    with sdk.responses.create(**ASKED, stream=True) as stream:
        events = list(stream)
    told = [event for event in events if event.type.startswith(("response.function_call", "response.output_item"))]
    kinds = [(event.type.removeprefix("response."), getattr(event, "output_index", None)) for event in told]
    call = ["output_item.added", "function_call_arguments.delta", "function_call_arguments.done", "output_item.done"]
    assert list(dict.fromkeys(kinds)) == [
        ("output_item.added", 0),
        ("output_item.done", 0),
        *((kind, 1) for kind in call),
        *((kind, 2) for kind in call),
    ]
    assert arguments(events) == ['{"city":"Paris"}', '{"city":"Rome"}']


def test_streamed_calls_have_their_arguments_parsed(sdk: OpenAI) -> None:
    tool: Any = openai.pydantic_function_tool(Look)
    with sdk.responses.stream(model=MODEL, input=QUESTION, tools=[tool]) as stream:
        deltas = [event.snapshot for event in stream if event.type == "response.function_call_arguments.delta"]
        response = stream.get_final_response()
    found = [item for item in response.output if isinstance(item, ParsedResponseFunctionToolCall)]
    assert [call.parsed_arguments for call in found] == [Look(city="Paris"), Look(city="Rome")]
    assert deltas[-1] == '{"city":"Rome"}'


def test_a_tool_without_parameters_is_called_with_an_empty_object(sdk: OpenAI, agent: AgentUpstream) -> None:
    tool: FunctionToolParam = {"type": "function", "name": "now", "parameters": None, "strict": None}
    first = sdk.responses.create(model="agent/single", input="What time is it?", tools=[tool])
    assert [call.arguments for call in calls(first)] == ["{}"]
    second = sdk.responses.create(
        model="agent/single",
        tools=[tool],
        previous_response_id=first.id,
        input=[{"type": "function_call_output", "call_id": calls(first)[0].call_id, "output": "noon"}],
    )
    assert second.output_text == "I was given noon."
    assert agent.last["messages"][1]["tool_calls"][0]["function"]["arguments"] == "{}"


def test_an_output_of_several_parts_reaches_the_model(sdk: OpenAI, agent: AgentUpstream) -> None:
    picture = "data:image/png;base64,iVBORw0KGgo="
    first = sdk.responses.create(model="agent/single", input='What does "it" look like?', tools=[LOOK])
    sdk.responses.create(
        model="agent/single",
        tools=[LOOK],
        previous_response_id=first.id,
        input=[
            {
                "type": "function_call_output",
                "call_id": calls(first)[0].call_id,
                "output": [{"type": "input_text", "text": "So:"}, {"type": "input_image", "image_url": picture}],
            }
        ],
    )
    *_, output, shown = agent.last["messages"]
    assert output["role"] == "tool"
    assert "So:" in str(output["content"])
    assert shown["role"] == "user"
    assert {"type": "image_url", "image_url": {"url": picture}} in [
        {**part, "image_url": {"url": part["image_url"]["url"]}} for part in shown["content"] if "image_url" in part
    ]


def test_tool_choice_and_parallel_calls_reach_the_model(sdk: OpenAI, agent: AgentUpstream) -> None:
    response = sdk.responses.create(**ASKED, tool_choice="none", parallel_tool_calls=False)
    assert not calls(response)
    assert (agent.last["tool_choice"], agent.last["parallel_tool_calls"]) == ("none", False)
    sdk.responses.create(**{**ASKED, "tool_choice": {"type": "function", "name": "look"}})
    assert agent.last["tool_choice"] == {"type": "function", "function": {"name": "look"}}
    assert agent.last["tools"][0]["function"]["strict"] is True


def test_a_custom_tool_takes_free_text(sdk: OpenAI, upstream: ChatUpstream) -> None:
    with sdk.responses.stream(
        model="test/call", input="Patch it.", tools=[{"type": "custom", "name": "patch"}]
    ) as stream:
        deltas = [event.delta for event in stream if event.type == "response.custom_tool_call_input.delta"]
        first = stream.get_final_response()
    call = first.output[0]
    assert call.type == "custom_tool_call"
    assert call.name == "patch"
    assert "".join(deltas) == call.input == "*** Begin\nAdd a line.\n"
    second = sdk.responses.create(
        model="test/call",
        previous_response_id=first.id,
        input=[{"type": "custom_tool_call_output", "call_id": call.call_id, "output": "patched"}],
        tools=[{"type": "custom", "name": "patch"}],
    )
    assert second.status == "completed"
    assert upstream.last["messages"][-1] == {"role": "tool", "tool_call_id": call.call_id, "content": "patched"}


def test_reasoning_for_another_model_is_left_out_and_reported(sdk: OpenAI, upstream: ChatUpstream) -> None:
    first = sdk.responses.create(**ASKED)
    second = sdk.responses.create(model="test/echo", input=outputs(first), tools=[LOOK], previous_response_id=first.id)
    assert second.input_transformations is not None
    told = [(change.id, change.action, change.reason) for change in second.input_transformations]
    assert told == [(first.output[0].id, "removed", "model_mismatch")]
    assert thoughts([user(QUESTION)]) not in str(upstream.last["messages"])


def answer(sdk: OpenAI, is_streamed: bool, **fields: Any) -> Response:
    if is_streamed:
        with sdk.responses.create(**fields, stream=True) as stream:
            *_, last = stream
        assert last.type == "response.completed"
        return cast(Response, last.response)
    return cast(Response, sdk.responses.create(**fields))


def user(text: str) -> Any:
    return {"role": "user", "content": text}


def calls(response: Response) -> list[ResponseFunctionToolCall]:
    return [item for item in response.output if isinstance(item, ResponseFunctionToolCall)]


def outputs(response: Response) -> list[Any]:
    """What the tool says to each of the calls."""
    found: list[Any] = []
    for call in calls(response):
        city = Look.model_validate_json(call.arguments).city
        said = f"{TEMPERATURES[city]} in {city}"
        found.append({"type": "function_call_output", "call_id": call.call_id, "output": said})
    return found


def arguments(events: list[ResponseStreamEvent]) -> list[str]:
    """The arguments of each call, put together from their pieces."""
    pieces: dict[int, str] = {}
    for event in events:
        if event.type == "response.function_call_arguments.delta":
            pieces[event.output_index] = pieces.get(event.output_index, "") + event.delta
    return list(pieces.values())


def whole_conversation(first: Response) -> list[dict[str, Any]]:
    """What the upstream must get in the second turn, however the client keeps the first."""
    said = [{"role": "system", "content": INSTRUCTIONS}, user(QUESTION)]
    called = [
        {"id": call.call_id, "type": "function", "function": {"name": "look", "arguments": call.arguments}}
        for call in calls(first)
    ]
    answered = [
        {"role": "tool", "tool_call_id": call.call_id, "content": output["output"]}
        for call, output in zip(calls(first), outputs(first), strict=True)
    ]
    assistant = {"role": "assistant", "content": None, "reasoning_content": thoughts(said), "tool_calls": called}
    return [*said, assistant, *answered]
