"""`waystone check`, as people run it, against servers that answer and servers that do not."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.servers.certificates import Authority
from tests.servers.chat_upstream import KEY as CHAT_KEY
from tests.servers.chat_upstream import ChatUpstream
from tests.servers.failing_upstream import FAILING, KEY, FailingUpstream
from tests.servers.gateway import DEADLINE, ROOT
from tests.servers.raw_http import Visit, raw_server
from tests.servers.thread import serving


@pytest.fixture(scope="module")
def failing() -> Iterator[tuple[FailingUpstream, str]]:
    """The server that fails by name, and its address."""
    upstream = FailingUpstream()
    with serving(upstream.app) as url:
        yield upstream, url


@pytest.fixture(scope="module")
def chat() -> Iterator[str]:
    """The address of the strict chat server."""
    with serving(ChatUpstream().app) as url:
        yield f"{url}/v1"


def lab(base_url: str, **more: Any) -> dict[str, Any]:
    return {"dialect": "openai-chat", "base_url": base_url, "api_key": KEY, **more}


def waystone(folder: Path, providers: Mapping[str, Any], *words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run `waystone check` with these providers."""
    (folder / "waystone.yaml").write_text(json.dumps({"providers": providers, **more}))
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "gateway", "check", *words],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env=environment,
        timeout=DEADLINE,
    )
    assert "Traceback" not in done.stderr, done.stderr
    assert KEY not in done.stdout + done.stderr
    assert CHAT_KEY not in done.stdout + done.stderr
    return done


def reports(folder: Path, providers: Mapping[str, Any], *words: str, **more: Any) -> list[dict[str, Any]]:
    """What `waystone check --json` says."""
    done = waystone(folder, providers, *words, "--json", **more)
    assert done.returncode in (0, 1), done.stderr
    said: list[dict[str, Any]] = json.loads(done.stdout)
    assert done.returncode == (0 if all(report["ok"] for report in said) else 1)
    return said


def test_a_model_that_answers_is_fine_plain_and_streamed(tmp_path: Path, chat: str) -> None:
    providers = {"test": {**lab(chat), "api_key": CHAT_KEY}}
    plain, streamed = reports(tmp_path, providers, "test/echo", "--stream")
    for report in (plain, streamed):
        assert report["ok"]
        assert (report["provider"], report["model"]) == ("test", "echo")
        assert report["usage"] == {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        assert report["answer"] == "Say hello."
        assert report["seconds"] > 0
    assert (plain["stream"], streamed["stream"]) == (False, True)
    assert streamed["first_event_seconds"] <= streamed["seconds"]


def test_the_call_is_tiny(tmp_path: Path, failing: tuple[FailingUpstream, str]) -> None:
    upstream, url = failing
    upstream.bodies.clear()
    reports(tmp_path, {"lab": lab(f"{url}/v1")}, "lab/good-model")
    (body,) = upstream.bodies
    assert body["max_tokens"] == 16
    assert len(json.dumps(body)) < 200


def test_a_server_that_knows_the_other_limit_only_is_asked_by_that(
    tmp_path: Path, failing: tuple[FailingUpstream, str]
) -> None:
    upstream, url = failing
    upstream.bodies.clear()
    (report,) = reports(tmp_path, {"lab": lab(f"{url}/v1")}, "lab/new-limit")
    assert report["ok"]
    assert [set(body) & {"max_tokens", "max_completion_tokens"} for body in upstream.bodies] == [
        {"max_tokens"},
        {"max_completion_tokens"},
    ]


@pytest.fixture(scope="module")
def said(
    failing: tuple[FailingUpstream, str], tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, dict[str, Any]]:
    """What is said of each model that the failing server has something to say of, called all at once."""
    models = {"all": {"targets": [f"lab/{model}" for model in (*FAILING, "god-model", "xxxx")]}}
    folder = tmp_path_factory.mktemp("said")
    return {
        report["model"]: report for report in reports(folder, {"lab": lab(f"{failing[1]}/v1")}, "all", models=models)
    }


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("no-credit", "insufficient_quota", "no credit left"),
        ("limited", "rate_limit_exceeded", "Try again in 3 min"),
        ("busy", "overloaded", "Try again"),
        ("no-access", "model_not_found", "may have no access"),
        ("odd", "odd", "Your key"),
        ("html", "upstream_bad_reply", "`providers.lab.base_url`"),
        ("silent", "upstream_bad_reply", "nothing in it"),
        ("filtered", "upstream_bad_reply", "content filter"),
        ("god-model", "model_not_found", "Did you mean good-model"),
        ("xxxx", "model_not_found", "see `waystone models`"),
    ],
)
def test_what_is_wrong_is_said_so_that_it_can_be_mended(
    said: Mapping[str, dict[str, Any]], model: str, code: str, words: str
) -> None:
    problem = said[model]["problem"]
    assert problem["code"] == code
    assert words in f"{problem['message']} {problem['advice']}"
    assert problem.keys() == {"code", "message", "advice"}


