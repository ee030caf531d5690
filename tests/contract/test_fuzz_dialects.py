"""The operations that generate, fuzzed with an upstream of every dialect behind them, each strict about shapes."""

import tomllib
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.dialects import DIALECTS
from gateway.providers import ROWS
from tests.contract import dialect_hooks, hooks
from tests.contract.dialects import (
    NATIVE,
    SCRIPTS,
    Watch,
    answered,
    dialects_gateway,
    heard,
    is_forgiven,
    models_for,
    paired,
)
from tests.contract.fuzzing import DIALECTS as PLAN
from tests.contract.fuzzing import EVERYTHING, GENERATING, Run, fuzz
from tests.servers.gateway import ROOT

EXAMPLES = 12
KINDS = 4
SEED = 20_261_122


@dataclass(frozen=True)
class Fuzzed:
    """A run, and what the upstreams said of it."""

    run: Run
    watch: Watch


@pytest.fixture(scope="session")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Fuzzed:
    folder = tmp_path_factory.mktemp("dialects")
    with dialects_gateway(folder) as (gateway, watch):
        return Fuzzed(fuzz(gateway.url, EXAMPLES, folder, seed=SEED, kinds=KINDS, plan=PLAN), watch)


def test_no_upstream_complains_of_the_shape_of_a_request(fuzzed: Fuzzed) -> None:
    assert not fuzzed.watch.complaints, fuzzed.watch.report()


def test_requests_that_keep_the_contract_are_answered_or_refused_by_the_rule(fuzzed: Fuzzed) -> None:
    assert fuzzed.run.exit_code == 0, fuzzed.run.output


def test_every_operation_that_generates_was_tested_in_every_phase(fuzzed: Fuzzed) -> None:
    report = fuzzed.run.report
    assert fuzzed.run.is_complete, report["operations"]
    assert report["valid_rates"].keys() == set(GENERATING)
    assert {name: phase["status"] for name, phase in report["phases"].items() if name in PLAN.phases} == dict.fromkeys(
        PLAN.phases, "success"
    )


def test_every_dialect_has_answered(fuzzed: Fuzzed) -> None:
    """Enough requests get through to each upstream, so that what is checked are answers and not refusals alone."""
    answers = fuzzed.watch.answered
    assert {
        name for name in ("anthropic", "gemini", "cohere", "bedrock", "native", "rows") if answers[name] < 20
    } == set()


def test_every_dialect_takes_part() -> None:
    spoken = {"openai-responses", *(dialect for name in SCRIPTS if name in ROWS for dialect in ROWS[name].dialects)}
    assert spoken == set(DIALECTS)


def test_configuration_differs_by_the_rule_for_refusals_alone() -> None:
    def read(path: str) -> dict[str, Any]:
        with (ROOT / path).open("rb") as file:
            return tomllib.load(file)

    all_of_it, part = read(EVERYTHING.configuration), read(PLAN.configuration)
    assert part.pop("checks") == {
        "enabled": True,
        "positive_data_acceptance": {"enabled": False},
        "not_a_server_error": {"enabled": False},
    }
    assert part.pop("hooks") == "tests.contract.dialect_hooks"
    phases = part.pop("phases")
    assert {name for name, phase in phases.items() if phase["enabled"]} == set(PLAN.phases)
    del all_of_it["checks"], all_of_it["hooks"], all_of_it["phases"], all_of_it["warnings"]
    assert part == all_of_it


def _case(body: dict[str, Any], *, is_positive: bool = True, path: str = "/v1/chat/completions") -> Any:
    mode = SimpleNamespace(is_positive=is_positive)
    return SimpleNamespace(
        body=body, meta=SimpleNamespace(generation=SimpleNamespace(mode=mode)), operation=SimpleNamespace(path=path)
    )


def _response(status: int, **error: Any) -> Any:
    told = {"message": "No.", "type": "invalid_request_error", "param": None, "code": None, **error}
    return SimpleNamespace(status_code=status, json=lambda: {"error": told})


SERVED = {"model": "anthropic/echo", "messages": [], "n": 2}


