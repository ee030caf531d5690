"""What no provider of a dialect can be asked is refused by its field before anybody is asked; found by fuzzing."""

from hashlib import sha256
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.errors import InvalidRequest
from gateway.neutral.events import Done, Failed
from gateway.neutral.generation import Generation
from gateway.providers import ROWS
from gateway.surfaces.openai_chat import OpenAIChatSurface
from tests.unit.generations import generation_of, translated

HELLO = {"type": "message", "role": "user", "content": "Hello."}
THOUGHT = {"type": "reasoning", "id": "rs_1", "summary": []}


def origin(name: str) -> Origin:
    provider = next(provider for provider, row in sorted(ROWS.items()) if name in row.dialects)
    return Origin(provider, "small", ROWS[provider].own.of("small"))


def sent(name: str, generation: Generation) -> dict[str, Any]:
    body: dict[str, Any] = orjson.loads(DIALECTS[name].encode(generation, origin(name)).body)
    return body


def asked(
    name: str, *items: dict[str, Any], tools: list[dict[str, Any]] | None = None, **fields: Any
) -> dict[str, Any]:
    return sent(name, generation_of("m", items=list(items) or [HELLO], tools=tools or [], fields=fields))


def of_chat(name: str, **body: Any) -> dict[str, Any]:
    """The request for a body of chat's own."""
    asking = {"model": "m", "messages": [{"role": "user", "content": "Hello."}], **body}
    return sent(name, translated(OpenAIChatSurface(), asking))


def refused(*arguments: Any, **fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(InvalidRequest) as caught:
        asked(*arguments, **fields)
    return caught.value.param, caught.value.code


TRANSLATING = sorted(DIALECTS.keys() - {"openai-responses"})


@pytest.mark.parametrize("name", TRANSLATING)
def test_response_format_that_chat_does_not_have_is_refused(name: str) -> None:
    assert refused(name, response_format={"type": "lark"}) == ("response_format.type", "unsupported_parameter")


@pytest.mark.parametrize("name", ["openai-chat", "openai-responses", "cohere"])
def test_conversation_that_says_nothing_is_refused(name: str) -> None:
    assert refused(name, THOUGHT) == ("input", "invalid_value")


@pytest.mark.parametrize("name", ["cohere", "gemini"])
def test_schema_that_is_left_out_asks_for_any_object(name: str) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x"}}
    assert asked(name, response_format=form) == asked(name, response_format={"type": "json_object"})


@pytest.mark.parametrize("nested", [{"json_schema": {"name": "x"}}, {}, {"json_schema": None}])
def test_schema_that_is_left_out_asks_for_any_object_through_the_responses_api(nested: dict[str, Any]) -> None:
    body = asked("openai-responses", response_format={"type": "json_schema", **nested})
    assert body["text"] == {"format": {"type": "json_object"}}


@pytest.mark.parametrize("field", ["n", "max_tokens", "max_completion_tokens"])
@pytest.mark.parametrize("value", [0, -1, -(2**53)])
def test_gemini_is_asked_for_one_answer_and_one_token_at_least(field: str, value: int) -> None:
    assert refused("gemini", **{field: value})[1] == "invalid_value"


def test_gemini_is_asked_for_no_more_tokens_than_it_can_count() -> None:
    assert asked("gemini", max_tokens=2**40)["generationConfig"] == {"maxOutputTokens": 2**31 - 1}


def test_gemini_gets_the_longest_names_that_begin_with_a_digit_shortened() -> None:
    def tool(name: str) -> list[dict[str, Any]]:
        return [{"type": "function", "name": name}]

    digest = sha256(b"\0" + b"9" * 64).hexdigest()[:8]
    name = f"_{'9' * 54}_{digest}"
    assert asked("gemini", tools=tool("9" * 64))["tools"] == [{"functionDeclarations": [{"name": name}]}]
    assert asked("gemini", tools=tool("9" * 63))["tools"] == [{"functionDeclarations": [{"name": "_" + "9" * 63}]}]


def test_anthropic_is_asked_for_no_negative_limit() -> None:
    assert refused("anthropic-messages", max_tokens=-1)[1] == "invalid_value"


@pytest.mark.parametrize("schema", [{}, {"type": "array"}, {"anyOf": [{"type": "object"}]}])
def test_cohere_keeps_no_form_but_that_of_an_object(schema: dict[str, Any]) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    assert refused("cohere", response_format=form) == ("response_format", "unsupported_parameter")


def test_what_a_tool_is_given_is_an_object_for_bedrock() -> None:
    tool = {"type": "function", "name": "look", "parameters": {"type": "array", "items": {}}}
    spec = asked("bedrock-converse", tools=[tool])["toolConfig"]["tools"][0]["toolSpec"]
    assert spec["inputSchema"]["json"]["type"] == "object"


@pytest.mark.parametrize("kind", ["functions", "tools"])
def test_tool_of_chat_without_a_name_is_refused_where_it_stands(kind: str) -> None:
    tool = {"name": ""} if kind == "functions" else {"type": "function", "function": {"name": ""}}
    with pytest.raises(InvalidRequest) as caught:
        of_chat("gemini", **{kind: [tool]})
    assert caught.value.param == {"functions": "functions[0].name", "tools": "tools[0].function.name"}[kind]


@pytest.mark.parametrize(
    ("role", "part"),
    [
        ("user", {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}}),
        ("system", {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}),
    ],
)
def test_parts_that_the_responses_api_does_not_have_are_refused_where_they_stand(role: str, part: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        of_chat("openai-responses", messages=[{"role": role, "content": [part]}])
    assert (caught.value.param, caught.value.code) == ("messages[0].content[0].type", "unsupported_parameter")


def test_part_of_a_plain_response_whose_type_is_no_text_is_passed_over() -> None:
    body = b'{"output":[{"type":"message","content":[{"type":[]}]}]}'
    events = DIALECTS["openai-responses"].decode_reply(
        body, generation_of("m"), origin("openai-responses"), is_native=False
    )
    assert [event for event in events if isinstance(event, Done | Failed)] == events[-1:]
