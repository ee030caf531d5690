"""Reads points in time as people write them: `30d`, or an ISO date."""

import re
from datetime import UTC, datetime, timedelta

EXPECTED = "a length of time (90m, 12h, 30d or 2w) or an ISO date (2030-01-31 or 2030-01-31T12:00, in UTC)"

_LENGTH = re.compile(r"([0-9]{1,9})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def after(text: str, now: datetime) -> datetime:
    """`30d` from `now`, or the date itself. Raises `ValueError`, with a message for a person."""
    return _moment(text, now, 1)


def before(text: str, now: datetime) -> datetime:
    """`30d` before `now`, or the date itself. Raises `ValueError`, with a message for a person."""
    return _moment(text, now, -1)


def show(seconds: float) -> str:
    """A time in seconds since 1970 as a person reads it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _moment(text: str, now: datetime, sign: int) -> datetime:
    try:
        if length := _LENGTH.fullmatch(text):
            return now + sign * timedelta(**{_UNITS[length[2]]: int(length[1])})
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is further away than the calendar reaches.") from None
    except ValueError:
        raise ValueError(f"{text!r} is not {EXPECTED}.") from None
