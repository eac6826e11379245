"""HTML and SVG as escaped text: whatever is not :class:`Markup` already is escaped when it enters an element."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape


class Markup(str):
    """Text that is markup already."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """Return ``<tag attributes>children</tag>``.

    In attribute names ``_`` stands for ``-``, and one at the end is dropped (``class_``); None leaves an attribute
    out, floats are rounded to two places, which is finer than a screen.
    """
    told = "".join(f' {_name(name)}="{escape(_value(v))}"' for name, v in attributes.items() if v is not None)
    return Markup(f"<{tag}{told}>{joined(children)}</{tag}>")


def joined(children: Iterable[str]) -> Markup:
    """Return children one after the other, each escaped where it is plain text."""
    return Markup("".join(child if isinstance(child, Markup) else escape(child) for child in children))


def _name(name: str) -> str:
    return name.rstrip("_").replace("_", "-") if name != "viewBox" else name


def _value(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