@pytest.mark.parametrize(
    ("status", "error", "body"),
    [
        (400, {"code": "strict_upstream", "param": "n"}, SERVED),
        (400, {"code": "unsupported_parameter"}, SERVED),
        (400, {"code": "unsupported_parameter", "param": "tools[0]"}, SERVED),
        (404, {"code": "model_not_found", "param": "model"}, SERVED),
        (429, {"code": "rate_limit_exceeded"}, SERVED),
        (500, {"code": "internal_error"}, SERVED),
        (502, {"code": "upstream_bad_reply"}, SERVED),
        (502, {"code": "upstream_cut_off"}, {**SERVED, "response_format": {"type": "json_object"}}),
    ],
)
def test_check_finds_what_breaks_the_rule(status: int, error: dict[str, Any], body: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        dialect_hooks.answered_or_refused_by_the_rule(None, _response(status, **error), _case(body))


@pytest.mark.parametrize(
    ("status", "error", "body"),
    [
        (200, {}, SERVED),
        (400, {"code": "unsupported_parameter", "param": "n"}, SERVED),
        (400, {"code": "invalid_value", "param": "messages[0].content"}, SERVED),
        (404, {"code": "model_not_found", "param": "model"}, {**SERVED, "model": "made up"}),
        (502, {"code": "upstream_bad_reply"}, {**SERVED, "response_format": {"type": "json_object"}}),
    ],
)
def test_check_lets_pass_what_keeps_the_rule(status: int, error: dict[str, Any], body: dict[str, Any]) -> None:
    dialect_hooks.answered_or_refused_by_the_rule(None, _response(status, **error), _case(body))


def test_hooks_ask_every_model_and_keep_what_is_unknown() -> None:
    path = "/v1/responses"
    cases = [_case({"model": hooks.MODELS[0], "input": str(i), "models": ["a"]}, path=path) for i in range(1200)]
    for case in cases:
        dialect_hooks.before_dialect(None, case, {})
    asked = {case.body["model"] for case in cases}
    assert asked == set(models_for(path))
    assert {name for case in cases for name in case.body["models"]} <= asked
    unknown = _case({"model": "made up", "n": 2})
    dialect_hooks.before_dialect(None, unknown, {})
    assert unknown.body == {"model": "made up", "n": 2}


def test_hooks_mostly_leave_out_what_few_can_do_and_nothing_else() -> None:
    bodies = [{"model": "m", "n": 2, "logprobs": True, "user": str(number)} for number in range(200)]
    modest = [dialect_hooks.modest(body) for body in bodies]
    whole = sum(now == before for now, before in zip(modest, bodies, strict=True))
    assert 20 < whole < 80
    assert all(now.keys() >= {"model", "user"} for now in modest)


def test_what_comes_in_an_upstreams_own_dialect_is_made_sense_of_and_nothing_else() -> None:
    native = {"model": f"{NATIVE}-echo", "messages": [{"role": "?"}], "tools": [{}], "n": 2, "odd": 1, "seed": None}
    greeting = [{"role": "user", "content": "Hello."}]
    assert heard(native) == {"model": native["model"], "messages": greeting, "n": 2}
    translated = {"model": "echo", "messages": [{"role": "user", "content": ""}], "odd": 1}
    assert heard(translated) == translated
    asked = {"model": "echo", "input": [{"type": "function_call", "call_id": "a"}], "max_output_tokens": 3, "odd": 1}
    assert heard(asked) == {**asked, "input": "Hello.", "max_output_tokens": 16}


def test_calls_without_outputs_get_some() -> None:
    calls: Any = [{"id": "a"}, {"id": "b"}]
    said: Any = [{"role": "assistant", "tool_calls": calls}, {"role": "tool", "tool_call_id": "a", "content": "x"}]
    user = {"role": "user", "content": "x"}
    filled = {"role": "tool", "tool_call_id": "b", "content": "Nothing."}
    assert answered([*said, user]) == [*said, filled, user]
    assert answered(said) == [*said, filled]
    whole = [*said, filled, user]
    assert answered(whole) == whole
    call = {"type": "function_call", "call_id": "a"}
    output = {"type": "function_call_output", "call_id": "a"}
    assert paired([call, output, output, call, {"role": "user"}]) == [call, output, {"role": "user"}]


def test_only_reasoning_that_was_never_told_is_forgiven() -> None:
    assert is_forgiven("The reasoning_content of the calls must be passed back.")
    assert not is_forgiven("extra_forbidden: top_k")
