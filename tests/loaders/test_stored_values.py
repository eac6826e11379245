"""Times and numbers as a graph stores them: exact there and back, or refused, or counted."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pytest
from graph_strategies import times
from hypothesis import given
from hypothesis import strategies as st
from neo4j.time import Date, DateTime

from graphrec_neo4j.errors import SnapshotError
from graphrec_neo4j.snapshot import MISSING_TIME
from loaders import stored_numbers, stored_times

DAY = 86_400_000


@given(st.data(), st.sampled_from(sorted(times)))
def test_every_form_of_time_comes_back_exactly(data: st.DataObject, unit: Any) -> None:
    moments = st.one_of(st.just(int(MISSING_TIME)), times[unit])
    given = np.array(data.draw(st.lists(moments)), dtype=np.int64)
    stored_times.check_fits(given, unit, "RATED")
    made, bad, cut = stored_times.from_stored(stored_times.to_stored(given, unit), unit)
    assert made.tolist() == given.tolist()
    assert (bad, cut) == ({}, 0)


def test_the_stored_forms_are_what_other_programs_expect() -> None:
    given = np.array([DAY, MISSING_TIME])
    utc = datetime.UTC
    assert stored_times.to_stored(given, "ms") == [DAY, None]
    assert stored_times.to_stored(given, "s") == [86_400, None]
    assert stored_times.to_stored(given, "date") == [datetime.date(1970, 1, 2), None]
    assert stored_times.to_stored(given, "datetime") == [datetime.datetime(1970, 1, 2, tzinfo=utc), None]
    assert stored_times.to_stored(given, "text") == ["1970-01-02T00:00:00Z", None]
    assert stored_times.to_stored(given[:1] + 5, "text") == ["1970-01-02T00:00:00.005Z"]


@pytest.mark.parametrize(
    ("moment", "unit", "sentence"),
    [
        (1500, "s", "RATED has 1 times that time_unit = 's' would round, the first 1500 ms"),
        (DAY + 1, "date", "time_unit = 'date' would round"),
        (2**62, "datetime", "outside the years 1 to 9999"),
        (-(2**62), "text", "outside the years 1 to 9999"),
    ],
)
def test_a_time_that_a_form_cannot_hold_is_refused(moment: int, unit: Any, sentence: str) -> None:
    with pytest.raises(SnapshotError, match=sentence):
        stored_times.check_fits(np.array([0, moment, MISSING_TIME]), unit, "RATED")


@pytest.mark.parametrize(
    ("value", "unit", "milliseconds", "cut"),
    [
        (1.5, "s", 1500, 0),
        (1_700_000_000.567, "s", 1_700_000_000_567, 0),
        (1.0005, "s", 1000, 1),
        (7.25, "ms", 7, 1),
        (" 7 ", "ms", 7, 0),
        (Date(1970, 1, 2), "datetime", DAY, 0),
        (DateTime(1970, 1, 1, 0, 0, 0, 1_000_000), "datetime", 1, 0),
        (DateTime(1970, 1, 1, 0, 0, 0, 1_000_001), "datetime", 1, 1),
        (DateTime(1969, 12, 31, 23, 59, 59, 999_999_999), "datetime", -1, 1),
        (datetime.datetime(1970, 1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1))), "date", 0, 0),
    ],
)
def test_what_is_finer_than_a_millisecond_is_cut_and_counted(
    value: Any, unit: Any, milliseconds: int, cut: int
) -> None:
    made, bad, counted = stored_times.from_stored([None, value], unit)
    assert made.tolist() == [MISSING_TIME, milliseconds]
    assert (bad, counted) == ({}, cut)


@pytest.mark.parametrize(
    ("value", "unit"),
    [(True, "s"), (float("nan"), "s"), (2**62, "s"), (1e30, "ms"), ("soon", "text"), (5, "datetime"), ([1], "ms"),
     (Date(1970, 1, 2), "s"), ("x", "s")],
)  # fmt: skip
def test_what_is_no_time_says_why_and_counts_as_missing(value: Any, unit: Any) -> None:
    made, bad, cut = stored_times.from_stored([value, None], unit)
    assert made.tolist() == [MISSING_TIME, MISSING_TIME]
    assert list(bad) == [0]
    assert repr(value) in bad[0]
    assert cut == 0


@given(st.lists(st.one_of(st.none(), st.floats(), st.booleans(), st.integers(-(2**63), 2**63 - 1))))
def test_numbers_come_as_they_are_with_nothing_as_nan(values: list[Any]) -> None:
    made, bad, from_text = stored_numbers.from_stored(values)
    np.testing.assert_array_equal(made, [np.nan if value is None else float(value) for value in values])
    assert (bad, from_text) == ({}, 0)


def test_numbers_in_texts_are_read_and_counted_and_other_texts_are_bad() -> None:
    values = ["4.5", " 1e3 ", 2, None, "", "1_000", "nan", "inf", "four", [1], "0x10"]
    made, bad, from_text = stored_numbers.from_stored(values)
    np.testing.assert_array_equal(made[:4], [4.5, 1000.0, 2.0, np.nan])
    assert np.isnan(made[3:]).all()
    assert from_text == 2
    assert list(bad) == [4, 5, 6, 7, 8, 9, 10]
    assert bad[8] == "'four' is no number"
