"""`configuration_update`: settings that items change from there on, for every upstream and in the Response."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin
from gateway.dialects.profiles.base import Thinking
from gateway.dialects.profiles.openai_responses import ResponsesProfile
from gateway.errors import InvalidRequest
from gateway.neutral.configuration import configuration_of
from gateway.neutral.identifiers import ResponseIds
from gateway.providers import ROWS
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.responses.document import new_response

SURFACE = OpenAIResponsesSurface()
RESPONSES = "openai-responses"
TAKES_UPDATES = ResponsesProfile(takes_configuration_updates=True)
USER: Any = {"role": "user", "content": "Hi"}
SCHEMA = {"type": "json_schema", "name": "a", "schema": {"type": "object", "properties": {}}}


def update(effort: Any = None, form: Any = None, **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {} if effort is None else {"reasoning": {"effort": effort}}
    return {"type": "configuration_update", **fields, **({} if form is None else {"text": {"format": form}}), **more}


def read(*items: Any, history: int = 0, **fields: Any) -> Any:
    body: Any = {"model": "m", "input": list(items), **fields}
    return replace(SURFACE.read(body), history=history)


def sent(generation: Any, profile: ResponsesProfile) -> Any:
    return orjson.loads(DIALECTS["openai-responses"].encode(generation, Origin("lab", "m", profile)).body)


OWN_EFFORT = {"reasoning": {"effort": "low"}}
CASES: dict[str, tuple[list[Any], int, dict[str, Any], str | None]] = {
    "its own": ([update("high"), USER], 0, {}, "high"),
    "the last one counts": ([update("high"), USER, update("minimal"), USER], 0, {}, "minimal"),
    "of the history": ([update("high"), USER, USER], 2, {}, "high"),
    "of the history, and the request's own setting": ([update("high"), USER, USER], 2, OWN_EFFORT, "low"),
    "its own, and the request's own setting": ([USER, update("high"), USER], 1, OWN_EFFORT, "high"),
    "its own after one of the history": ([update("high"), USER, update("none"), USER], 2, OWN_EFFORT, "none"),
    "one that changes something else": ([update("high"), update(form=SCHEMA), USER], 0, {}, "high"),
    "one of no type that is known": ([update(5), USER], 0, OWN_EFFORT, "low"),
    "nothing": ([{"type": "configuration_update"}, USER], 0, {}, None),
    "null": ([update(reasoning=None, text=None), USER], 0, OWN_EFFORT, "low"),
}


@pytest.mark.parametrize(("items", "history", "fields", "effort"), CASES.values(), ids=CASES)
def test_the_effort_is_the_same_for_every_upstream_and_in_the_response(
    items: list[Any], history: int, fields: dict[str, Any], effort: str | None
) -> None:
    generation = read(*items, history=history, **fields)
    assert generation.prompt.settings.values.get("reasoning_effort") == effort
    assert new_response(generation, "resp_1", "lab")["reasoning"] == {"effort": effort, "summary": None}
    body = sent(generation, ResponsesProfile())
    assert body.get("reasoning", {}).get("effort") == effort
    assert all(item.get("type") != "configuration_update" for item in body["input"])


def test_the_format_changes_too() -> None:
    generation = read(update(form=SCHEMA), USER, text={"verbosity": "low"})
    output_format = generation.prompt.output_format
    assert (output_format.kind, output_format.schema, output_format.path) == (
        "json_schema",
        SCHEMA["schema"],
        "input[0].text.format",
    )
    text = new_response(generation, "resp_1", "lab")["text"]
    assert text == {"verbosity": "low", "format": {**SCHEMA, "description": None, "strict": None}}
    own = read(update(form=SCHEMA), USER, USER, history=2, text={"format": {"type": "text"}})
    assert own.prompt.output_format is None
    assert new_response(own, "resp_1", "lab")["text"] == {"format": {"type": "text"}}


def test_an_upstream_that_knows_such_items_gets_them_without_ids_of_the_gateways() -> None:
    kept = update("high", id=ResponseIds().item("configuration_update"))
    body = sent(read(kept, USER), TAKES_UPDATES)
    assert (body["input"], "reasoning" in body) == ([update("high"), USER], False)
    assert kept["id"].startswith("cfg_")


OWN_FORMAT = {"text": {"format": {"type": "text"}}}
BOTH = update("high", SCHEMA)


@pytest.mark.parametrize(
    ("items", "history", "fields", "left"),
    [
        ([update("high"), USER, USER], 2, OWN_EFFORT, [USER, USER]),
        ([update("high", id=ResponseIds().item("configuration_update")), USER], 1, OWN_EFFORT, [USER]),
        ([USER, update("high"), USER], 1, OWN_EFFORT, [USER, update("high"), USER]),
        ([update("high"), USER, update("none")], 2, OWN_EFFORT, [USER, update("none")]),
        ([update("high"), USER, USER], 2, {"reasoning": {"summary": "auto"}}, [update("high"), USER, USER]),
        ([BOTH, USER], 1, OWN_EFFORT, [update(form=SCHEMA), USER]),
        ([BOTH, USER], 1, OWN_FORMAT, [update("high"), USER]),
        ([BOTH, USER], 1, {**OWN_EFFORT, **OWN_FORMAT}, [USER]),
        ([BOTH, USER], 1, {}, [BOTH, USER]),
        ([update("high", more=5), USER], 1, OWN_EFFORT, [update(more=5), USER]),
        ([{"type": "configuration_update", "reasoning": 5}, USER], 1, {}, None),
    ],
)
def test_an_upstream_that_knows_such_items_gets_no_earlier_one_that_the_request_overrides(
    items: list[Any], history: int, fields: dict[str, Any], left: list[Any] | None
) -> None:
    body = sent(read(*items, history=history, **fields), TAKES_UPDATES)
    assert body["input"] == (items if left is None else left)
    assert {name: body[name] for name in fields} == fields


def test_openai_alone_is_sent_such_items() -> None:
    rows = {row.name: profile for row in ROWS.values() for profile in row.profiles if profile.dialect == RESPONSES}
    takers = {name for name, profile in rows.items() if ResponsesProfile.own(profile).takes_configuration_updates}
    assert takers == {"openai"}
    assert {"azure", "openrouter", "bedrock-mantle"} <= rows.keys()


def test_what_an_upstream_does_not_have_is_reported_where_it_was_written() -> None:
    dialect = DIALECTS["openai-chat"]
    profile = dialect.profile_type(thinking=Thinking("effort"))
    own = replace(read(update("high"), USER), dialect=None)
    assert dialect.encode(own, Origin("lab", "m", profile)).dropped == ["input[0].reasoning.effort"]
    earlier = replace(read(update("high"), USER, USER, history=2, previous_response_id="resp_1"), dialect=None)
    assert dialect.encode(earlier, Origin("lab", "m", profile)).dropped == ["previous_response_id"]
    odd = replace(read(update(form={"type": "yet to come"}), USER), dialect=None)
    with pytest.raises(InvalidRequest) as refused:
        DIALECTS["anthropic-messages"].encode(odd, Origin("lab", "m"))
    assert refused.value.param == "input[0].text.format.type"


def test_a_conversation_without_any_changes_nothing() -> None:
    for given in ("Hi", [], [USER], None, [5]):
        assert configuration_of({"input": given}, 0) == configuration_of({}, 0)  # type: ignore[dict-item]
