"""When a provider fails: the next one answers, at once, and the client hears who did."""

import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest

from tests.clients.contract import CHAT_PATHS, PATHS, check_error, request
from tests.servers.fleet import (
    Act,
    Fleet,
    breaks_off,
    event,
    hanging_up,
    piece,
    refuses,
    says,
    stalls,
    streams,
)
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.thread import serving

CHAT = CHAT_PATHS[0]
EVERY_PATH = (*PATHS, "/v1/responses")


@pytest.fixture(scope="module")
def failing() -> Fleet:
    return Fleet()


@pytest.fixture(scope="module")
def fleet(failing: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway whose providers fail as they are told, and never twice: what fails is not asked again."""
    with serving(failing.app) as url, hanging_up() as mute, _fleet(url, mute, tmp_path_factory.mktemp("fleet")) as up:
        yield up


def _fleet(url: str, mute: str, folder: Path) -> Any:
    def provider(name: str, **more: Any) -> dict[str, Any]:
        return {"dialect": "openai-chat", "base_url": f"{url}/{name}/v1", "models": ["any", "large", "huge"], **more}

    refused = {f"refused-{number}": provider(f"refused-{number}") for number in range(len(REMEMBERED) * 2)}
    config = {
        "retries": {"attempts": 1},
        "breaker": {"failures": 10_000},
        "embedded": {"enabled": False},
        "providers": {
            "first": provider("first", api_key="key-of-first"),
            "second": provider("second", api_key="key-of-second"),
            "third": provider("third", api_key="key-of-third"),
            "fourth": provider("fourth", api_key="key-of-fourth"),
            "fifth": provider("fifth"),
            "sixth": provider("sixth"),
            "keys": provider("keys", api_keys=["key-one", "key-two", "key-three"]),
            "locked": provider("locked", api_keys=["key-one", "key-two"]),
            **refused,
            "hasty": provider("hasty", timeouts={"first_byte": 0.2, "idle": 0.2}),
            "nobody": provider("nobody", base_url="http://127.0.0.1:9/v1"),
            "mute": provider("mute", base_url=f"{mute}/v1"),
        },
        "models": {
            "sure": {"targets": ["first/any"], "fallbacks": ["second/any", "third/any"]},
            "shared": {"targets": [{"model": "fifth/any", "weight": 3}, {"model": "sixth/any", "weight": 1}]},
            "hasty/any": {"fallbacks": ["second/any"]},
            "nobody/any": {"fallbacks": ["second/any"]},
            "mute/any": {"fallbacks": ["second/any"]},
            "keys/any": {"fallbacks": ["second/any"]},
            "locked/any": {"fallbacks": ["second/any"]},
            **{f"{name}/any": {"fallbacks": ["second/any"]} for name in refused},
            "first/huge": {"fallbacks": ["second/huge"]},
            "second/huge": {"fallbacks": ["first/huge"]},
        },
    }
    return running_gateway(folder, config)


@pytest.fixture
def upstream(failing: Fleet) -> Fleet:
    failing.forget()
    return failing


@pytest.fixture
def caller(fleet: RunningGateway) -> Iterator[httpx.Client]:
    with fleet.client() as client:
        yield client


def ask(client: httpx.Client, model: str, path: str = CHAT, *, stream: bool = False, **more: Any) -> httpx.Response:
    said: dict[str, Any] = {"input": "Hello."} if path == "/v1/responses" else request(path, model, "Hello.")
    return client.post(path, json={**said, "model": model, "stream": stream, **more})


def who(reply: httpx.Response) -> tuple[str, str]:
    """Who answered, and at which attempt."""
    return reply.headers["x-waystone-provider"], reply.headers["x-waystone-attempts"]


FAILURES: list[tuple[str, Act]] = [
    ("500", refuses(500)),
    ("503", refuses(503, {"retry-after": "30"})),
    ("529", refuses(529)),
    ("408", refuses(408)),
    ("429", refuses(429, {"retry-after-ms": "1"})),
    ("404", refuses(404)),
    ("html", says(b"<html>", "text/html")),
    ("bad JSON", says(b'{"choices": [')),
    ("error in 200", says(b'{"error": {"message": "overloaded", "code": 503}}')),
    ("cut before the first byte", breaks_off()),
    ("told not to retry", refuses(503, {"x-should-retry": "false"})),
]
ROLE = event(
    {
        **{"id": "x", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": "m"},
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
    }
)
IN_STREAM: list[tuple[str, Act]] = [
    ("error event first", streams(event({"error": {"message": "overloaded", "code": 503}}))),
    ("comments, then cut", breaks_off(b": waiting\n\n", b": waiting\n\n")),
    ("ended at once", streams(b"")),
    ("bad JSON first", streams(b"data: {{{\n\n")),
    ("a role, then cut", breaks_off(ROLE, b": waiting\n\n")),
    ("a role, then an error", streams(ROLE + event({"error": {"message": "overloaded", "code": 503}}))),
    ("a role, then the end", streams(ROLE)),
]


# After these a key is left alone for a minute.
REMEMBERED = [refuses(429, {"retry-after": "60"}), refuses(429, code="insufficient_quota"), refuses(402), refuses(401)]


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize(("stream", "name", "act"), [
    *((stream, *failure) for stream in (False, True) for failure in FAILURES), *((True, *each) for each in IN_STREAM)
])  # fmt: skip
def test_the_next_one_answers(
    caller: httpx.Client, upstream: Fleet, path: str, stream: bool, name: str, act: Act
) -> None:
    upstream.does("first", act)
    reply = ask(caller, "sure", path, stream=stream)
    assert reply.status_code == 200, (name, reply.text)
    assert "I am second." in reply.text
    assert who(reply) == ("second", "2")
    assert reply.headers["x-waystone-model"] == "any"
    assert upstream.asked == ["first", "second"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("number", range(len(REMEMBERED)))
def test_a_key_that_has_nothing_left_is_passed_over_while_there_are_others(
    caller: httpx.Client, upstream: Fleet, number: int, stream: bool
) -> None:
    name = f"refused-{number * 2 + stream}"
    upstream.does(name, REMEMBERED[number])
    assert [who(ask(caller, f"{name}/any", stream=stream)) for _ in range(2)] == [("second", "2"), ("second", "1")]
    upstream.always("second", refuses(500))
    assert who(ask(caller, f"{name}/any", stream=stream)) == (name, "2")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["nobody/any", "mute/any", "hasty/any"])
def test_the_next_one_answers_where_the_first_cannot_be_reached(
    caller: httpx.Client, upstream: Fleet, model: str, stream: bool
) -> None:
    upstream.does("hasty", stalls)
    reply = ask(caller, model, stream=stream)
    assert reply.status_code == 200, reply.text
    assert who(reply) == ("second", "2")


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("status", "code"),
    [(400, None), (422, None), (400, "context_length_exceeded"), (400, "content_filter"), (413, None)],
)
def test_a_request_that_is_wrong_everywhere_goes_nowhere_else(
    caller: httpx.Client, upstream: Fleet, status: int, code: str | None, stream: bool
) -> None:
    upstream.does("first", refuses(status, code=code))
    reply = ask(caller, "sure", stream=stream)
    assert (reply.status_code, check_error(reply.json())["code"]) == (400, code)
    assert who(reply) == ("first", "1")
    assert upstream.asked == ["first"]


def test_nothing_else_is_tried_once_the_answer_has_begun(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.does("first", breaks_off(piece("I am fi")))
    reply = ask(caller, "sure", stream=True)
    assert "I am fi" in reply.text
    assert "error" in reply.text.splitlines()[-2]
    assert "[DONE]" not in reply.text
    assert upstream.asked == ["first"]


def test_a_plain_answer_that_breaks_off_is_asked_of_the_next(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.does("first", breaks_off(b'{"id": "1", "choices": ['))
    assert who(ask(caller, "sure")) == ("second", "2")


def test_all_of_the_list_are_tried_in_order(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.does("first", refuses(500))
    upstream.does("second", refuses(429))
    assert who(ask(caller, "sure")) == ("third", "3")
    assert upstream.asked == ["first", "second", "third"]


def test_when_all_have_failed_the_client_hears_the_last_that_may_pass(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.does("first", refuses(500))
    upstream.does("second", refuses(429, {"retry-after": "20"}))
    upstream.does("fourth", refuses(401))
    reply = ask(caller, "first/any", models=["second/large", "fourth/any"])
    assert (reply.status_code, check_error(reply.json())["code"]) == (429, "rate_limit_exceeded")
    assert reply.headers["retry-after"] == "20"
    assert who(reply) == ("second", "3")


def test_the_same_model_elsewhere_may_step_in_both_ways(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.does("first", refuses(500))
    assert who(ask(caller, "first/huge")) == ("second", "2")
    upstream.does("second", refuses(500))
    assert who(ask(caller, "second/huge")) == ("first", "2")


@pytest.mark.parametrize("path", EVERY_PATH)
def test_models_in_the_body_are_tried_after_the_first_and_stay_here(
    caller: httpx.Client, upstream: Fleet, path: str
) -> None:
    upstream.does("first", refuses(500))
    upstream.does("third", refuses(500))
    reply = ask(caller, "first/any", path, models=["third/large", "second/any"])
    assert who(reply) == ("second", "3"), reply.text
    assert [heard.body["model"] for heard in upstream.heard] == ["any", "large", "any"]
    assert not any("models" in heard.body for heard in upstream.heard)


@pytest.mark.parametrize("path", EVERY_PATH)
@pytest.mark.parametrize(
    ("models", "param"),
    [
        (["second/any", "second/none"], "models[1]"),
        (["unheard-of"], "models[0]"),
        (["second/any"] * 11, "models"),
        (["second/any", 5], "models[1]"),
        ("second/any", "models"),
        ([""], "models[0]"),
    ],
)
def test_models_in_the_body_that_are_none_are_told_by_their_place(
    caller: httpx.Client, upstream: Fleet, path: str, models: Any, param: str
) -> None:
    reply = ask(caller, "first/any", path, models=models)
    assert (reply.status_code, check_error(reply.json())["param"]) == (400, param), reply.text
    assert not upstream.heard


def test_shares_come_out_by_weight(caller: httpx.Client, upstream: Fleet) -> None:
    for _ in range(16):
        assert ask(caller, "shared").status_code == 200
    assert Counter(upstream.asked) == {"fifth": 12, "sixth": 4}


def test_keys_are_used_in_turn(caller: httpx.Client, upstream: Fleet) -> None:
    for _ in range(9):
        assert ask(caller, "keys/large").status_code == 200
    assert Counter(heard.key for heard in upstream.heard) == {"key-one": 3, "key-two": 3, "key-three": 3}


LOCKING = [refuses(429, {"retry-after": "60"}), refuses(401)]


@pytest.mark.parametrize("act", LOCKING)
def test_another_key_of_the_same_provider_is_tried_before_another_provider(
    caller: httpx.Client, upstream: Fleet, act: Act
) -> None:
    model = "locked/large" if act is LOCKING[0] else "locked/any"
    upstream.does("locked", act)
    assert who(ask(caller, model)) == ("locked", "2")
    assert len({heard.key for heard in upstream.heard}) == 2


def test_a_broken_provider_is_not_tried_by_its_other_keys(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.always("keys", refuses(500))
    assert who(ask(caller, "keys/any")) == ("second", "2")


@pytest.mark.parametrize("more", [{"prompt_cache_key": "talk-7"}, {}])
def test_a_prompt_that_is_cached_goes_to_the_same_place(
    caller: httpx.Client, upstream: Fleet, more: dict[str, Any]
) -> None:
    marked = [{"type": "text", "text": "Long.", "cache_control": {"type": "ephemeral"}}]
    turns: list[dict[str, Any]] = [{"role": "system", "content": marked}, {"role": "user", "content": "One."}]
    for _ in range(6):
        caller.post(CHAT, json={"model": "shared", "messages": turns, **more})
        turns += [{"role": "assistant", "content": "Yes."}, {"role": "user", "content": "Go on."}]
    assert len(set(upstream.asked)) == 1
    assert len(upstream.asked) == 6


def test_a_call_that_a_provider_cannot_express_goes_to_one_that_can(caller: httpx.Client, upstream: Fleet) -> None:
    reply = ask(caller, "first/any", "/v1/responses", models=["second/any"], prompt={"id": "pmpt_1"})
    assert (reply.status_code, check_error(reply.json())["param"]) == (400, "prompt")
    assert who(reply) == ("first", "0")
    assert not upstream.heard


def test_the_usage_row_is_for_who_answered(caller: httpx.Client, upstream: Fleet, fleet: RunningGateway) -> None:
    before = _answered(fleet)
    upstream.does("first", refuses(500))
    # Not a model that an earlier test had throttled: its key is skipped for a second.
    ask(caller, "first/huge")
    deadline = time.monotonic() + 10
    while not (more := _answered(fleet) - before):
        assert time.monotonic() < deadline
    assert more == {"second/huge": 1}


def _answered(gateway: RunningGateway) -> Counter[str]:
    totals = orjson.loads(gateway.command("usage", "--by", "model", "--json"))
    return Counter({total["id"]: total["requests"] for total in totals})


def test_no_secret_and_nothing_said_stands_in_the_log_of_failures(
    caller: httpx.Client, upstream: Fleet, fleet: RunningGateway
) -> None:
    upstream.does("first", refuses(500, message="key-of-first said Hello."))
    upstream.does("fourth", refuses(401, message="key-of-fourth said Hello."))
    ask(caller, "first/any", models=["fourth/any", "third/any"])
    log = fleet.log.read_text()
    failures = [line for line in log.splitlines() if '"attempt_failed"' in line or '"credential_refused"' in line]
    assert failures
    assert "key-of" not in log
    # What it said stands in the one line that is about its body, at warning level.
    said = [line for line in log.splitlines() if "Hello" in line]
    assert said
    assert all('"upstream_error_body"' in line and '"warning"' in line for line in said)


@pytest.mark.parametrize("stream", [False, True])
def test_the_next_one_has_answered_within_50_milliseconds(
    caller: httpx.Client, upstream: Fleet, stream: bool, record_testsuite_property: Callable[[str, object], None]
) -> None:
    ask(caller, "sure", stream=stream)
    overheads = []
    for _ in range(30):
        upstream.heard.clear()
        upstream.does("first", refuses(503))
        began = time.perf_counter()
        reply = ask(caller, "sure", stream=stream)
        took = time.perf_counter() - began
        assert who(reply) == ("second", "2")
        overheads.append(took - (upstream.heard[0].moment - began))
    record_testsuite_property(
        f"failover, stream={stream}: milliseconds after the failure",
        [round(overhead * 1000, 1) for overhead in sorted(overheads)],
    )
    assert statistics.median(overheads) < 0.05
