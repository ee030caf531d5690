"""The running server against its contract: requests made up by schemathesis, every reply checked."""

import tomllib
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.contract.bundle import Bundle
from tests.contract import hooks
from tests.contract.bodies import asked, item, verdict
from tests.contract.fuzzing import PHASES, Run, fuzz, fuzzed_gateway
from tests.contract.kinds import UNIONS, keep_kinds
from tests.contract.stored import Stored
from tests.servers.gateway import ROOT

EXAMPLES = 20
# Of items and of tools; scripts/fuzz tries all of them, which takes four times as long.
KINDS = 3
# A fixed one, so that a push fails by its own fault only; scripts/fuzz goes where no seed has gone before.
SEED = 20_261_122


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("fuzz")
    with fuzzed_gateway(folder) as gateway:
        return fuzz(gateway.url, EXAMPLES, folder, seed=SEED, kinds=KINDS)


def test_no_request_makes_the_server_break_its_contract(run: Run) -> None:
    assert run.exit_code == 0, run.output


def test_every_operation_was_tested_in_every_phase(run: Run) -> None:
    assert run.is_complete, run.report["operations"]
    assert {name: phase["status"] for name, phase in run.report["phases"].items()} == dict.fromkeys(PHASES, "success")


def test_enough_requests_reach_the_models(run: Run) -> None:
    """Most requests that keep the contract are answered, so the replies that are checked are real ones."""
    for operation in ("POST /v1/chat/completions", "POST /api/gateway/v1/responses", "POST /v1/responses"):
        rates = run.report["valid_rates"][operation]["fuzzing"]
        assert rates["accepted"] > sum(rates.values()) / 2, (operation, rates)


def test_requests_find_what_is_stored(run: Run) -> None:
    """Of every operation on responses and conversations some requests are answered with what they asked for."""
    phases = {name: rates.values() for name, rates in run.report["valid_rates"].items()}
    accepted = {name: sum(rate["accepted"] for rate in rates) for name, rates in phases.items()}
    stateful = [name for name in accepted if "/v1/responses" in name or "/v1/conversations" in name]
    assert len(stateful) == 16
    assert not [name for name in stateful if not accepted[name]]


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


@pytest.mark.parametrize(
    "body", [{"n": 1.5}, {"max_completion_tokens": 1e300}, {"n": -(2.0**60)}, {"max_completion_tokens": -3.0}]
)
def test_hooks_make_counts_whole_only_where_the_contract_says_number(body: dict[str, Any]) -> None:
    assert hooks.meant(body, may_be_unknown=False, has_counts=False) == body
    ((name, changed),) = hooks.meant(body, may_be_unknown=False, has_counts=True).items()
    assert isinstance(changed, int)
    least, most = hooks.COUNTS[name]
    assert least <= changed <= most


def test_hooks_leave_some_models_unknown_and_only_where_a_404_is_an_answer() -> None:
    bodies = [{"model": f"made up {number}"} for number in range(400)]
    meant = [hooks.meant(body, may_be_unknown=True, has_counts=False) for body in bodies]
    kept = sum(now == before for now, before in zip(meant, bodies, strict=True))
    assert 0 < kept < len(bodies) / 8
    assert all(hooks.meant(body, may_be_unknown=False, has_counts=False) != body for body in bodies)
    assert {body["model"] for body in meant} >= set(hooks.MODELS)


def test_hooks_give_a_request_an_idempotency_key_of_its_own_and_seldom_a_choice() -> None:
    given = {"Idempotency-Key": "k" * 255, "x-waystone-on-disconnect": "drain", "accept": "*/*"}
    changed = [hooks.own_headers(given, hooks.draw(number)) for number in range(400)]
    assert len({headers["Idempotency-Key"] for headers in changed}) == len(changed)
    assert all(len(headers["Idempotency-Key"]) <= 255 for headers in changed)
    assert 0 < sum("x-waystone-on-disconnect" in headers for headers in changed) < len(changed) / 8
    assert all(headers["accept"] == "*/*" for headers in changed)


def test_hooks_do_not_touch_a_body_that_is_no_object() -> None:
    meta = SimpleNamespace(generation=SimpleNamespace(mode=SimpleNamespace(is_positive=False)))
    case = SimpleNamespace(body=b"\xff", meta=meta, path_parameters={"model": "x"}, headers={})
    hooks.before_call(None, case, {})
    assert (case.body, case.path_parameters) == (b"\xff", {"model": "x"})


def test_hooks_leave_a_plain_request_for_a_response_as_it_was() -> None:
    for body in (asked(model="test/echo"), asked(item("message"), item("mcp_call"), model="native/x", metadata=None)):
        assert hooks.answerable(body) == body


