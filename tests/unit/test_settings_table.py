"""Every setting has one verdict: what requests nothing is no reason for anything, and nothing else is lost in silence.

Each setting goes to each dialect and row, from a client of either surface, translated and, where the upstream speaks
the client's dialect, as a native body.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.dialects import DIALECTS
from gateway.dialects.base import Origin, Outbound
from gateway.dialects.paths import value_at
from gateway.dialects.profiles.base import NO_PROFILE, Profile, Range
from gateway.dialects.report import Report, require_translatable
from gateway.dialects.settings import PendingSettings
from gateway.errors import InvalidRequest
from gateway.neutral.prompt import Prompt
from gateway.neutral.settings import PLACES, RULES, TOKEN_LIMITS, Kind, Settings, is_required, requests_nothing
from gateway.providers import ROWS, embedded
from gateway.surfaces.base import Surface
from gateway.surfaces.openai_chat import OpenAIChatSurface
from gateway.surfaces.openai_responses import OpenAIResponsesSurface

# They have fields of their own in a prompt.
PLACED = {"chat": {"stream_options", "response_format"}, "responses": {"stream_options", "response_format", "store"}}
SAMPLES: Mapping[Kind, Any] = {
    "number": 0.5,
    "integer": 7,
    "flag": True,
    "text": "x",
    "texts": ["x"],
    "list": ["x"],
    "object": {"x": 1},
}
# A value of each setting that requests something: a sample of its type, or one that has a meaning.
REQUESTED: Mapping[str, Any] = {
    **{name: SAMPLES[rule.kind] for name, rule in RULES.items() if name not in PLACED["chat"]},
    # The Responses API has none below 16.
    **dict.fromkeys(TOKEN_LIMITS, 100),
    "audio": {"voice": "alloy", "format": "wav"},
    "logit_bias": {"5": 1},
    "metadata_of_nobody": "x",
    "modalities": ["text", "audio"],
    "n": 2,
    "parallel_tool_calls": False,
    "prediction": {"type": "content", "content": "a"},
    "prompt_cache_retention": "24h",
    "reasoning_effort": "low",
    "service_tier": "flex",
    "verbosity": "low",
    "web_search_options": {"search_context_size": "low"},
}
# What is no value of a type.
WRONG: Mapping[Kind, Sequence[Any]] = {
    "number": ["hot", True, False, [], {}],
    "integer": ["7", True, False, 1.5, 1e30, -1e30, [7], {}],
    "flag": [1, 0, "yes", [], {}],
    "text": [5, True, ["low"], {}],
    "texts": [5, True, {}, [1], ["a", None], [["a"]]],
    "list": ["text", 5, {}],
    "object": ["x", 5, True, []],
}
# What OpenAI's Responses API does not have may travel in a native body, whose upstream may know it.
TRAVELLING = {
    *(name for name, rule in RULES.items() if rule.place is None),
    *("presence_penalty", "frequency_penalty"),
}
LOGPROBS = "message.output_text.logprobs"
SURFACES: Mapping[str, Surface[Any]] = {"chat": OpenAIChatSurface(), "responses": OpenAIResponsesSurface()}
BASES: Mapping[str, Mapping[str, Any]] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": "m", "input": "Hi"},
}
PARAMETERS = {"type": "object", "properties": {}}
LOOK = {
    "chat": {"type": "function", "function": {"name": "look", "parameters": PARAMETERS}},
    "responses": {"type": "function", "name": "look", "parameters": PARAMETERS},
}


@dataclass(frozen=True)
class Way:
    """A surface, a provider, its dialect and profile; and whether the client's body goes there as it came."""

    surface: str
    name: str
    dialect: str
    profile: Profile
    is_native: bool

    def __str__(self) -> str:
        kind = "native" if self.is_native else "translated"
        return f"{self.surface} {kind} {self.name} {self.dialect}"

    def together(self, setting: str) -> Mapping[str, Any]:
        """What a setting goes with, without which it has no meaning."""
        if setting == "top_logprobs":
            return {"logprobs": True}
        return {"tools": [LOOK[self.surface]]} if setting == "parallel_tool_calls" else {}

    def path(self, setting: str) -> str:
        """Where the client writes a setting."""
        return PLACES.get(setting, setting) if self.surface == "responses" else setting

    def verdict(self, fields: Mapping[str, Any]) -> Outbound | InvalidRequest:
        """What is sent of a request with these settings, or the refusal."""
        body = {**BASES[self.surface]}
        for setting, value in fields.items():
            outer, _, inner = self.path(setting).partition(".")
            body[outer] = {inner: value} if inner else value
        generation = SURFACES[self.surface].read(body)
        try:
            if not self.is_native:
                generation = replace(generation, dialect=None)
                require_translatable(generation.prompt, self.name)
            return DIALECTS[self.dialect].encode(generation, Origin(self.name, "m", self.profile))
        except InvalidRequest as refused:
            return refused


def ways() -> Iterator[Way]:
    known: list[tuple[str, Profile]] = [("nobody", dialect.profile_type()) for dialect in DIALECTS.values()]
    for row in (*ROWS.values(), embedded.ROW):
        for own in row.profiles:
            known += [(row.name, own), *((row.name, of_model) for _, of_model in own.models)]
    for name, profile in known:
        dialect = profile.dialect
        for surface, reader in SURFACES.items():
            yield Way(surface, name, dialect, profile, is_native=False)
            if reader.dialect == dialect:
                yield Way(surface, name, dialect, profile, is_native=True)


