"""The short path and the long one are one: the same is sent, answered, accounted and stored, whatever comes."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.profiles.openai_chat import ChatProfile
from gateway.errors import UpstreamDown
from gateway.providers import ROWS, embedded
from gateway.routing.failures import judge
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface
from gateway.surfaces.waystone_chat import WaystoneChatSurface
from gateway.surfaces.waystone_responses import WaystoneResponsesSurface
from gateway.wire.transport import Answer
from tests.replay.recordings import Recording, name_of, recordings_of, select
from tests.unit.both_paths import Meanwhile, Outcome, Parts, Way, World
from tests.unit.upstreams import REPLY, written

CHAT, RESPONSES = OpenAIChatSurface(), OpenAIResponsesSurface()
SURFACES: dict[str, Surface[Any]] = {
    "chat": CHAT,
    "responses": RESPONSES,
    "waystone chat": WaystoneChatSurface(),
    "waystone responses": WaystoneResponsesSurface(),
}
ASKED: dict[str, Any] = {
    "chat": {"model": "lab/m", "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": "lab/m", "input": "Hi"},
}
PROFILES = [
    ("nobody", ChatProfile()),
    *(
        (f"{row.name} {number}", of_model)
        for row in (*ROWS.values(), embedded.ROW)
        if "openai-chat" in row.dialects
        for number, of_model in enumerate(
            (row.profile(ChatProfile), *(one for _, one in row.profile(ChatProfile).models))
        )
    ),
]
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5, "prompt_tokens_details": {"cached_tokens": 1}}
USUAL: dict[str, Any] = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1_700_000_000,
    "model": "m-2026",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hello.", "refusal": None, "annotations": []},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": USAGE,
    "service_tier": "default",
}


def answer(document: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    body = document if isinstance(document, bytes) else orjson.dumps(document)
    return Answer(status, {"content-type": "application/json", **(headers or {})}, body)


def both(name: str, body: Any, *outcomes: Outcome, world: World | None = None) -> tuple[Way, Way]:
    """The ways of one request, by the short path if it may and by the long one. They are the same."""

    async def run() -> tuple[Way, Way]:
        there = world or World()
        one = await there.go(SURFACES[name], body, outcomes, short=True)
        return one, await there.go(SURFACES[name], body, outcomes, short=False)

    short, long = asyncio.run(run())
    assert not long.took_short_path
    assert replace(short, took_short_path=False) == long
    return short, long


def surface_of(name: str) -> str:
    return name.removeprefix("waystone ")


@pytest.mark.parametrize("name", ["chat", "responses"])
@pytest.mark.parametrize("profile", [profile for _, profile in PROFILES], ids=[name for name, _ in PROFILES])
def test_what_is_usual_takes_it_at_every_provider_that_speaks_chat(name: str, profile: ChatProfile) -> None:
    short, _ = both(name, ASKED[name], answer(USUAL), world=World(profile))
    assert short.took_short_path or profile.detours
    assert len(short.sent) == 1


TRANSLATED: Mapping[str, tuple[str, Any]] = {
    "anthropic-messages": (
        "messages",
        {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Hello."}], "usage": {}},
    ),
    "gemini": (
        "generateContent",
        {"candidates": [{"content": {"role": "model", "parts": [{"text": "Hello."}]}, "finishReason": "STOP"}]},
    ),
    "bedrock-converse": (
        "converse",
        {"output": {"message": {"role": "assistant", "content": [{"text": "Hello."}]}}, "stopReason": "end_turn"},
    ),
    "cohere": (
        "v2_chat",
        {
            "message": {"role": "assistant", "content": [{"type": "text", "text": "Hello."}]},
            "finish_reason": "COMPLETE",
        },
    ),
    "openai-responses": (
        "responses",
        {
            "object": "response",
            "status": "completed",
            "output": [
                {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello."}]}
            ],
        },
    ),
}
"""The endpoint of a dialect among the recordings, and a usual reply in it."""
# A format of the answer never takes the short path, and to hold an answer to it takes processes.
_FORMATS = ("response_format", "text")


def translating(dialect: str, meanwhile: Meanwhile = lambda parts: None) -> World:
    """A provider that speaks another dialect than chat."""
    return World(DIALECTS[dialect].profile_type(), meanwhile)


@pytest.mark.parametrize("name", ["chat", "responses"])
@pytest.mark.parametrize("dialect", TRANSLATED)
def test_what_is_usual_takes_it_in_every_other_dialect_too(name: str, dialect: str) -> None:
    short, _ = both(name, ASKED[name], answer(TRANSLATED[dialect][1]), world=translating(dialect))
    # Where the client's own dialect is spoken, nothing is translated.
    assert short.took_short_path == (dialect != CHAT.dialect and dialect != SURFACES[name].dialect)


SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0, 0.5, 1, 2]),
        "top_p": st.sampled_from([1, 0.5]),
        "metadata": st.sampled_from(
            [
                None,
                {},
                {"a": "b"},
                {"waystone": '{"user":"u","group":{"id":"g","metadata":{"x":1}}}'},
                {"waystone": "x"},
            ]
        ),
        "user": st.just("u"),
        "top_k": st.sampled_from([3, 3.0]),
        "provider": st.sampled_from(["lab", "nobody"]),
        "models": st.sampled_from([["lab/n"], [5], []]),
        "store": st.booleans(),
        "service_tier": st.just("flex"),
        "presence_penalty": st.just(0.5),
        "unheard_of": st.just({"x": [1]}),
    },
)
OF_CHAT = st.fixed_dictionaries(
    {
        "messages": st.lists(
            st.sampled_from(
                [
                    {"role": "system", "content": "Be brief."},
                    {"role": "developer", "content": "Be brief."},
                    {"role": "user", "content": "Hi"},
                    {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
                    {"role": "assistant", "content": "Yes?", "reasoning_content": "Hm."},
                    {"role": "assistant", "content": "Yes?", "reasoning_details": [{"type": "reasoning.text"}]},
                    {"role": "tool", "tool_call_id": "c", "content": "1"},
                ]
            ),
            min_size=1,
            max_size=4,
        )
    },
    optional={
        "max_tokens": st.sampled_from([0, 5, 5.0, 5000, None]),
        "max_completion_tokens": st.sampled_from([7, 7.0]),
        "reasoning_effort": st.sampled_from(["low", "none"]),
        "response_format": st.sampled_from([{"type": "json_object"}, {"type": "text"}]),
        "tools": st.just([{"type": "function", "function": {"name": "f"}}]),
        "tool_choice": st.sampled_from(["auto", "required"]),
        "n": st.sampled_from([1, 2, 1.0]),
        "stop": st.sampled_from(["", "x"]),
        "stream": st.just(False),
    },
)
OF_RESPONSES = st.fixed_dictionaries(
    {"input": st.sampled_from(["Hi", "", [{"role": "user", "content": "Hi"}]])},
    optional={
        "instructions": st.sampled_from(["Be brief.", "", None]),
        "max_output_tokens": st.sampled_from([50, 50.0, 5000, None]),
        "max_tokens": st.just(20),
        "reasoning": st.just({"effort": "low"}),
        "text": st.just({"format": {"type": "json_object"}}),
        "stream": st.just(False),
        "seed": st.just(1),
    },
)
REPLIES = st.one_of(st.just(USUAL), REPLY, st.sampled_from([{}, [], "x", {"error": {"message": "no", "code": 429}}]))
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 301, 400, 401, 404, 429, 500, 503])


def gone_away(parts: Parts) -> None:
    """The database is away."""
    parts.journal.away = True


def unlisted(parts: Parts) -> None:
    """The provider lists other models."""
    parts.router._fixed.clear()
    vars(parts.router)["steps"] = vars(parts.router)["known"] = None


def failed_elsewhere(parts: Parts) -> None:
    """The provider has failed so often that it is spared."""
    error = UpstreamDown("lab cannot be reached.", code="upstream_unreachable")
    while not parts.health.seconds_left(parts.lane):
        parts.health.failed(parts.lane, error, judge(error), bytes)


MEANWHILE = st.sampled_from([lambda parts: None, gone_away, unlisted, failed_elsewhere])
ANSWERS = st.builds(lambda document, status: answer(written(document), status), REPLIES, STATUSES)


@st.composite
def requests(draw: st.DrawFn, name: str) -> Any:
    body = {**ASKED[surface_of(name)], **draw(SETTINGS), **draw(OF_CHAT if name.endswith("chat") else OF_RESPONSES)}
    order = draw(st.permutations(sorted(body)))
    return {key: body[key] for key in order}


@pytest.mark.parametrize("name", SURFACES)
@settings(max_examples=700, deadline=None)
@given(data=st.data())
def test_requests_and_replies_of_all_kinds_come_to_the_same_on_both(name: str, data: st.DataObject) -> None:
    body = data.draw(requests(name))
    profile = data.draw(st.sampled_from([profile for _, profile in PROFILES]))
    replies = data.draw(st.lists(ANSWERS, min_size=1, max_size=2))
    both(name, body, *replies, world=World(profile, data.draw(MEANWHILE)))


ODD: list[Outcome] = [
    answer(b""),
    answer(b"not JSON"),
    answer(orjson.dumps(USUAL) + b" "),
    answer(b'{"usage":' + b"[" * 500 + b"]" * 500 + b"}"),
    answer(USUAL, headers={"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s"}),
    answer({"error": {"message": "no", "type": "x", "code": "y"}}, 400),
    answer({"error": {"message": "slow", "type": "x", "code": "y"}}, 429, {"retry-after": "0"}),
    UpstreamDown("lab did not answer in time.", status=504, code="upstream_timeout"),
    UpstreamDown("lab cannot be reached.", code="upstream_unreachable"),
    asyncio.CancelledError,
]


@pytest.mark.parametrize("name", SURFACES)
@pytest.mark.parametrize("outcome", ODD, ids=range(len(ODD)))
def test_answers_that_are_none_go_on_on_the_long_path_and_nobody_is_asked_again(name: str, outcome: Outcome) -> None:
    short, _ = both(name, ASKED[surface_of(name)], outcome, answer(USUAL))
    assert len(short.rows) == 1
    retried, _ = both(name, ASKED[surface_of(name)], outcome, outcome, answer(USUAL))
    assert len(retried.rows) == 1


@pytest.mark.parametrize("name", ["chat", "responses"])
@pytest.mark.parametrize("dialect", TRANSLATED)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_translated_requests_of_all_kinds_come_to_the_same_on_both(
    name: str, dialect: str, data: st.DataObject
) -> None:
    usual = answer(TRANSLATED[dialect][1], data.draw(STATUSES))
    world = translating(dialect, data.draw(MEANWHILE))
    outcomes: list[Outcome] = [usual, *ODD]
    body = {field: value for field, value in data.draw(requests(name)).items() if field not in _FORMATS}
    both(name, body, data.draw(st.sampled_from(outcomes)), usual, world=world)


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize("finish", ["stop", "length"])
def test_what_cannot_be_stored_is_told_the_same_way(store: bool, finish: str) -> None:
    body = {**ASKED["responses"], "store": store}
    document = {**USUAL, "choices": [{**USUAL["choices"][0], "finish_reason": finish}]}
    short, _ = both("responses", body, answer(document), world=World(None, gone_away))
    assert (short.status, len(short.rows), short.stored) == (503 if store else 200, 1, [])
    assert short.rows[0][0]["prompt_tokens"] == 3
    assert not store or (b"x-should-retry", b"false") in short.headers


@pytest.mark.parametrize("name", ["chat", "responses"])
@pytest.mark.parametrize("meanwhile", [unlisted, failed_elsewhere], ids=["unlisted", "failed elsewhere"])
def test_what_was_answered_counts_whatever_happened_meanwhile(name: str, meanwhile: Meanwhile) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    unusual = {**USUAL, "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    for answered, status in ((answer(USUAL), 200), (answer(unusual), 200), (answer({"error": {}}, 400), 400)):
        short, _ = both(name, ASKED[name], answered, world=World(None, meanwhile))
        assert (short.status, len(short.sent), len(short.rows)) == (status, 1, 1)


PLAIN = select(lambda recording: not recording.is_stream)


@pytest.mark.parametrize("name", ["chat", "responses"])
@pytest.mark.parametrize("recording", PLAIN, ids=name_of)
def test_every_recorded_reply_comes_to_the_same_on_both(name: str, recording: Recording) -> None:
    both(name, ASKED[name], Answer(recording.status, {"content-type": "application/json"}, recording.body()))


OF_DIALECT = [
    pytest.param(dialect, recording, id=f"{dialect}-{name_of(recording)}")
    for dialect, (endpoint, _) in TRANSLATED.items()
    for recording in recordings_of(endpoint)
    if not recording.is_stream
]


@pytest.mark.parametrize("name", ["chat", "responses"])
@pytest.mark.parametrize(("dialect", "recording"), OF_DIALECT)
def test_every_recorded_reply_of_another_dialect_comes_to_the_same_on_both(
    name: str, dialect: str, recording: Recording
) -> None:
    replied = Answer(recording.status, {"content-type": "application/json"}, recording.body())
    both(name, ASKED[name], replied, world=translating(dialect))


@pytest.mark.parametrize("dialect", TRANSLATED)
@pytest.mark.parametrize("recording", PLAIN, ids=name_of)
def test_every_recorded_request_is_translated_alike_on_both(dialect: str, recording: Recording) -> None:
    asked = recording.content().get("request_body")
    given = asked if isinstance(asked, dict) else orjson.loads(asked or b"{}")
    body = {field: value for field, value in given.items() if field not in _FORMATS}
    if isinstance(body.get("messages"), list) and body["messages"]:
        both("chat", {**body, "model": "lab/m"}, answer(TRANSLATED[dialect][1]), world=translating(dialect))


@pytest.mark.parametrize("recording", PLAIN, ids=name_of)
def test_every_recorded_request_comes_to_the_same_on_both(recording: Recording) -> None:
    asked = recording.content().get("request_body")
    body = asked if isinstance(asked, dict) else orjson.loads(asked or b"{}")
    if isinstance(body.get("messages"), list) and body["messages"]:
        both("chat", {**body, "model": "lab/m"}, answer(USUAL))
