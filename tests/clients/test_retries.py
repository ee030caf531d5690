"""Asking again: as often and as late as the provider wishes, never for a client that has left, and not without end."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from tests.clients.contract import check_error, request
from tests.servers.fleet import Act, Fleet, breaks_off, event, piece, refuses, says, stalls, streams
from tests.servers.gateway import RunningGateway, running_gateway
from tests.servers.thread import serving

CHAT = "/v1/chat/completions"
DEADLINE = 10.0


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return Fleet()


@pytest.fixture(scope="module")
def patient(fleet: Fleet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """A gateway that asks again, and waits for it half a second at most; `fragile` is left alone after two failures."""
    with serving(fleet.app) as url:

        def provider(name: str, **more: Any) -> dict[str, Any]:
            return {"dialect": "openai-chat", "base_url": f"{url}/{name}/v1", "models": ["any"], **more}

        config = {
            "retries": {"attempts": 3, "longest_wait": 0.5},
            # Longer than the pauses of one request, whose own failures after the first do not prolong it.
            "breaker": {"failures": 6, "seconds": 5},
            "embedded": {"enabled": False},
            "providers": {
                "one": provider("one"),
                "two": provider("two"),
                # What was throttled comes second for a while: these are, in one test alone.
                "alpha": provider("alpha"),
                "beta": provider("beta"),
                "calm": provider("calm"),
                "once": provider("once", retries={"attempts": 1}),
                "broken": provider("broken"),
                "fallen": provider("fallen", retries={"attempts": 1}),
            },
            "models": {
                "sure": {"targets": ["alpha/any"], "fallbacks": ["beta/any"]},
                "calm/any": {"fallbacks": ["two/any"]},
            },
        }
        with running_gateway(tmp_path_factory.mktemp("patient"), config) as running:
            yield running


@pytest.fixture
def upstream(fleet: Fleet) -> Fleet:
    fleet.forget()
    return fleet


@pytest.fixture
def caller(patient: RunningGateway) -> Iterator[httpx.Client]:
    with patient.client() as client:
        yield client


def ask(client: httpx.Client, model: str = "one/any", *, stream: bool = False, **more: Any) -> httpx.Response:
    return client.post(CHAT, json={**request(CHAT, model, "Hello.", stream=stream), **more})


def gap(upstream: Fleet) -> float:
    """Seconds between the first two requests."""
    first, second = upstream.heard[:2]
    return second.moment - first.moment


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "act",
    [refuses(500), refuses(503), refuses(529), refuses(409), breaks_off(), refuses(400, {"x-should-retry": "true"})],
)
def test_what_passes_is_asked_again(caller: httpx.Client, upstream: Fleet, act: Act, stream: bool) -> None:
    upstream.does("one", act)
    reply = ask(caller, stream=stream)
    assert (reply.status_code, reply.headers["x-waystone-attempts"]) == (200, "2"), reply.text
    assert upstream.asked == ["one", "one"]
    assert gap(upstream) < 1.0


@pytest.mark.parametrize(
    "act", [streams(event({"error": {"message": "overloaded", "code": 503}})), streams(b": one moment\n\n")]
)
def test_a_stream_that_fails_before_it_says_anything_is_asked_again(
    caller: httpx.Client, upstream: Fleet, act: Act
) -> None:
    upstream.does("one", act)
    reply = ask(caller, stream=True)
    assert reply.headers["x-waystone-attempts"] == "2"
    assert "I am one." in reply.text


@pytest.mark.parametrize("act", [breaks_off(piece("I am")), streams(piece("I am"), event({"error": {"code": 503}}))])
def test_nothing_is_asked_again_once_the_answer_has_begun(caller: httpx.Client, upstream: Fleet, act: Act) -> None:
    upstream.does("one", act)
    reply = ask(caller, stream=True)
    assert reply.headers["x-waystone-attempts"] == "1"
    assert "[DONE]" not in reply.text
    assert upstream.asked == ["one"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("act", "status"),
    [
        (refuses(400), 400),
        (refuses(401), 502),
        (refuses(404), 404),
        (refuses(429, code="insufficient_quota"), 429),
        (refuses(503, {"x-should-retry": "false"}), 503),
        (says(b"<html>", "text/html"), 502),
    ],
)
def test_what_does_not_pass_is_not_asked_again(
    caller: httpx.Client, upstream: Fleet, act: Act, status: int, stream: bool
) -> None:
    upstream.does("one", act)
    reply = ask(caller, stream=stream)
    assert (reply.status_code, reply.headers["x-waystone-attempts"]) == (status, "1")
    assert upstream.asked == ["one"]


@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "0.3"},
        {"retry-after-ms": "300"},
        {"retry-after-ms": "300", "retry-after": "60"},
        {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "300ms"},
        {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "0.3s"},
    ],
)
def test_a_providers_own_wait_is_kept(caller: httpx.Client, upstream: Fleet, headers: dict[str, str]) -> None:
    upstream.does("one", refuses(429, headers))
    assert ask(caller).headers["x-waystone-attempts"] == "2"
    assert 0.3 <= gap(upstream) < 0.6


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"retry-after": "20"}, "20"),
        ({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "6m0s"}, "360"),
    ],
)
def test_a_wait_that_is_too_long_is_the_clients(
    caller: httpx.Client, upstream: Fleet, headers: dict[str, str], told: str
) -> None:
    upstream.does("one", refuses(429, headers))
    reply = ask(caller)
    assert (reply.status_code, check_error(reply.json())["code"]) == (429, "rate_limit_exceeded")
    assert (reply.headers["retry-after"], reply.headers["x-waystone-attempts"]) == (told, "1")


def test_a_date_to_come_again_is_read(caller: httpx.Client, upstream: Fleet) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    upstream.does("one", refuses(503, {"retry-after": moment}))
    assert ask(caller).headers["x-waystone-attempts"] == "1"


def test_it_is_asked_as_often_as_the_settings_say(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.always("one", refuses(429, {"retry-after-ms": "1"}))
    reply = ask(caller)
    assert (reply.status_code, reply.headers["x-waystone-attempts"]) == (429, "3")
    upstream.always("once", refuses(503))
    assert ask(caller, "once/any").headers["x-waystone-attempts"] == "1"


def test_others_come_before_asking_again(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.does("alpha", refuses(429, {"retry-after-ms": "200"}))
    upstream.does("beta", refuses(429, {"retry-after-ms": "10"}))
    reply = ask(caller, "sure")
    assert (reply.headers["x-waystone-provider"], reply.headers["x-waystone-attempts"]) == ("beta", "3")
    assert upstream.asked == ["alpha", "beta", "beta"]


def test_a_client_that_has_left_is_not_asked_for_again(
    patient: RunningGateway, caller: httpx.Client, upstream: Fleet
) -> None:
    upstream.does("calm", stalls)
    with patient.client(timeout=0.2) as hasty, pytest.raises(httpx.ReadTimeout):
        ask(hasty, "calm/any")
    assert upstream.left.wait(DEADLINE)
    assert ask(caller, "two/any").status_code == 200
    assert upstream.asked == ["calm", "two"]


def test_a_client_that_leaves_while_it_is_waited_is_not_asked_for_again(
    patient: RunningGateway, caller: httpx.Client, upstream: Fleet
) -> None:
    upstream.always("one", refuses(429, {"retry-after-ms": "450"}))
    with patient.client(timeout=0.15) as hasty, pytest.raises(httpx.ReadTimeout):
        ask(hasty)
    upstream.always("two", refuses(429, {"retry-after-ms": "480"}))
    # The other one waits longer than that, and is asked again.
    assert ask(caller, "two/any").status_code == 429
    assert upstream.asked.count("one") == 1


def test_a_provider_that_fails_again_and_again_is_spared_and_probed(caller: httpx.Client, upstream: Fleet) -> None:
    upstream.always("broken", refuses(500))
    # One body counts once, however often it fails.
    for number in range(6):
        assert ask(caller, "broken/any", user=str(number)).status_code == 503
    upstream.heard.clear()
    # Another candidate is asked while it is spared; where there is none, it is asked by one request at a time.
    spared = ask(caller, "broken/any", models=["two/any"])
    assert (spared.status_code, spared.headers["x-waystone-attempts"]) == (200, "1")
    assert upstream.asked == ["two"]
    again = ask(caller, "broken/any")
    assert (again.status_code, check_error(again.json())["code"]) == (503, "overloaded")
    upstream.always("broken", says(b"{}"))
    upstream.forget()
    assert ask(caller, "broken/any").status_code == 200
    assert upstream.asked == ["broken"]


def test_one_probe_at_a_time(patient: RunningGateway, upstream: Fleet) -> None:
    upstream.always("fallen", refuses(500))
    with patient.client() as client:
        for number in range(6):
            ask(client, "fallen/any", user=str(number))
        heard = len(upstream.heard)
        upstream.does("fallen", stalls)
        deadline = time.monotonic() + DEADLINE
        probe = threading.Thread(target=_leave_soon, args=(patient,))
        while not upstream.stalled.is_set():
            assert time.monotonic() < deadline
            if not probe.is_alive():
                probe = threading.Thread(target=_leave_soon, args=(patient,))
                probe.start()
        assert ask(client, "fallen/any").headers["x-waystone-attempts"] == "0"
        assert len(upstream.heard) == heard + 1
        assert upstream.left.wait(DEADLINE)
        probe.join(DEADLINE)
        upstream.forget()
        while ask(client, "fallen/any").status_code != 200:
            assert time.monotonic() < deadline


def _leave_soon(gateway: RunningGateway) -> None:
    with gateway.client(timeout=0.3) as client:
        try:
            ask(client, "fallen/any")
        except httpx.ReadTimeout:
            return