WAYS = [*ways()]
every_way = pytest.mark.parametrize("way", WAYS, ids=str)


@every_way
def test_what_requests_nothing_is_neither_refused_nor_reported(way: Way) -> None:
    for setting, rule in RULES.items():
        for value in (None, *rule.neutral) if setting not in PLACED[way.surface] else ():
            found = way.verdict({setting: value, **way.together(setting)})
            without = way.verdict(way.together(setting))
            assert isinstance(found, Outbound) == isinstance(without, Outbound), (setting, value)
            if isinstance(found, Outbound) and isinstance(without, Outbound):
                assert found.dropped == without.dropped, (setting, value)


@every_way
def test_what_requests_something_is_sent_reported_or_refused(way: Way) -> None:
    for setting, value in REQUESTED.items():
        if setting not in PLACED[way.surface]:
            _is_sent_reported_or_refused(way, setting, value)


def _is_sent_reported_or_refused(way: Way, setting: str, value: Any) -> None:
    others = way.together(setting)
    without, found = way.verdict(others), way.verdict({setting: value, **others})
    if isinstance(found, InvalidRequest):
        assert found.param in (way.path(setting), *others), setting
        assert way.name in found.message
        # What only makes the answer another one is refused, by whichever row.
        assert is_required(setting)
    elif any(other in found.dropped for other in others):
        pass  # it goes with them
    elif way.path(setting) in found.dropped:
        assert not is_required(setting) or setting in way.profile.dropped, setting
    else:
        assert isinstance(without, Outbound)
        assert (found.body, found.headers) != (without.body, without.headers), setting


@every_way
def test_another_type_is_refused_by_what_translates_and_otherwise_the_upstreams_to_judge(way: Way) -> None:
    for setting, rule in RULES.items():
        others = way.together(setting)
        for value in WRONG[rule.kind] if setting not in PLACED[way.surface] else ():
            found = way.verdict({setting: value, **others})
            if isinstance(found, InvalidRequest):
                assert found.param in (way.path(setting), *others), (setting, value)
                assert found.status == 400
            elif any(other in found.dropped for other in others):
                assert way.is_native  # it goes with them
            elif way.path(setting) not in found.dropped:
                assert way.is_native, (setting, value)
                assert str(value) in str(orjson.loads(found.body)), (setting, value)
            else:
                assert way.is_native or setting in way.profile.dropped, (setting, value)


@every_way
def test_a_number_out_of_range_is_moved_and_reported_or_refused_by_what_translates(way: Way) -> None:
    numbers = {name: rule for name, rule in RULES.items() if rule.kind in ("number", "integer") and not way.is_native}
    for setting, rule in numbers.items():
        outside = [rule.least - 1] if rule.least is not None else []
        outside += [rule.most + 1, rule.most * 1000] if rule.most is not None else []
        for value in map(int, outside):
            found = way.verdict({setting: value, **way.together(setting)})
            if isinstance(found, InvalidRequest):
                assert rule.outside == "refused" or rule.is_required, (setting, value)
            else:
                assert way.path(setting) in found.dropped or setting in way.profile.dropped, (setting, value)
                assert rule.outside == "moved" or setting in way.profile.dropped, (setting, value)


@every_way
def test_what_no_upstream_could_make_sense_of_is_refused_by_the_name_that_was_written(way: Way) -> None:
    for setting, rule in RULES.items() if not way.is_native else ():
        if rule.outside == "moved" or rule.least is None:
            continue
        above = [] if rule.most is None else [rule.most + 1]
        for value in (rule.least - 1, 1.5, *above):
            found = way.verdict({setting: value})
            assert isinstance(found, InvalidRequest) or setting in way.profile.dropped, (setting, value)
            if isinstance(found, InvalidRequest):
                assert (found.param, found.status) == (way.path(setting), 400)


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
        if way.surface == "responses" and (setting not in RULES or setting in TRAVELLING):
            continue
        if isinstance(native, InvalidRequest) or isinstance(other, InvalidRequest):
            assert str(native) == str(other), (setting, value)
            continue
        assert sorted(native.dropped) == sorted(other.dropped), (setting, value)
        if way.surface == "chat":
            assert _without_tools(native) == _without_tools(other), (setting, value)


def _without_tools(outbound: Outbound) -> Any:
    """The body without what is translated with more words than a native one needs."""
    return {name: value for name, value in orjson.loads(outbound.body).items() if name != "tools"}


def _all_values(way: Way) -> Iterator[tuple[str, Any]]:
    for setting, value in REQUESTED.items():
        if setting not in PLACED[way.surface]:
            yield setting, value
            yield from ((setting, neutral) for neutral in (RULES[setting].neutral if setting in RULES else ()))


@given(
    st.sampled_from(sorted(name for name, rule in RULES.items() if rule.kind == "number")),
    st.floats(allow_nan=False) | st.integers(),
)
def test_a_number_is_brought_to_the_nearer_end_of_its_range(name: str, value: float) -> None:
    report, rule = Report(Prompt(), "lab"), RULES[name]
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
