"""Every setting has one verdict: what requests nothing is no reason for anything, and nothing else is lost in silence.

Each setting goes to each dialect and row, from a client of either surface, translated and, where the upstream speaks
the client's dialect, as a native body.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import permutations
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.paths import value_at
from gateway.dialects.profiles.base import NO_PROFILE, Profile, Range
from gateway.dialects.report import Report
from gateway.dialects.settings import PendingSettings
from gateway.errors import InvalidRequest
from gateway.neutral.prompt import Prompt
from gateway.neutral.settings import (
    PARALLEL_CALLS,
    RESPONSES_RULES,
    RULES,
    TOKEN_LIMITS,
    Kind,
    Settings,
    is_required,
    requests_nothing,
)
from tests.unit.settings_ways import LOGPROBS, REQUESTED, SAMPLES, TRAVELLING, WAYS, WRONG, Way

every_way = pytest.mark.parametrize("way", WAYS, ids=str)


@every_way
def test_what_requests_nothing_is_neither_refused_nor_reported(way: Way) -> None:
    for setting, rule in RULES.items():
        for value in (None, *rule.neutral) if setting not in way.unread else ():
            found = way.verdict({setting: value, **way.together(setting)})
            without = way.verdict(way.together(setting))
            assert isinstance(found, Outbound) == isinstance(without, Outbound), (setting, value)
            if isinstance(found, Outbound) and isinstance(without, Outbound):
                assert found.dropped == without.dropped, (setting, value)


@every_way
def test_what_requests_something_is_sent_reported_or_refused(way: Way) -> None:
    for setting, value in REQUESTED.items():
        if setting not in way.unread:
            _is_sent_reported_or_refused(way, setting, value)


def _is_sent_reported_or_refused(way: Way, setting: str, value: Any) -> None:
    others = way.together(setting)
    without, found = way.verdict(others), way.verdict({setting: value, **others})
    if isinstance(found, InvalidRequest):
        assert found.param in (way.path(setting), *others), setting
        assert way.name in found.message
        # What only makes the answer another one is refused, by whichever row.
        assert is_required(setting, value)
    elif any(other in found.dropped for other in others):
        pass  # it goes with them
    elif way.path(setting) in found.dropped:
        assert not is_required(setting, value) or setting in way.profile.dropped, setting
    elif any(name.startswith(f"{way.path(setting)}.") for name in found.dropped):
        pass  # some of it has a place there
    else:
        assert isinstance(without, Outbound)
        assert (found.body, found.headers) != (without.body, without.headers), setting


@every_way
def test_another_type_is_refused_by_what_translates_and_otherwise_the_upstreams_to_judge(way: Way) -> None:
    for setting, rule in RULES.items():
        others = way.together(setting)
        for value in WRONG[rule.kind] if setting not in way.unread else ():
            found = way.verdict({setting: value, **others})
            if isinstance(found, InvalidRequest):
                assert found.param in (way.path(setting), *others), (setting, value)
                assert found.status == 400
            elif not any(other in found.dropped for other in others):
                # Otherwise it goes with them.
                assert way.is_native, (setting, value)
                is_sent = str(value) in str(orjson.loads(found.body))
                assert is_sent or way.path(setting) in found.dropped, (setting, value)


@every_way
def test_a_number_out_of_range_is_moved_and_reported_or_refused_by_what_translates(way: Way) -> None:
    numbers = {name: rule for name, rule in RULES.items() if rule.kind in ("number", "integer") and not way.is_native}
    for setting, rule in numbers.items():
        outside = [rule.least - 2] if rule.least is not None else []
        outside += [rule.most + 1, rule.most * 1000] if rule.most is not None else []
        for value in map(int, outside):
            found = way.verdict({setting: value, **way.together(setting)})
            if isinstance(found, InvalidRequest):
                assert rule.outside == "refused" or rule.is_required, (setting, value)
            else:
                assert way.path(setting) in found.dropped, (setting, value)
                assert rule.outside == "moved", (setting, value)


@every_way
def test_what_no_upstream_could_make_sense_of_is_refused_by_the_name_that_was_written(way: Way) -> None:
    for setting, rule in RULES.items() if not way.is_native else ():
        if rule.outside == "moved" or rule.least is None:
            continue
        above = [] if rule.most is None else [rule.most + 1]
        # Longer integers come as floats.
        below = rule.least - 2 if rule.least > -(2**53) else -1e30
        for value in (below, 1.5, *above):
            found = way.verdict({setting: value})
            assert isinstance(found, InvalidRequest), (setting, value)
            assert (found.param, found.status) == (way.path(setting), 400)


@every_way
def test_an_output_format_of_a_wrong_type_is_refused_by_what_translates(way: Way) -> None:
    values: Sequence[Any] = ("json", 5, [], {"x": 1})
    for value in values:
        found = way.verdict({"response_format": value})
        if way.is_native:
            assert isinstance(found, Outbound), value
        else:
            assert isinstance(found, InvalidRequest), value
            path = way.path("response_format")
            assert (found.param, found.status) == (path, 400)
            assert found.message.startswith(f"Invalid value for {path}: expected"), value


@every_way
def test_parallel_calls_without_tools_request_nothing_where_they_are_translated(way: Way) -> None:
    found, without = way.verdict({PARALLEL_CALLS: False}), way.verdict({})
    assert isinstance(found, Outbound)
    assert isinstance(without, Outbound)
    assert way.is_native or (found.body, found.dropped) == (without.body, without.dropped)


@every_way
def test_options_of_a_stream_that_are_not_translated_are_reported(way: Way) -> None:
    without = way.verdict({})
    assert isinstance(without, Outbound)
    for options, lost in (
        ({"include_usage": True, "include_obfuscation": False}, []),
        ({"include_usage": True, "include_obfuscation": True}, ["stream_options.include_obfuscation"]),
    ):
        found = way.verdict({"stream_options": options})
        assert isinstance(found, Outbound)
        assert way.is_native or sorted(found.dropped) == sorted([*without.dropped, *lost])
    assert way.is_native or isinstance(way.verdict({"stream_options": 5}), InvalidRequest)


@every_way
def test_of_two_limits_the_lower_one_counts(way: Way) -> None:
    # A native body of the Responses API goes as it came: chat's names are not its own.
    names = ("max_output_tokens", *TOKEN_LIMITS) if way.api == "responses" else TOKEN_LIMITS
    for one, other in permutations(names, 2) if way.api == "chat" or not way.is_native else ():
        alone, found = way.fields({names[0]: 50}), way.fields({one: 50, other: 60})
        assert isinstance(alone, Outbound)
        assert isinstance(found, Outbound)
        assert list(found.dropped) == list(alone.dropped), (one, other)
        assert orjson.loads(found.body) == orjson.loads(alone.body), (one, other)
        for wrong in (-1, "x", 1.5) if not way.is_native else ():
            refused = way.fields({one: wrong, other: 1})
            assert isinstance(refused, InvalidRequest), (one, wrong)
            assert refused.param == one


@pytest.mark.parametrize("way", [way for way in WAYS if way.api == "responses" and not way.is_native], ids=str)
def test_what_only_the_responses_api_has_follows_the_table(way: Way) -> None:
    without = way.fields({})
    assert isinstance(without, Outbound)
    for path, rule in RESPONSES_RULES.items():
        outer, _, inner = path.partition(".")
        for value in (None, *rule.neutral, SAMPLES[rule.kind]):
            found = way.fields({outer: {inner: value} if inner else value})
            if value is None or value in rule.neutral:
                assert isinstance(found, Outbound), (path, value)
                assert (found.body, found.dropped) == (without.body, without.dropped), (path, value)
            elif isinstance(found, InvalidRequest):
                assert found.param == path
                assert rule.is_required or path == "context_management"
            else:
                assert any(left.startswith(path) for left in found.dropped), path


@every_way
def test_top_logprobs_alone_are_not_lost_in_silence(way: Way) -> None:
    found = way.verdict({"top_logprobs": 3})
    if isinstance(found, Outbound):
        sent = orjson.loads(found.body)
        assert "3" in str(sent) or "top_logprobs" in found.dropped
        assert way.dialect != "openai-responses" or way.is_native or sent["include"] == [LOGPROBS]
    else:
        assert found.param == "top_logprobs"


@pytest.mark.parametrize("way", [way for way in WAYS if way.is_native], ids=str)
def test_a_native_body_and_the_same_one_translated_have_one_verdict(way: Way) -> None:
    translated = replace(way, is_native=False)
    for setting, value in _all_values(way):
        fields = {setting: value, **way.together(setting)}
        native, other = way.verdict(fields), translated.verdict(fields)
        if way.api == "responses" and (setting not in RULES or setting in TRAVELLING):
            continue
        if isinstance(native, InvalidRequest) or isinstance(other, InvalidRequest):
            assert str(native) == str(other), (setting, value)
            continue
        assert sorted(native.dropped) == sorted(other.dropped), (setting, value)
        if way.api == "chat":
            assert _without_tools(native) == _without_tools(other), (setting, value)


def _without_tools(outbound: Outbound) -> Any:
    """The body without what is translated with more words than a native one needs."""
    return {name: value for name, value in orjson.loads(outbound.body).items() if name != "tools"}


def _all_values(way: Way) -> Iterator[tuple[str, Any]]:
    for setting, value in REQUESTED.items():
        if setting not in way.unread:
            yield setting, value
            yield from ((setting, neutral) for neutral in (RULES[setting].neutral if setting in RULES else ()))


@given(
    st.sampled_from(sorted(name for name, rule in RULES.items() if rule.kind == "number")),
    st.floats(allow_nan=False) | st.integers(),
)
def test_a_number_is_brought_to_the_nearer_end_of_its_range(name: str, value: float) -> None:
    report, rule = Report(Prompt(), Origin("lab", "m")), RULES[name]
    assert rule.least is not None
    assert rule.most is not None

    number = PendingSettings(Settings({name: value}), NO_PROFILE, report).number(name)

    assert number == min(max(value, rule.least), rule.most)
    assert report.dropped == ([name] if abs(number - value) > 0.011 else [])


@pytest.mark.parametrize("path", ["own_seed", "deep.er.seed"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_row_has_a_name_of_its_own_for_a_setting_in_every_dialect(dialect: str, path: str) -> None:
    profile = Profile(renamed={"seed": path, "verbosity": "verbosity"}, ranges={"seed": Range(0, 5)})
    for way in (way for way in WAYS if way.name == "nobody" and way.dialect == dialect):
        found = replace(way, profile=profile).verdict({"seed": 7, "verbosity": "low"})

        assert isinstance(found, Outbound)
        body = orjson.loads(found.body)
        assert (value_at(body, path), body["verbosity"], found.dropped) == (5, "low", ["seed"])
        assert "text" not in body


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_needed_is_not_dropped_for_what_stands_in_its_place(dialect: str) -> None:
    profile = Profile(renamed={"n": "own.n"})
    for way in (way for way in WAYS if way.name == "nobody" and way.dialect == dialect and way.surface == "chat"):
        found = replace(way, profile=profile).verdict({"n": 2, "own": {"n": 3}})
        if isinstance(found, InvalidRequest):
            assert (found.param, "own.n" in found.message) == ("n", True)
        else:
            # A dialect that does not have the client's own field has dropped that one.
            assert (value_at(orjson.loads(found.body), "own.n"), found.dropped) == (2, ["own"])


@pytest.mark.parametrize(("own", "dropped"), [(8, ["seed"]), (7, [])])
def test_the_upstreams_own_name_for_a_setting_has_precedence(own: int, dropped: list[str]) -> None:
    profile = Profile(renamed={"seed": "random.seed"})
    for way in (way for way in WAYS if (way.name, way.dialect, way.surface) == ("nobody", "openai-chat", "chat")):
        found = replace(way, profile=profile).verdict({"seed": 7, "random": {"seed": own}})

        assert isinstance(found, Outbound)
        body = orjson.loads(found.body)
        assert (body["random"], "seed" in body, found.dropped) == ({"seed": own}, False, dropped)


def test_every_rule_of_the_table_is_tried() -> None:
    assert not any(requests_nothing(name, value) for name, value in REQUESTED.items())
    assert {*get_args(Kind)} == {*WRONG} == {*SAMPLES}