def test_a_person_is_told_the_same_and_of_a_stream_too(tmp_path: Path, failing: tuple[FailingUpstream, str]) -> None:
    done = waystone(tmp_path, {"lab": lab(f"{failing[1]}/v1")}, "lab/limited", "--stream")
    assert done.returncode == 1
    assert done.stdout.count("lab/limited: lab: Slow down Try again in 3 min") == 2
    assert "limited (stream)" in done.stdout


def test_a_missing_key_and_a_refused_one_are_told_apart(tmp_path: Path, failing: tuple[FailingUpstream, str]) -> None:
    base_url = f"{failing[1]}/v1"
    providers = {
        "none": {**lab(base_url), "api_key": None, "models": ["good-model"]},
        "other": {**lab(base_url), "api_key": "sk-other", "models": ["good-model"]},
        "listed": {**lab(base_url), "api_key": "sk-other"},
    }
    none, other, listed = reports(tmp_path, providers)
    assert none["problem"]["code"] == "no_key"
    assert "`providers.none.api_key` in waystone.yaml" in none["problem"]["advice"]
    assert other["problem"]["message"] == "It refused the key."
    assert listed["problem"] == {**other["problem"], "advice": other["problem"]["advice"].replace("other", "listed")}


def test_each_key_is_tried(tmp_path: Path, failing: tuple[FailingUpstream, str]) -> None:
    provider = {**lab(f"{failing[1]}/v1"), "api_keys": [KEY, "sk-other"]}
    del provider["api_key"]
    good, bad = reports(tmp_path, {"lab": provider}, "lab/good-model")
    assert (good["ok"], bad["ok"]) == (True, False)
    assert good["key"].startswith("1 of 2")


def test_a_known_provider_that_is_not_on_says_which_variable_turns_it_on(tmp_path: Path, chat: str) -> None:
    done = waystone(tmp_path, {"test": lab(chat)}, "openai")
    assert done.returncode == 1
    assert "OPENAI_API_KEY in the environment, or `providers.openai.api_key` in waystone.yaml" in done.stdout


