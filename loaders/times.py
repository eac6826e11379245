"""Times as text, in the forms that a schema can name, to int64 UTC milliseconds: exactly or not at all."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Context, Decimal, Inexact, InvalidOperation

from graphrec_neo4j.schema import TimeUnit

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LARGEST = 2**63 - 1
_SECONDS_BELOW = 10**11
_EXACT = Context(prec=60, traps=[InvalidOperation, Inexact])
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{8}")
_TOO_FINE = re.compile(r"[.,]\d{3}\d*[1-9]")
_LOOSE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[Tt ]\s*(.*))?", re.DOTALL)
_ZONE_NAME = re.compile(r"(Z|[+-]\d{2}:?\d{2})\[[^\]]*\]$")


class BadTimeError(ValueError):
    """A text that is no time, or one that milliseconds cannot hold; the message says which."""


def parse_time(text: str, unit: TimeUnit) -> tuple[int, bool]:
    """Return (UTC milliseconds, whether a missing offset was taken as UTC); raises BadTimeError.

    ``unit`` is the form the schema names: a number of ``s`` or ``ms`` since 1970, a ``date``, or ISO 8601
    (``datetime``, ``text``) with the usual liberties: a blank for the T, slashes in the date, single digits,
    ``UTC``, an offset after a blank.
    """
    text = text.strip()
    if unit in ("s", "ms"):
        return _from_number(text, 1000 if unit == "s" else 1), False
    if unit == "date":
        if not _DATE.fullmatch(text):
            raise BadTimeError(f"{text!r} is no date such as 2024-05-31")
        return _from_iso(text)[0], False
    return _from_iso(text)


def infer_time_unit(sample: Sequence[str]) -> TimeUnit:
    """Return the form that most of the times in ``sample`` have.

    Whole numbers below 10^11 in size are seconds (until the year 5138), larger ones milliseconds (since 1973).
    """
    texts = [text.strip() for text in sample if text.strip()]
    dates = sum(map(_is_date, texts))
    # The middle one decides, so that a wrong value does not change what the others mean.
    numbers = [float(text) for text in texts if _NUMBER.fullmatch(text)]
    if not texts:
        return "ms"
    # Dates and times of day may be mixed; then all are date-times.
    if dates == len(texts):
        return "date"
    if 2 * len(numbers) >= len(texts):
        middle = sorted(map(abs, numbers))[len(numbers) // 2]
        return "s" if middle < _SECONDS_BELOW else "ms"
    return "datetime"


def unit_words(unit: TimeUnit) -> str:
    """Say what times of this form are."""
    return {"s": "seconds since 1970", "ms": "milliseconds since 1970", "date": "dates"}.get(unit, "ISO 8601 times")


def _is_date(text: str) -> bool:
    """Whether ``text`` is a date, and not just eight digits that are a number."""
    if not _DATE.fullmatch(text):
        return False
    try:
        return not text.isdigit() or (text[:2] in ("19", "20") and bool(datetime.fromisoformat(text)))
    except ValueError:
        return False


def _from_number(text: str, factor: int) -> int:
    try:
        exact = _EXACT.multiply(Decimal(text), factor)
    except Inexact:
        raise BadTimeError(f"{text!r} is out of 64 bits or finer than a millisecond") from None
    except (ArithmeticError, ValueError):
        raise BadTimeError(f"{text!r} is no number") from None
    if not exact.is_finite():
        raise BadTimeError(f"{text!r} is no number")
    if abs(exact) > _LARGEST:
        raise BadTimeError(f"{text!r} is out of 64 bits")
    whole = int(exact)
    if whole != exact:
        raise BadTimeError(f"{text!r} is finer than a millisecond")
    return whole


def _from_iso(text: str) -> tuple[int, bool]:
    if _TOO_FINE.search(text):
        raise BadTimeError(f"{text!r} is finer than a millisecond")
    if _NUMBER.fullmatch(text) and len(text) != len("20240531"):
        # datetime would read some long numbers as a year, a month and a day without separators.
        raise BadTimeError(f"{text!r} is a number, not a time; set time_unit to 's' or 'ms'")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _from_loose(text)
    naive = moment.tzinfo is None
    since = (moment.replace(tzinfo=UTC) if naive else moment) - _EPOCH
    return since.days * 86_400_000 + since.seconds * 1000 + since.microseconds // 1000, naive


def _from_loose(text: str) -> datetime:
    """Read what ISO 8601 proper does not allow but exports contain."""
    parts = _LOOSE.fullmatch(_ZONE_NAME.sub(r"\1", text))
    if not parts:
        raise BadTimeError(f"{text!r} is no time such as 2024-05-31T12:00:00Z")
    clock = re.sub(r"\s*(UTC|GMT|Z)$", "+00:00", (parts[4] or "").strip(), flags=re.IGNORECASE)
    clock = re.sub(r"\s+(?=[+-])", "", clock)
    clock = re.sub(r"^(\d)(?=:)", r"0\1", clock)
    day = f"{parts[1]}-{int(parts[2]):02}-{int(parts[3]):02}"
    try:
        return datetime.fromisoformat(f"{day}T{clock}" if clock else day)
    except ValueError:
        raise BadTimeError(f"{text!r} is no time such as 2024-05-31T12:00:00Z") from None
