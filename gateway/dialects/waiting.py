"""Reads how long an upstream wants to be left alone, in all the spellings of it."""

import math
import re
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_LONGEST = 7 * 86_400.0


def waiting(headers: Mapping[str, str]) -> float | None:
    """Seconds until the next try, by `retry-after-ms` and `retry-after`; None where neither says so.

    `retry-after` is seconds, whole or not, or an HTTP date.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return bounded(milliseconds / 1000)
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None:
        return bounded(seconds)
    try:
        return bounded(parsedate_to_datetime(value).timestamp() - time.time()) if value else None
    except (ValueError, TypeError, OverflowError):
        return None


def reset(value: str) -> float | None:
    """Seconds until a limit is lifted: a Go duration (`6m0s`, `17ms`), an RFC 3339 time, seconds, epoch milliseconds.

    Which of them a provider writes is in the shared facts on providers, section 19.
    """
    value = value.strip()
    number = _number(value)
    if number is not None:
        if number > 1e11:
            return bounded(number / 1000 - time.time())
        return bounded(number - time.time() if number > 1e9 else number)
    pieces = _DURATION.findall(value)
    if pieces and "".join(amount + unit for amount, unit in pieces) == value:
        return bounded(sum(float(amount) * _UNITS[unit] for amount, unit in pieces))
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return bounded((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - time.time())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def bounded(seconds: float) -> float:
    """Seconds that can be waited for, or told: not below 0, and a week at most."""
    return min(max(seconds, 0.0), _LONGEST)
