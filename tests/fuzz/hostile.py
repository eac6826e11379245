"""Hypothesis strategies for what is meant to break in: names, texts, numbers, arguments; what a clear refusal is."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

CASES = int(os.environ.get("GRAPHREC_FUZZ_CASES", "0"))
"""Cases of each test; few unless this is set, so that all tests take seconds."""

NASTY = [
    "",
    " ",
    "\0",
    "a\0b",
    "`",
    "``",
    "a`b",
    "`) DETACH DELETE n //",
    "\\u0060",
    "a\\u0060) MATCH (n) DETACH DELETE n //",
    "\\",
    "\\\\u0060",
    "'",
    '"',
    "' OR 1=1 //",
    "$id",
    "${id}",
    "{id}",
    "// x",
    "/* x",
    "*/",
    "\u202e\u2066right to left",
    "\u200b",
    "\ufeff",
    "\ud800",
    "x\udfff",
    "\n",
    "\r\n",
    "\x1b[31m",
    "\u2028",
    "é",
    "e\u0301",
    "😀",
    "NaN",
    "nan",
    "inf",
    "-Infinity",
    "1e309",
    "-0.0",
    "0x10",
    "1_000",
    "٣",
    "007",
    "+1",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "9" * 5000,
    "1e999999999",
    "null",
    "true",
    "[1]",
    "=cmd()",
    "../../etc/passwd",
    "0001-01-01",
    "9999-12-31T23:59:59.999Z",
    "10000-01-01",
    "0000-00-00",
    "2024-02-30",
    "2024-01-01T00:00:00[Europe/Berlin]",
    "x" * 70_000,
]

texts = st.one_of(
    st.sampled_from(NASTY), st.text(max_size=8), st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
)
numbers = st.one_of(
    st.sampled_from(
        [0.0, -0.0, 5e-324, 1.7976931348623157e308, float("inf"), float("-inf"), float("nan"), 2.0**53 + 1]
    ),
    st.floats(),
)
integers = st.one_of(st.sampled_from([0, -1, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 10**30]), st.integers())


def cases(few: int) -> settings:
    """Settings for so many cases in a usual run, or as many as ``GRAPHREC_FUZZ_CASES`` says."""
    unchecked = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
    return settings(max_examples=CASES or few, deadline=None, suppress_health_check=unchecked)


def clear(error: Exception) -> None:
    """A refusal says something, in lines that a person can read."""
    assert str(error).strip()
    assert max(map(len, str(error).split("\n"))) < 2_100
