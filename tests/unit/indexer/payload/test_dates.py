from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from splicedex.indexer.payload.dates import (
    DAY,
    of_microseconds,
    read_date,
    read_span,
    year_and_month,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
zones = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
times = st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1))


@given(times, st.none() | zones)
def test_times_are_microseconds_in_utc_and_stay_as_written(time, zone):
    text = time.replace(tzinfo=zone).isoformat()
    found = read_date(text)
    whole = time.replace(tzinfo=zone or UTC)
    assert found.start == (whole - EPOCH) // timedelta(microseconds=1)
    assert found.text == text
    assert read_date(found.text) == found


@given(times)
def test_a_count_is_a_time(time):
    since = (time.replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)
    assert of_microseconds(since).text == time.isoformat()


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("2024-03-05", "2024-03-05"),
        ("2024/03/05", "2024-03-05"),
        ("2024:03:05 10:11:12", "2024-03-05T10:11:12"),
        ("2024-03-05 10:11", "2024-03-05T10:11"),
        ("2024-03-05t10:11:12z", "2024-03-05T10:11:12Z"),
        ("2024-03-05T10:11:12,5+0200", "2024-03-05T10:11:12.5+02:00"),
        ("2024-03-05 10:11:12 +02", "2024-03-05T10:11:12+02:00"),
        ("2024-03-05 10:11:12.123456789 UTC", "2024-03-05T10:11:12.123456789Z"),
        ("20240305T101112Z", "2024-03-05T10:11:12Z"),
        (" 2024-03-05 ", "2024-03-05"),
    ],
)
def test_dates_are_kept_in_iso_8601(text, kept):
    assert read_date(text).text == kept


@pytest.mark.parametrize(
    "text",
    ["", "2024", "2024-03", "20240305", "2024-02-30", "2024-13-01", "0000:00:00 00:00:00",
     "2024-03-05T24:00", "2024-03-05T10:61", "05.03.2024", "2024-03:05", "2024-03-05T10:11+99:00",
     "12", "2024-03-05T", "٢٠٢٤-٠٣-٠٥"],
)  # fmt: skip
def test_other_text_is_no_date(text):
    assert read_date(text) is None


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01", "2024-12-31"),
        ("2024-02", "2024-02-01", "2024-02-29"),
        ("2024-12", "2024-12-01", "2024-12-31"),
        ("2024-02-29", "2024-02-29", "2024-02-29"),
        ("2024-02-*", "2024-02-01", "2024-02-29"),
        ("2024*", "2024-01-01", "2024-12-31"),
        ("9999", "9999-01-01", "9999-12-31"),
    ],
)
def test_a_span_is_all_its_days(text, first, last):
    span = read_span(text)
    assert (span.start, span.end) == (read_date(first).start, read_date(last).start + DAY)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("2024-03-05T10:11", 60_000_000),
        ("2024-03-05T10:11:12", 1_000_000),
        ("2024-03-05T10:11:12.25", 10_000),
        ("2024-03-05T10:11:12.123456", 1),
        ("2024-03-05T10:11:12.123456789", 1),
    ],
)
def test_a_time_is_as_long_as_its_last_digit(text, length):
    moment = read_date(text)
    assert moment.end - moment.start == length


def test_years_and_months_are_those_in_utc():
    assert year_and_month(read_date("2024-03-05")) == [2024, 202403]
    assert year_and_month(read_date("2023-12-31T23:30-02:00")) == [2024, 202401]
    assert year_and_month(read_date("0001-01-01T00:30+02:00")) == []


def test_what_no_calendar_holds_is_none():
    assert of_microseconds(2**62) is None
    assert of_microseconds(-(2**62)) is None
    assert read_span("no") is None
