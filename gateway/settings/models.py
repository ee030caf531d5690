"""The settings of names that stand for models: who answers them, who steps in, and how often is asked again."""

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from gateway.settings.options import WEIGHT, Number, Section, Text, Weight, filled
from gateway.settings.problems import Problem, nearest

_TARGETS = "a list of at least one `provider/model`, or of {model, weight}"
_FALLBACKS = "a list of at least one `provider/model`"


class Target(Section):
    """A model that answers for a name, and its share of the requests."""

    model: Text = Field(description="`provider/model`, or a name of `models`")
    weight: Weight = Field(default=1.0, description=WEIGHT)


def _as_target(value: Any) -> Any:
    return {"model": value} if isinstance(value, str) else value


class ModelSettings(Section):
    """Who answers for a name. Without targets, which only a name `provider/model` may lack, it is its own."""

    targets: list[Annotated[Target, BeforeValidator(_as_target)]] | None = Field(
        default=None, min_length=1, description=_TARGETS
    )
    fallbacks: list[Text] | None = Field(default=None, min_length=1, description=_FALLBACKS)


class Retries(Section):
    """How often one upstream is asked in all, and how many seconds it may have to be waited for in between."""

    attempts: Annotated[int, Number] = Field(default=2, ge=1, le=10, description="a whole number from 1 to 10")
    """How often one upstream is asked in all."""
    longest_wait: Annotated[float, Number] = Field(
        default=8.0, ge=0, le=600, allow_inf_nan=False, description="seconds, from 0 to 600"
    )
    """How long it may ask to be waited for in between. Where it asks for more, the error goes out."""


class BreakerSettings(Section):
    """After how many failures in a row an upstream is left alone, and for how many seconds."""

    failures: Annotated[int, Number] = Field(default=5, ge=1, le=10_000, description="a whole number from 1 to 10000")
    """Failures in a row after which a model, or a whole instance that cannot be reached, is left alone."""
    seconds: Annotated[float, Number] = Field(
        default=30.0, gt=0, le=86_400, allow_inf_nan=False, description="seconds, over 0 and at most 86400"
    )
    """How long it is left alone."""


Models = Annotated[dict[str, Annotated[ModelSettings, BeforeValidator(filled)]], BeforeValidator(filled)]


def model_problems(models: Mapping[str, ModelSettings], providers: Collection[str]) -> Iterator[Problem]:
    """What is wrong with the names: providers that are not there, weights that choose nobody, circles."""
    for name, model in models.items():
        path = ("models", name)
        for key, number, target in _mentioned(model):
            if not (target != name and target in models) and not _is_own(target, providers):
                yield (*path, key, number), _unknown(target, providers, models)
        if model.targets is None and not _is_own(name, providers):
            yield path, f"expected targets: {_TARGETS}"
        elif model.targets and not any(target.weight for target in model.targets):
            yield (*path, "targets"), "expected a weight over 0 for at least one of them"
        circle = _circle(name, models)
        # Once, at the first of them in the file.
        if name == next((other for other in models if other in circle), None):
            yield (*path, "targets"), f"expected no circle ({' -> '.join(circle)})"


def unknown_model(name: str, providers: Collection[str], models: Mapping[str, ModelSettings]) -> str | None:
    """What is expected in place of a model's name that nobody answers for; None where somebody does."""
    return None if name in models or _is_own(name, providers) else _unknown(name, providers, models)


def _mentioned(model: ModelSettings) -> Iterator[tuple[str, int, str]]:
    for number, target in enumerate(model.targets or ()):
        yield "targets", number, target.model
    for number, fallback in enumerate(model.fallbacks or ()):
        yield "fallbacks", number, fallback


def _unknown(target: str, providers: Collection[str], models: Mapping[str, ModelSettings]) -> str:
    provider, slash, _ = target.partition("/")
    if not slash:
        return f"expected `provider/model`, or a name of `models`{nearest(target, models)}"
    return (
        f"expected the name of a provider before the slash{nearest(provider, providers)} (here: {', '.join(providers)})"
    )


def _is_own(name: str, providers: Collection[str]) -> bool:
    provider, slash, model = name.partition("/")
    return bool(slash and model and provider in providers)


def _circle(name: str, models: Mapping[str, ModelSettings]) -> list[str]:
    """The way from a name back to itself through targets, if there is one."""
    ways = [[name]]
    seen: set[str] = set()
    while ways:
        way = ways.pop()
        for target in models[way[-1]].targets or ():
            if target.model == name and len(way) > 1:
                return [*way, name]
            if target.model in models and target.model not in seen and target.model != way[-1]:
                seen.add(target.model)
                ways.append([*way, target.model])
    return []
