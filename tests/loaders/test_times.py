from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loaders.times import BadTimeError, infer_time_unit, parse_time

NOON = 1_717_156_800_000  # date -u -d '2024-05-31 12:00' +%s, times 1000
MIDNIGHT = NOON - 12 * 3_600_000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2024-05-31T12:00:00Z", NOON),
        ("2024-05-31T14:00:00+02:00", NOON),
        ("2024-05-31 14:00:00 +0200", NOON),
        ("2024-05-31 12:00:00 UTC", NOON),
        ("2024-05-31T12:00:00.250Z", NOON + 250),
        ("2024-05-31T12:00:00.250000000Z", NOON + 250),
        ("20240531T120000Z", NOON),
        ("2024/5/31 12:00Z", NOON),
        ("2024-05-31T14:00:00+02:00[Europe/Berlin]", NOON),
        (" 2024-05-31T12:00Z ", NOON),
    ],
)
def test_iso_variants_with_an_offset(text, milliseconds):
    assert parse_time(text, "text") == (milliseconds, False)
    assert parse_time(text, "datetime") == (milliseconds, False)


@pytest.mark.parametrize("text", ["2024-05-31T12:00:00", "2024-05-31 12:00", "2024/05/31 12:00:00", "2024.5.31 12:00"])
def test_a_time_without_an_offset_is_utc_and_says_so(text):
    assert parse_time(text, "text") == (NOON, True)


@pytest.mark.parametrize("text", ["2024-05-31", "20240531", "2024/5/31", "2024.05.31"])
def test_dates(text):
    assert parse_time(text, "date")[0] == MIDNIGHT


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("2024-02-30", "date"),
        ("2024-05-31T12:00:00", "date"),
        ("31.05.2024", "date"),
        ("05/31/2024", "text"),
        ("yesterday", "text"),
        ("2024-05-31T25:00:00Z", "text"),
        ("2024-05-31T12:00[Europe/Berlin]", "text"),
        ("1717156800", "text"),
        ("1112111010123", "text"),
        ("noon", "s"),
        ("1e999", "s"),
        ("NaN", "ms"),
    ],
)
def test_what_is_no_time_is_refused(text, unit):
    with pytest.raises(BadTimeError):
        parse_time(text, unit)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("2024-05-31T12:00:00.123456Z", "text"),
        ("1.5", "ms"),
        ("0.0001", "s"),
        ("2024-05-31T12:00:00,1234Z", "datetime"),
    ],
)
def test_what_milliseconds_cannot_hold_is_refused_not_rounded(text, unit):
    with pytest.raises(BadTimeError, match="finer than a millisecond"):
        parse_time(text, unit)


def test_numbers_are_exact():
    assert parse_time("1260759144", "s") == (1_260_759_144_000, False)
    assert parse_time("1260759144.125", "s") == (1_260_759_144_125, False)
    assert parse_time("-1", "ms") == (-1, False)
    assert parse_time("9007199254740993", "ms") == (2**53 + 1, False)


@pytest.mark.parametrize(("text", "unit"), [("9223372036854775808", "ms"), ("9223372036854776", "s")])
def test_numbers_out_of_64_bits_are_refused(text, unit):
    with pytest.raises(BadTimeError, match="64 bits"):
        parse_time(text, unit)


moments = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC)
)


@given(moments)
def test_every_millisecond_of_the_calendar_comes_back(moment):
    since = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert parse_time(moment.isoformat(), "datetime") == (since, False)
    assert parse_time(str(since), "ms") == (since, False)


@pytest.mark.parametrize(
    ("sample", "unit"),
    [
        (["1260759144", "", "0"], "s"),
        (["1260759144000", "5"], "ms"),
        (["2024-05-31", "2024-06-01"], "date"),
        (["20240531", "20240601"], "date"),
        (["2024-05-31", "2024-06-01T10:00"], "datetime"),
        (["12345678", "20240531"], "s"),
        (["5", "noon", "6"], "s"),
        (["1260759144", "1260759145", "99999999999999999999"], "s"),
        (["", ""], "ms"),
    ],
)
def test_the_form_of_times_is_seen_from_their_values(sample, unit):
    assert infer_time_unit(sample) == unit