@pytest.mark.parametrize(
    "fields",
    [
        {"background": True, "context_management": [{"type": "compaction"}]},
        {"previous_response_id": "resp_1", "conversation": {"id": "conv_1"}, "provider": "nobody"},
        {"input": []},
        {"input": [{"id": "msg_1"}, item("item_reference"), {"type": None, "id": "x"}, item("compaction_trigger")]},
        {"max_output_tokens": 1e300},
    ],
)
def test_hooks_make_a_request_for_a_response_answerable_and_keep_it_valid(fields: dict[str, Any]) -> None:
    body = hooks.answerable(asked(model="test/echo", **fields) if "input" not in fields else {"model": "m", **fields})
    assert verdict(body) is None
    assert not body.keys() & hooks.NOT_ANSWERABLE
    assert body["input"] == "Hello"
    assert body.get("max_output_tokens", 0) <= 2**53


def test_hooks_ask_those_who_can_for_what_not_everybody_can_do() -> None:
    asks = [asked(item("web_search_call"), model="test/echo", user=str(number)) for number in range(200)]
    assert {hooks.answerable(body)["model"] for body in asks} == set(hooks.NATIVE)
    assert hooks.answerable(asked(model="made up", tools=[{"type": "x"}]))["model"] == "made up"


@pytest.mark.parametrize("seed", range(5))
def test_a_short_run_keeps_some_kinds_and_takes_the_others_for_unknown_ones(seed: int) -> None:
    document = Bundle.load().document
    whole = {union: len(document["components"]["schemas"][union]["anyOf"]) for union in UNIONS}
    narrowed = Bundle(Bundle.load().raw).document
    keep_kinds(narrowed, 4, seed)
    schemas = narrowed["components"]["schemas"]
    for union, other in UNIONS.items():
        assert len(schemas[union]["anyOf"]) == 5 < whole[union]
        assert 3 <= len(schemas[other]["properties"]["type"]["not"]["enum"]) <= 6
    assert schemas["InputItem"]["anyOf"][0] == {"$ref": "#/components/schemas/EasyInputMessage"}
    assert "message" in schemas["OtherInputItem"]["properties"]["type"]["not"]["enum"]


def test_only_what_is_in_the_background_is_cancelled_and_streamed() -> None:
    stored = Stored()
    assert stored.in_background({"response_id": "x"}) == {"response_id": "unknown"}
    for number in range(3):
        document = {"object": "response", "id": f"resp_{number}", "store": True, "background": number < 2}
        stored.learn("/v1/responses", {}, document)
    assert stored.in_background({"response_id": "x"}) == {"response_id": "resp_1"}
    assert [stored.is_in_background({"response_id": f"resp_{number}"}) for number in range(3)] == [True, True, False]
    stored.learn("/v1/responses/{response_id}", {}, {"object": "response", "id": "resp_1", "deleted": True})
    assert stored.in_background({"response_id": "x"}) == {"response_id": "resp_0"}


def test_paths_name_what_was_stored_until_it_is_deleted() -> None:
    stored = Stored()
    path = {"response_id": "made up"}
    assert stored.named(path) == path
    for number in range(3):
        stored.learn("/v1/responses", {}, {"object": "response", "id": f"resp_{number}", "store": number != 2})
    assert stored.named(path) == {"response_id": "resp_1"}
    stored.learn("/v1/responses/{response_id}", {}, {"object": "response", "id": "resp_1", "deleted": True})
    assert stored.named(path) == {"response_id": "resp_0"}
    items = "/v1/conversations/{conversation_id}/items"
    place = {"conversation_id": "a", "item_id": "b"}
    for conversation in ("conv_1", "conv_2"):
        told = {"object": "list", "data": [{"id": f"msg_{number}"} for number in range(2)]}
        stored.learn(items, {"conversation_id": conversation}, told)
    assert stored.named(place) == {"conversation_id": "conv_2", "item_id": "msg_1"}
    assert stored.named({"conversation_id": "a"}) == {"conversation_id": "a"}
    stored.learn(items + "/{item_id}", {"item_id": "msg_1"}, {"object": "conversation", "id": "conv_2"})
    assert stored.named(place) == {"conversation_id": "conv_2", "item_id": "msg_0"}
    assert stored.spared({"conversation_id": "conv_1"}) == {"conversation_id": "conv_1"}
    assert stored.spared({"conversation_id": "conv_2"}) == {"conversation_id": "spared"}
    stored.learn("/v1/conversations/{conversation_id}", {}, {"id": "conv_2", "deleted": True})
    assert stored.named(place) == {"conversation_id": "conv_1", "item_id": "msg_0"}
