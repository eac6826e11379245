"""Meta-paths: typed walks such as ``User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item``.

A name is letters, digits, ``_`` and any character outside ``- < > * ` `` and white space; any other name
stands in back-ticks, doubled inside. The edge name ``*`` stands for all positive interactions together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphrec_neo4j.errors import MetaPathError, nearest

ALL_INTERACTIONS = "*"

_NAME = r"(`(?:[^`]|``)+`|[^\s`<>*-]+)"
_NODE = re.compile(rf"\s*{_NAME}\s*")
_STEP = re.compile(rf"(?:-\s*(?P<ahead>{_NAME}|\*)\s*->|<-\s*(?P<back>{_NAME}|\*)\s*-)")


@dataclass(frozen=True)
class Step:
    """One hop: along ``edge`` if ``forward``, against it if not, from node type ``source`` to ``target``."""

    edge: str
    forward: bool
    source: str
    target: str


@dataclass(frozen=True)
class MetaPath:
    """A parsed meta-path; ``steps`` join end to end."""

    text: str
    steps: tuple[Step, ...]

    @property
    def source(self) -> str:
        """The node type where the walk starts."""
        return self.steps[0].source

    @property
    def target(self) -> str:
        """The node type where the walk ends."""
        return self.steps[-1].target

    @classmethod
    def parse(cls, text: str) -> MetaPath:
        """Parse ``text``; raises MetaPathError with the place where it stops making sense."""
        return cls(text, tuple(_steps(text)))

    def check(self, ends: Mapping[str, tuple[str, str]], interaction_ends: tuple[str, str]) -> MetaPath:
        """Return self if every step joins the types that its edge joins.

        ``ends`` maps an edge name to its (source, target) node types, ``interaction_ends`` are those of ``*``.
        Raises MetaPathError naming the step and the types it joins.
        """
        for number, step in enumerate(self.steps, start=1):
            if step.edge != ALL_INTERACTIONS and step.edge not in ends:
                raise MetaPathError(
                    f"meta-path {self.text!r}, step {number}: there is no edge type {step.edge!r}"
                    f"{nearest(step.edge, ends)}."
                )
            joined = interaction_ends if step.edge == ALL_INTERACTIONS else ends[step.edge]
            walked = (step.source, step.target) if step.forward else (step.target, step.source)
            if walked != joined:
                raise MetaPathError(
                    f"meta-path {self.text!r}, step {number}: {step.edge} joins {joined[0]} to {joined[1]}, "
                    f"so it cannot be walked from {step.source} to {step.target} "
                    f"{'along' if step.forward else 'against'} its direction; turn the arrow or change the types."
                )
        return self


def quote(name: str) -> str:
    """Return ``name`` as a meta-path spells it, in back-ticks where it needs them."""
    return name if re.fullmatch(r"[^\s`<>*-]+", name) else "`" + name.replace("`", "``") + "`"


def _bare(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _steps(text: str) -> Iterator[Step]:
    found = _NODE.match(text)
    if not found:
        raise MetaPathError(f"meta-path {text!r} must begin with a node type, as in 'User-LIKES->Item'.")
    here, position = _bare(found[1]), found.end()
    if position == len(text):
        raise MetaPathError(f"meta-path {text!r} has no step; write one as in 'User-LIKES->Item'.")
    while position < len(text):
        hop = _STEP.match(text, position)
        after = _NODE.match(text, hop.end()) if hop else None
        if not hop or not after:
            raise MetaPathError(
                f"meta-path {text!r} cannot be read at {text[position:]!r}; a step is '-EDGE->Type' or "
                "'<-EDGE-Type', and names with unusual characters stand in back-ticks."
            )
        there = _bare(after[1])
        yield Step(_bare(hop["ahead"] or hop["back"]), hop["ahead"] is not None, here, there)
        here, position = there, after.end()
