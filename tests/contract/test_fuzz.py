"""The running server against its contract: requests made up by schemathesis, every reply checked."""

import tomllib
from types import SimpleNamespace
from typing import Any

import pytest

from tests.contract import hooks
from tests.contract.fuzzing import PHASES, Run, fuzz
from tests.servers.gateway import ROOT, RunningGateway

EXAMPLES = 25
# A fixed one, so that a push fails by its own fault only; scripts/fuzz goes where no seed has gone before.
SEED = 20_261_122


@pytest.fixture(scope="session")
def run(gateway: RunningGateway, tmp_path_factory: pytest.TempPathFactory) -> Run:
    return fuzz(gateway.url, EXAMPLES, tmp_path_factory.mktemp("fuzz"), seed=SEED)


def test_no_request_makes_the_server_break_its_contract(run: Run) -> None:
    assert run.exit_code == 0, run.output


def test_every_operation_was_tested_in_every_phase(run: Run) -> None:
    assert run.is_complete, run.report["operations"]
    assert {name: phase["status"] for name, phase in run.report["phases"].items()} == dict.fromkeys(PHASES, "success")


def test_enough_requests_reach_the_models(run: Run) -> None:
    """Most requests that keep the contract are answered, so the replies that are checked are real ones."""
    for operation in ("POST /v1/chat/completions", "POST /api/gateway/v1/responses"):
        rates = run.report["valid_rates"][operation]["fuzzing"]
        assert rates["accepted"] > sum(rates.values()) / 2, (operation, rates)


def test_configuration_leaves_no_check_and_no_operation_out() -> None:
    with (ROOT / "schemathesis.toml").open("rb") as file:
        settings = tomllib.load(file)
    assert settings["checks"] == {"enabled": True}
    assert settings["phases"].keys() == set(PHASES)
    assert all(phase["enabled"] for phase in settings["phases"].values())
    assert not settings.keys() & {"operations", "baseline", "suppress-health-check"}


def test_hooks_leave_everything_else_as_it_was() -> None:
    body = {"messages": [{"role": "user", "content": "x"}], "n": 2, "metadata": {"a": "b"}, "store": None}
    assert hooks.meant(body, may_be_unknown=True, has_counts=True) == body


@pytest.mark.parametrize(
    "body",
    [
        {"model": 1},
        {"model": None},
        {"model": ["test/echo"]},
        {"metadata": "waystone"},
        {"metadata": {"waystone": 1}},
        {"metadata": {"waystone": None}},
        {"n": "1.5"},
        {"n": True, "max_completion_tokens": None},
        {"stream": "yes", "stream_options": {}},
        {"stream_options": "usage"},
    ],
)
def test_hooks_keep_what_breaks_the_contract(body: dict[str, Any]) -> None:
    assert hooks.meant(body, may_be_unknown=False, has_counts=True) == body


@pytest.mark.parametrize("body", [{"n": 1.5}, {"max_completion_tokens": 1e300}, {"n": -(2.0**60)}])
def test_hooks_make_counts_whole_only_where_the_contract_says_number(body: dict[str, Any]) -> None:
    assert hooks.meant(body, may_be_unknown=False, has_counts=False) == body
    (changed,) = hooks.meant(body, may_be_unknown=False, has_counts=True).values()
    assert isinstance(changed, int)
    assert abs(changed) <= 2**53


def test_hooks_leave_some_models_unknown_and_only_where_a_404_is_an_answer() -> None:
    bodies = [{"model": f"made up {number}"} for number in range(400)]
    meant = [hooks.meant(body, may_be_unknown=True, has_counts=False) for body in bodies]
    kept = sum(now == before for now, before in zip(meant, bodies, strict=True))
    assert 0 < kept < len(bodies) / 8
    assert all(hooks.meant(body, may_be_unknown=False, has_counts=False) != body for body in bodies)
    assert {body["model"] for body in meant} >= set(hooks.MODELS)


def test_hooks_do_not_touch_a_body_that_is_no_object() -> None:
    meta = SimpleNamespace(generation=SimpleNamespace(mode=SimpleNamespace(is_positive=False)))
    case = SimpleNamespace(body=b"\xff", meta=meta, path_parameters={"model": "x"})
    hooks.before_call(None, case, {})
    assert (case.body, case.path_parameters) == (b"\xff", {"model": "x"})
