"""Hands the settings of a prompt to the dialect that writes them; what it leaves follows the table of settings."""

from gateway.dialects.profiles.base import Profile, Range
from gateway.dialects.report import Report
from gateway.neutral.json import Json, JsonObject, list_or_empty, number_or_none, text_or_none
from gateway.neutral.settings import Settings, is_required, requests_nothing

_LIMITS = ("max_completion_tokens", "max_tokens")
# A number that is moved by less is not reported: a top_p of 1 is sent as 0.99.
_NEGLIGIBLE = 0.011


class PendingSettings:
    """The settings of one request that are not written yet."""

    def __init__(self, settings: Settings, facts: Profile, report: Report) -> None:
        self._facts = facts
        self._report = report
        self._left: JsonObject = {name: value for name, value in settings.values.items() if value is not None}
        if facts.refused or facts.dropped:
            self._exclude()

    def __contains__(self, name: str) -> bool:
        return name in self._left

    def __bool__(self) -> bool:
        return bool(self._left)

    def peek(self, name: str) -> Json:
        """The value of a setting, which stays; None where there is none."""
        return self._left.get(name)

    def take(self, name: str) -> Json:
        """The value of a setting that the dialect writes, or reports itself; None where there is none."""
        return self._left.pop(name, None)

    def take_requested(self, name: str) -> Json:
        """The same; None, too, for a value that requests nothing."""
        value = self.take(name)
        return None if requests_nothing(name, value) else value

    def drop(self, name: str) -> None:
        """Report a setting as dropped."""
        self._left.pop(name, None)
        self._report.drop_setting(name)

    def number(self, name: str, bounds: Range | None = None) -> int | float | None:
        """A number, brought into the range that the upstream takes, which is reported. `bounds` are the dialect's.

        Raises `InvalidRequest` for what is no number.
        """
        value = self.take(name)
        if value is None:
            return None
        number = number_or_none(value)
        if number is None:
            raise self._invalid(name, "a number")
        bounds = self._facts.ranges.get(name, bounds)
        if bounds is None or bounds.least <= number <= bounds.most:
            return number
        nearest = bounds.least if number < bounds.least else bounds.most
        if abs(nearest - number) > _NEGLIGIBLE:
            self._report.drop_setting(name)
        return int(nearest) if isinstance(number, int) and nearest == int(nearest) else nearest

    def integer(self, name: str, least: int) -> int | None:
        """An integer from `least` up. Raises `InvalidRequest` for anything else."""
        value = self.take(name)
        if value is None:
            return None
        number = number_or_none(value)
        if number is None or number < least or number != number // 1:
            raise self._invalid(name, f"a whole number from {least} up")
        return int(number)

    def token_limit(self, default: int | None = None) -> int | None:
        """The limit of the answer's tokens: the lowest of the client's, or the `default`, and of the cap.

        Raises `InvalidRequest` for what is no whole number from 1 up.
        """
        limits = [limit for name in _LIMITS if (limit := self.integer(name, 1)) is not None]
        if not limits and default is not None:
            limits.append(default)
        if self._facts.max_answer_tokens is not None:
            limits.append(self._facts.max_answer_tokens)
        return min(limits, default=None)

    def stop_sequences(self, most: int | None = None, *, takes_blank: bool = True) -> list[str]:
        """The texts to stop at, without empty ones. `most` is how many the upstream takes.

        Raises `InvalidRequest` for more. Blank ones are reported as dropped where the upstream refuses them.
        """
        given = self.take("stop")
        stops = [given] if isinstance(given, str) else list_or_empty(given)
        taken = [text for stop in stops if (text := text_or_none(stop)) and (takes_blank or text.strip())]
        if len(taken) < len(stops):
            self._report.drop_setting("stop")
        if most is not None and len(taken) > most:
            raise self._report.unsupported(f"more than {most} stop sequences", self._report.setting("stop"))
        return taken

    def finish(self) -> None:
        """Report what is left as dropped. Raises `InvalidRequest` for what changes the answer."""
        for name, value in self._left.items():
            if requests_nothing(name, value):
                continue
            if is_required(name):
                raise self._unsupported(name)
            self._report.drop_setting(name)

    def _exclude(self) -> None:
        """Refuse and drop what this upstream does not take, though its dialect has it."""
        excluded = (self._facts.refused | self._facts.dropped) & self._left.keys()
        for name in sorted(excluded):
            value = self._left.pop(name)
            if requests_nothing(name, value):
                continue
            if name in self._facts.refused:
                raise self._unsupported(name)
            self._report.drop_setting(name)

    def _unsupported(self, name: str) -> Exception:
        return self._report.unsupported(f"`{name}`", self._report.setting(name))

    def _invalid(self, name: str, expected: str) -> Exception:
        path = self._report.setting(name)
        return self._report.invalid(f"Invalid value for {path}: expected {expected}", path)
