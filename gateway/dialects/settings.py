"""Holds settings to the table and to what one upstream takes: the same for a native body and for a translated one.

`settings` are a native body, or the settings of a prompt that are still to be written. `places` are the paths of those
that do not stand under their neutral names, as in a body of the Responses API.
"""

from collections.abc import Callable, Mapping, Set

from gateway.dialects.paths import pop_at, put_at, value_at
from gateway.dialects.profiles.base import Profile, Range, Thinking
from gateway.dialects.report import Report
from gateway.neutral.json import (
    Json,
    JsonObject,
    boolean_or_none,
    list_or_empty,
    list_or_none,
    number_or_none,
    object_or_none,
    text_or_none,
    texts_in,
)
from gateway.neutral.settings import (
    RULES,
    TOKEN_LIMITS,
    Kind,
    Rule,
    Settings,
    is_binding,
    is_required,
    requests_nothing,
)

# The gateway's own account has it: where a provider has no place for it, nothing is lost.
_UNREPORTED = frozenset({"metadata"})
# A number that is moved by less is not reported: a top_p of 1 is sent as 0.99.
_NEGLIGIBLE = 0.011
# Longer integers cannot be written.
_LONGEST = 2**63
_NO_PLACES: Mapping[str, str] = {}
_ANY_LIMIT = Range(1, _LONGEST)


class PendingSettings:
    """The settings of one request that are not written yet; each is of the type that the table gives.

    Raises `InvalidRequest` for another type, and for what the row refuses.
    """

    def __init__(self, settings: Settings, profile: Profile, report: Report) -> None:
        self._profile = profile
        self._report = report
        self._left: JsonObject = {name: value for name, value in settings.values.items() if value is not None}
        hold_all_to_table(self._left, report)
        if profile.refused or profile.dropped:
            exclude_settings(self._left, profile, report)
        self._renamed: JsonObject = {name: self._left.pop(name) for name in profile.renamed if name in self._left}

    def __contains__(self, name: str) -> bool:
        return name in self._left or name in self._renamed

    def __bool__(self) -> bool:
        return bool(self._left or self._renamed)

    def has_some(self, names: Set[str]) -> bool:
        """Whether any of these is there: a look before taking one after the other."""
        return not names.isdisjoint(self._left)

    def peek(self, name: str) -> Json:
        """The value of a setting, which stays; None where there is none, or the row has a name of its own for it."""
        return self._left.get(name)

    def take(self, name: str) -> Json:
        """The value of a setting that the dialect writes, or reports itself; None as with `peek`."""
        return self._left.pop(name, None)

    def take_requested(self, name: str) -> Json:
        """The same; None, too, for a value that requests nothing."""
        value = self.take(name)
        return None if requests_nothing(name, value) else value

    def drop(self, name: str) -> None:
        """Do without a setting, and report it if it requests something."""
        value = self._left.pop(name, self._renamed.pop(name, None))
        if not requests_nothing(name, value):
            self._report.drop_setting(name)

    def keep_one(self, first: str, second: str) -> None:
        """Drop one of two settings that exclude each other: the second, unless that alone requests something."""
        if first in self and second in self:
            values = {**self._renamed, **self._left}
            is_idle = requests_nothing(first, values[first]) and not requests_nothing(second, values[second])
            self.drop(first if is_idle else second)

    def number(self, name: str, bounds: Range | None = None) -> int | float | None:
        """A number, in the range that the upstream takes: the row's, the dialect's `bounds`, or the table's."""
        number = number_or_none(self.take(name))
        if number is None:
            return None
        return move_into_range(name, number, self._profile.ranges.get(name, bounds), self._report)

    def integer(self, name: str, bounds: Range | None = None) -> int | None:
        """An integer, in the same range."""
        number = self.number(name, bounds)
        return None if number is None else int(number)

    def token_limit(self, default: int | None = None, bounds: Range = _ANY_LIMIT) -> int | None:
        """The limit of the answer's tokens: the lowest of the client's, or the `default`, and of the cap.

        One out of the `bounds` that the upstream takes is brought into them, which is reported.
        """
        return take_token_limit(self._left, self._profile, self._report, default=default, bounds=bounds)

    def stop_sequences(self, most: int | None = None, *, takes_blank: bool = True) -> list[str]:
        """The texts to stop at, without empty ones. `most` is how many the upstream takes.

        Raises `InvalidRequest` for more. Blank ones are reported as dropped where the upstream refuses them.
        """
        given = self.take("stop")
        stops = [given] if isinstance(given, str) else list_or_empty(given)
        taken = [text for stop in stops if (text := text_or_none(stop)) and (takes_blank or text.strip())]
        if len(taken) < len(stops) and not requests_nothing("stop", given):
            self._report.drop_setting("stop")
        if most is not None and len(taken) > most:
            raise self._report.unsupported(f"more than {most} stop sequences", self._report.setting("stop"))
        return taken

    def finish(self, body: JsonObject) -> None:
        """Write what the row has a name of its own for, and report what is left as dropped.

        Raises `InvalidRequest` for what changes the answer.
        """
        for name, value in self._renamed.items():
            number = number_or_none(value)
            if number is not None:
                number = move_into_range(name, number, self._profile.ranges.get(name), self._report)
            rename_setting(body, name, value if number is None else number, self._profile, self._report)
        for name, value in self._left.items():
            if requests_nothing(name, value):
                continue
            if is_required(name, value):
                raise self._report.unsupported_setting(name)
            self._report.drop_setting(name)


