"""What the properties in a sample look like: keys, names, weights, ratings, times."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from graphrec_neo4j.schema import TimeUnit
from loaders.inspect import LabelFacts, PropertyFacts, RelationshipFacts
from loaders.times import BadTimeError, parse_time

_KEYS = re.compile(r"(?i)^(id|key|uuid|guid|code|sku|isbn|asin|no|number|login|username|email|name|title|.*id)$")
_NAMES = ("name", "title", "label", "fullName", "full_name", "displayName", "username", "login")
_WEIGHTS = re.compile(
    r"(?i)rating|stars|score|weight|count|quantity|qty|plays|times|duration|seconds|strength|amount|value"
)
_RATINGS = re.compile(r"(?i)rating|stars|score")
_TIMES = re.compile(r"(?i)time|date|(^|_)at$|At$|since|created|^on$|^ts$|when|day|year")
_UNITS: dict[str, TimeUnit] = {"DATE": "date", "ZONED DATETIME": "datetime", "LOCAL DATETIME": "datetime"}


@dataclass(frozen=True)
class Weight:
    """A property that reads as a weight; ``positive_from`` where it is a rating."""

    name: str
    positive_from: float | None


@dataclass(frozen=True)
class Time:
    """A property that reads as a time, and its stored form."""

    name: str
    unit: TimeUnit


def key_of(found: LabelFacts) -> tuple[str, str] | None:
    """The property that identifies a label's nodes best, and its key type; None where nothing does."""
    able = [one for one in found.properties.values() if _identifies(one, found.sampled)]
    if not able:
        return None
    best = min(able, key=lambda one: (one.name not in found.unique, one.name != "id", *_rank(one.name, found.label)))
    return best.name, "integer" if best.kinds == {"INTEGER"} else "string"


def _identifies(one: PropertyFacts, sampled: int) -> bool:
    single_kind = one.kinds in ({"STRING"}, {"INTEGER"})
    return single_kind and one.there == one.distinct == sampled and bool(sampled)


def _rank(name: str, label: str) -> tuple[bool, bool, str]:
    own = re.fullmatch(rf"(?i){re.escape(label)}_?id", name)
    return not own, not _KEYS.match(name), name


def name_of(found: LabelFacts, key: str) -> str | None:
    """The property that people know a label's nodes by; None where it is the key or there is none."""
    texts = {name.casefold(): name for name, one in found.properties.items() if one.kinds == {"STRING"}}
    for wanted in _NAMES:
        name = texts.get(wanted.casefold())
        if name == key:
            return None
        if name and found.properties[name].there * 2 >= found.sampled:
            return name
    return None


def weight_of(found: LabelFacts | RelationshipFacts) -> Weight | None:
    """The property that weighs an edge, if one reads so."""
    for name, one in found.properties.items():
        numbers = list(_numbers(one.examples))
        if _WEIGHTS.search(name) and not _TIMES.search(name) and numbers and len(numbers) == len(one.examples):
            return Weight(name, _threshold(name, numbers))
    return None


def _threshold(name: str, numbers: list[float]) -> float | None:
    """Four of five stars, or seven of ten, make a rating positive."""
    if not _RATINGS.search(name) or min(numbers) < 0:
        return None
    if 1 < max(numbers) <= 5:
        return 4.0
    return 7.0 if 5 < max(numbers) <= 10 else None


def _numbers(values: Iterable[Any]) -> Iterable[float]:
    for value in values:
        try:
            if not isinstance(value, bool) and isinstance(value, int | float | str):
                yield float(value)
        except ValueError:
            continue


def time_of(found: LabelFacts | RelationshipFacts) -> Time | None:
    """The property that dates an edge, if one reads so, with its stored form."""
    for name, one in found.properties.items():
        if one.kinds and one.kinds <= _UNITS.keys():
            return Time(name, "date" if one.kinds == {"DATE"} else "datetime")
    for name, one in found.properties.items():
        unit = _unit_of(one) if _TIMES.search(name) and one.examples else None
        if unit:
            return Time(name, unit)
    return None


def _unit_of(one: PropertyFacts) -> TimeUnit | None:
    if one.kinds == {"STRING"} and all(_is_iso(text) for text in one.examples):
        return "text"
    numbers = sorted(abs(number) for number in _numbers(one.examples))
    if len(numbers) < len(one.examples) or not one.kinds <= {"INTEGER", "FLOAT", "STRING"}:
        return None
    # Since 1973 a time in milliseconds has twelve digits or more; until 2286 one in seconds has at most ten.
    middle = numbers[len(numbers) // 2]
    return "ms" if middle >= 1e11 else "s" if middle >= 1e8 else None


def _is_iso(text: str) -> bool:
    try:
        parse_time(text, "text")
    except BadTimeError:
        return False
    return True
