"""A schema as the text of a ``graphrec.toml``, with comments, which parses back to the same schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphrec_neo4j.schema import GraphSchema

HEADER = "How this graph is read: which labels, relationship types and properties play which part."

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_ALWAYS = {"label", "key", "key_type", "from", "to", "type", "time_unit"}


def schema_to_toml(schema: GraphSchema, comments: Mapping[str, str] | None = None) -> str:
    """Return the text of a ``graphrec.toml`` for ``schema``.

    ``comments`` are put above what they belong to: ``""`` (the file), ``recommend_to``, ``recommend``,
    ``nodes.NAME`` or ``edges.NAME``.
    """
    said = {"": HEADER, **(comments or {})}
    data = schema.model_dump(by_alias=True)
    lines = [*_comment(said[""]), ""]
    for entry in ("recommend_to", "recommend"):
        lines += [*_comment(said.get(entry, "")), f"{entry} = {_value(data[entry])}"]
    for section in ("nodes", "edges"):
        for name, part in data[section].items():
            lines += ["", *_comment(said.get(f"{section}.{name}", "")), f"[{section}.{_key(name)}]"]
            lines += _entries(part, schema.model_dump(by_alias=True, exclude_defaults=True)[section][name])
    if schema.meta_paths:
        lines += ["", "[meta_paths]", *(f"{_key(name)} = {_value(text)}" for name, text in schema.meta_paths.items())]
    for section in ("results", "reasons"):
        changed = getattr(schema, section).model_dump(exclude_defaults=True)
        if changed:
            lines += ["", f"[{section}]", *(f"{name} = {_value(value)}" for name, value in changed.items())]
    return "\n".join(lines) + "\n"


def _entries(part: Mapping[str, Any], changed: Mapping[str, Any]) -> Iterator[str]:
    """The entries that differ from what is meant anyway, and those that a reader looks for first."""
    for name, value in part.items():
        needless = name == "time_unit" and part["time"] is None
        if value is not None and (name in changed or (name in _ALWAYS and not needless)):
            yield f"{name} = {_value(value)}"


def _comment(text: str) -> list[str]:
    # TOML allows no control characters in a comment, and a label may have them.
    return [f"# {_CONTROL.sub(' ', line)}" for line in text.splitlines()]


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _value(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # TOML's basic strings are JSON's, but that DEL must be escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(name)} = {_value(one)}" for name, one in value.items() if one is not None)
        return f"{{{inside}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