def hold_to_table(name: str, value: Json, report: Report) -> Json:
    """The value of a setting that is not null; 2 for 2.0 where it is an integer.

    Raises `InvalidRequest` for another type than the table's, and for a number out of a range where it is not moved.
    """
    rule = RULES.get(name)
    if rule is None:
        return value
    read, expected = _READERS[rule.kind]
    held = read(value)
    number = number_or_none(held)
    is_outside = number is not None and rule.outside == "refused" and number != _nearest(number, rule.least, rule.most)
    if held is None or is_outside:
        raise report.invalid_setting(name, expected + _in_words(rule))
    return held


def hold_all_to_table(settings: JsonObject, report: Report) -> None:
    """The same for all of some settings, none of which is null."""
    for name, value in settings.items():
        # This is the way of every translated request: most values are held to the table by a look at their type.
        if type(value) is not _CERTAIN.get(name):
            settings[name] = hold_to_table(name, value, report)


def move_into_range(name: str, number: float, bounds: Range | None, report: Report) -> int | float:
    """The nearest number in the range of an upstream, which is the table's where it has none; moving is reported."""
    if bounds is not None:
        nearest = _nearest(number, bounds.least, bounds.most)
    elif (rule := RULES.get(name)) is not None:
        nearest = _nearest(number, rule.least, rule.most)
    else:
        return number
    if abs(nearest - number) > _NEGLIGIBLE:
        report.drop_setting(name)
    return int(nearest) if isinstance(number, int) and nearest == int(nearest) else nearest


def move_into_ranges(settings: JsonObject, profile: Profile, report: Report) -> None:
    """Bring the numbers in a body into the ranges that a row gives."""
    for name, bounds in profile.ranges.items():
        if (number := number_or_none(settings.get(name))) is not None:
            settings[name] = move_into_range(name, number, bounds, report)


def move_all_into_ranges(settings: JsonObject, profile: Profile, report: Report) -> None:
    """Bring numbers into the ranges that a row gives, and the others into those of the table."""
    for name, value in settings.items():
        if (number := number_or_none(value)) is not None:
            settings[name] = move_into_range(name, number, profile.ranges.get(name), report)


def exclude_settings(
    settings: JsonObject,
    profile: Profile,
    report: Report,
    *,
    places: Mapping[str, str] = _NO_PLACES,
    kept: frozenset[str] = frozenset(),
) -> None:
    """Refuse and drop what an upstream does not take, though its dialect has it. Raises `InvalidRequest`."""
    names = (profile.refused | profile.dropped) - kept
    for name in sorted(names if places else names & settings.keys()):
        value = pop_at(settings, places.get(name, name))
        if requests_nothing(name, value) or name in _UNREPORTED:
            continue
        if name in profile.refused or is_binding(name, value):
            raise report.unsupported_setting(name)
        report.drop_setting(name)


