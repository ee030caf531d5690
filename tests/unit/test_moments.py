"""Points in time as people write them."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.cli import moments

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("90m", timedelta(minutes=90)),
        ("12h", timedelta(hours=12)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
        ("0d", timedelta()),
    ],
)
def test_length_counts_from_now_either_way(text: str, length: timedelta) -> None:
    assert moments.after(text, NOW) == NOW + length
    assert moments.before(text, NOW) == NOW - length


@given(st.dates())
def test_date_is_its_first_moment_in_utc(day: date) -> None:
    assert moments.after(day.isoformat(), NOW) == datetime(day.year, day.month, day.day, tzinfo=UTC)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)), st.integers(-14, 14))
def test_moment_keeps_its_own_zone(moment: datetime, hours: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert moments.before(zoned.isoformat(), NOW) == zoned
    assert moments.before(moment.isoformat(), NOW) == moment.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "30", "d", "30D", "-3d", "1.5d", "30d ", "٣d", "2030-02-30", "tomorrow"])
def test_what_is_neither_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="30d or 2w"):
        moments.after(text, NOW)


@pytest.mark.parametrize("text", ["999999999w", "3000000d"])
def test_length_beyond_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="the calendar"):
        moments.after(text, NOW)


@given(st.text(max_size=12) | st.from_regex(r"[0-9]{1,12}[mhdw]", fullmatch=True))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (moments.after, moments.before):
        try:
            moment = read(text, NOW)
        except ValueError:
            continue
        assert moment.tzinfo is UTC