def test_what_cannot_be_reached_says_where_the_way_ends(tmp_path: Path, failing: tuple[FailingUpstream, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    providers = {
        "closed": lab(f"http://127.0.0.1:{port}/v1", models=["m"]),
        "nowhere": lab("http://no-such-host.invalid/v1", models=["m"]),
        "plain": lab(failing[1].replace("http:", "https:"), models=["m"]),
    }
    closed, nowhere, plain = reports(tmp_path, providers)
    assert closed["problem"]["message"] == f"Nobody listens on port {port} of 127.0.0.1."
    assert "no-such-host.invalid" in nowhere["problem"]["message"]
    assert "does not speak TLS" in plain["problem"]["message"]
    assert all(report["problem"]["code"] == "upstream_unreachable" for report in (closed, nowhere, plain))


def test_a_certificate_that_is_refused_says_why_and_what_to_do(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trusted = {"tls": {"ca": str(authority.file)}}

    async def answer(visit: Visit) -> None:
        await visit.request()

    async def check() -> list[dict[str, Any]]:
        async with (
            raw_server(answer, tls=authority.server("lab.test")) as other_name,
            raw_server(answer, tls=authority.server(is_expired=True)) as expired,
            raw_server(answer, tls=authority.server()) as unknown,
        ):
            providers = {
                "named": lab(other_name.secure_url, models=["m"], **trusted),
                "expired": lab(expired.secure_url, models=["m"], **trusted),
                "unknown": lab(unknown.secure_url, models=["m"]),
            }
            return await asyncio.to_thread(reports, tmp_path, providers)

    named, expired, unknown = (report["problem"] for report in asyncio.run(check()))
    assert named["message"] == "The certificate of 127.0.0.1 is not valid for its host name."
    assert "`base_url` of named" in named["advice"]
    assert expired["message"] == "The certificate of 127.0.0.1 has expired."
    assert unknown["message"].endswith("is not signed by an authority that this machine trusts.")
    assert "`providers.unknown.tls.ca`" in unknown["advice"]
    assert "SSL_CERT_FILE" in unknown["advice"]


def test_a_wrong_base_url_is_told_from_a_wrong_model(tmp_path: Path, failing: tuple[FailingUpstream, str]) -> None:
    url = failing[1]
    nothing, listless = reports(
        tmp_path, {"nothing": lab(url, models=["m"]), "listless": lab(f"{url}/listless", models=["good-model"])}
    )
    assert "/v1 at its end" in nothing["problem"]["advice"]
    assert listless["ok"]


def test_an_answer_that_does_not_come_is_not_waited_for(tmp_path: Path, chat: str) -> None:
    providers = {"test": {**lab(chat), "api_key": CHAT_KEY}}
    (report,) = reports(tmp_path, providers, "test/stall", "--timeout", "0.3")
    assert report["problem"]["code"] == "upstream_timeout"
    assert 0.3 <= report["seconds"] < 5


def test_the_model_is_the_first_configured_or_the_first_that_chats(
    tmp_path: Path, failing: tuple[FailingUpstream, str]
) -> None:
    base_url = f"{failing[1]}/v1"
    providers = {"named": lab(base_url, models=["new-limit", "odd"]), "listed": lab(base_url)}
    named, listed = reports(tmp_path, providers)
    assert (named["model"], named["why"]) == ("new-limit", "the first one configured")
    assert (listed["model"], listed["why"]) == ("good-model", "the first one it lists")


def test_a_name_of_the_operators_own_is_tried_at_all_its_targets(
    tmp_path: Path, failing: tuple[FailingUpstream, str]
) -> None:
    providers = {"lab": lab(f"{failing[1]}/v1")}
    models = {"fast": {"targets": ["lab/good-model"], "fallbacks": ["lab/busy"]}}
    said = reports(tmp_path, providers, "fast", models=models)
    assert [(report["model"], report["ok"]) for report in said] == [("good-model", True), ("busy", False)]


@pytest.mark.parametrize(
    ("name", "words"),
    [("lap", "lab"), ("lap/good-model", "lab"), ("opnai/gpt-5", "openai"), ("x/y/z", "x")],
)
def test_a_name_that_nothing_is_meant_by_is_the_callers_mistake(
    tmp_path: Path, failing: tuple[FailingUpstream, str], name: str, words: str
) -> None:
    done = waystone(tmp_path, {"lab": lab(f"{failing[1]}/v1")}, name)
    assert done.returncode == 2
    assert words in done.stderr
    assert not done.stdout


def test_a_model_that_is_not_configured_is_the_callers_mistake(
    tmp_path: Path, failing: tuple[FailingUpstream, str]
) -> None:
    done = waystone(tmp_path, {"lab": {**lab(f"{failing[1]}/v1"), "models": ["good-model"]}}, "lab/god-model")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'god-model' is not among those of lab; there are good-model." in done.stderr


def test_a_wrong_configuration_is_told_as_ever(tmp_path: Path) -> None:
    done = waystone(tmp_path, {"lab": {"dialect": "no-such", "base_url": "nowhere"}})
    assert done.returncode == 2
    assert "waystone.yaml" in done.stderr