def take_token_limit(
    settings: JsonObject,
    profile: Profile,
    report: Report,
    *,
    default: int | None = None,
    bounds: Range = _ANY_LIMIT,
    places: Mapping[str, str] = _NO_PLACES,
) -> int | None:
    """Take the limits of the answer's tokens out: the lowest of the client's, or the `default`.

    It is brought into the `bounds` that an upstream takes and below the row's cap, which is reported. Raises
    `InvalidRequest` for what is no whole number from 1 up.
    """
    limits: dict[str, int] = {}
    for name in TOKEN_LIMITS:
        if (value := settings.pop(places.get(name, name), None)) is not None:
            limits[name] = int(number_or_none(hold_to_table(name, value, report)) or 0)
    cap = profile.max_answer_tokens
    limit = min(limits.values(), default=cap if default is None else default)
    if limit is None:
        return None
    most = bounds.most if cap is None else min(cap, bounds.most)
    taken = int(max(bounds.least, min(limit, most)))
    if limits and taken != limit:
        report.drop_setting(min(limits, key=limits.__getitem__))
    return taken


def rename_setting(settings: JsonObject, name: str, value: Json, profile: Profile, report: Report) -> None:
    """Write a setting where this upstream takes it. What the client itself has written there has precedence.

    Raises `InvalidRequest` where the answer would be another one without the setting.
    """
    path = profile.renamed[name]
    if put_at(settings, path, value) or value_at(settings, path) == value:
        return
    if is_required(name, value):
        raise report.invalid_setting(name, f"what {path} says, which stands there as well")
    report.drop_setting(name)


def rename_settings(
    settings: JsonObject, profile: Profile, report: Report, places: Mapping[str, str] = _NO_PLACES
) -> None:
    """Give the settings in a body the names or paths that this upstream has for them."""
    for name in profile.renamed:
        if (value := pop_at(settings, places.get(name, name))) is not None:
            rename_setting(settings, name, value, profile, report)


def drop_with_reasoning(body: JsonObject, profile: Profile, effort: Json, report: Report) -> None:
    """Drop what a model refuses while it reasons, if it does: `effort` is what the upstream is sent."""
    for name in sorted(profile.dropped_reasoning & body.keys()) if profile.is_reasoning(effort) else ():
        if not requests_nothing(name, body[name]):
            del body[name]
            report.drop_setting(name)


def effort_value(effort: Json, thinking: Thinking) -> str | None:
    """The upstream's word for an effort in the Responses API; None where it has none."""
    value = thinking.efforts.get(effort) if isinstance(effort, str) else None
    return text_or_none(value) or None


def says_the_same(own: object, written: Mapping[str, object]) -> bool:
    """Whether the upstream's own field, as the client sent it, has all that a setting would be written as there."""
    return isinstance(own, dict) and all(name in own and own[name] == value for name, value in written.items())


def _whole_or_none(value: Json) -> int | None:
    number = number_or_none(value)
    return int(number) if number is not None and abs(number) <= _LONGEST and number == int(number) else None


def _texts_or_none(value: Json) -> Json:
    return value if isinstance(value, str) or (isinstance(value, list) and len(texts_in(value)) == len(value)) else None


def _nearest(number: float, least: float | None, most: float | None) -> int | float:
    if least is not None and number < least:
        return least
    return most if most is not None and number > most else number


def _in_words(rule: Rule) -> str:
    if rule.outside == "moved" or rule.least is None:
        return ""
    return f" from {rule.least} " + ("up" if rule.most is None else f"to {rule.most}")


_READERS: Mapping[Kind, tuple[Callable[[Json], Json], str]] = {
    "number": (number_or_none, "a number"),
    "integer": (_whole_or_none, "a whole number"),
    "flag": (boolean_or_none, "true or false"),
    "text": (text_or_none, "a string"),
    "texts": (_texts_or_none, "a string or a list of strings"),
    "list": (list_or_none, "a list"),
    "object": (object_or_none, "an object"),
}
_TYPES: Mapping[Kind, type] = {"flag": bool, "text": str, "texts": str, "list": list, "object": dict, "integer": int}
# The type that a value is certain to be right with.
_CERTAIN = {name: _TYPES.get(rule.kind, float) for name, rule in RULES.items() if rule.outside == "moved"}
