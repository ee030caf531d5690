"""Names that stand for models: who answers, who steps in, and what cannot be meant."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.settings import Settings, load
from gateway.settings.document import ConfigurationError
from gateway.settings.models import ModelSettings, Target, model_problems

PROVIDERS = {"a": {"dialect": "openai-chat", "base_url": "http://127.0.0.1:9"}}
PROVIDERS["b"] = PROVIDERS["a"]

Load = Callable[..., Settings]


@pytest.fixture
def load_models(tmp_path: Path) -> Load:
    def load_models(models: Any, **rest: Any) -> Settings:
        file = tmp_path / "w.yaml"
        file.write_text(json.dumps({"providers": PROVIDERS, "models": models, **rest}))
        return load(file, {"HOME": "/home/ann"})

    return load_models


def test_targets_and_fallbacks_are_read(load_models: Load) -> None:
    settings = load_models(
        {
            "fast": {"targets": ["a/x", {"model": "b/y", "weight": 2}], "fallbacks": ["embedded/z", "slow"]},
            "slow": {"targets": ["b/org/y"]},
            "a/x": {"fallbacks": ["b/y"]},
            "b/y": {"fallbacks": ["a/x"]},
        }
    )
    fast = settings.models["fast"]
    assert fast.targets == [Target(model="a/x"), Target(model="b/y", weight=2.0)]
    assert fast.fallbacks == ["embedded/z", "slow"]
    assert settings.models["a/x"].targets is None


def test_retries_and_the_breaker_have_defaults_and_can_be_set(load_models: Load) -> None:
    settings = load_models({})
    assert (settings.retries.attempts, settings.retries.longest_wait) == (2, 8.0)
    assert (settings.breaker.failures, settings.breaker.seconds) == (5, 30.0)
    settings = load_models({}, retries={"attempts": 3}, breaker={"failures": 1, "seconds": 0.5})
    assert (settings.retries.attempts, settings.retries.longest_wait) == (3, 8.0)
    assert (settings.breaker.failures, settings.breaker.seconds) == (1, 0.5)


@pytest.mark.parametrize(
    ("models", "found"),
    [
        ({"m": {"targets": ["c/x"]}}, "models.m.targets[0]: expected the name of a provider before the slash"),
        ({"m": {"targets": ["a/x"], "fallbacks": ["c/x"]}}, "models.m.fallbacks[0]: expected the name of a provider"),
        ({"m": {"targets": ["x"]}}, "models.m.targets[0]: expected `provider/model`, or a name of `models`"),
        ({"m": {"targets": ["a/"]}}, "models.m.targets[0]: expected the name of a provider"),
        ({"m": {"targets": ["m"]}}, "models.m.targets[0]: expected `provider/model`"),
        ({"m": {"targets": []}}, "models.m.targets: expected a list of at least one `provider/model`"),
        ({"m": {"targets": ["a/x"], "fallbacks": []}}, "models.m.fallbacks: expected a list of at least one"),
        ({"m": {"targets": "a/x"}}, "models.m.targets: expected a list of at least one `provider/model`"),
        ({"m": {"targets": [{"model": "a/x", "weight": -1}]}}, "models.m.targets[0].weight: expected a share"),
        ({"m": {"targets": [{"model": "a/x", "weight": 0}]}}, "models.m.targets: expected a weight over 0"),
        ({"m": {"targets": [{"modle": "a/x"}]}}, "models.m.targets[0].modle: unknown key; did you mean model?"),
        ({"m": None}, "models.m: expected targets"),
        ({"c/m": {"fallbacks": ["a/x"]}}, "models.c/m: expected targets"),
        ({"m": "a/x"}, "models.m: expected names of models"),
    ],
)
def test_what_cannot_be_meant_is_named(load_models: Load, models: Any, found: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_models(models)
    lines = [line.partition(": ")[2] for line in str(refused.value).splitlines()]
    assert found in [line[: len(found)] for line in lines]


def test_a_circle_is_told_once(load_models: Load) -> None:
    with pytest.raises(ConfigurationError) as refused:
        load_models({"x": {"targets": ["y"]}, "y": {"targets": ["z", "a/b"]}, "z": {"targets": ["x"]}})
    told = str(refused.value).splitlines()
    assert len(told) == 1
    assert told[0].endswith("models.x.targets: expected no circle (x -> y -> z -> x)")


_NAMES = st.sampled_from("mnop")
_MODELS = st.dictionaries(_NAMES, st.lists(_NAMES, min_size=1, max_size=3), max_size=4)


@given(_MODELS)
def test_a_name_that_leads_back_to_itself_is_always_found(tree: dict[str, list[str]]) -> None:
    models = {
        name: ModelSettings(targets=[Target(model=target) for target in targets]) for name, targets in tree.items()
    }
    told = [text for _, text in model_problems(models, ["a"]) if "circle" in text]
    assert bool(told) == any(_leads_to(name, name, tree) for name in tree)


def _leads_to(name: str, end: str, tree: dict[str, list[str]]) -> bool:
    """Whether targets lead from one to the other, other than by a name that is its own target."""
    reached = {target for target in tree[name] if target != name}
    while True:
        more = reached | {target for one in reached & tree.keys() for target in tree[one] if target != one}
        if more == reached:
            return end in reached
        reached = more
