"""``PathGraph``: the paths between one user and one item as Neo4j Browser draws them, in business ids.

Other users than those whom the schema's ``reasons.people`` allows are not named: each has a stand-in instead of its id
and its name.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from typing import Any, NamedTuple

from graphrec_neo4j.ids import Key
from graphrec_neo4j.schema import GraphSchema

USER, ITEM = 0, 1
_SECRET = secrets.token_bytes(16)

NodeKey = tuple[str, Key]


class PathNode(NamedTuple):
    """A node: its type in the schema (else its label), its key and the name that people know it by.

    Where ``named`` is False, ``key`` is a stand-in: the same in this process for the same node, and no more is known.
    """

    type: str
    key: Key
    name: str
    named: bool = True

    @property
    def identity(self) -> NodeKey:
        """What tells it from every other node."""
        return self.type, self.key


class Step(NamedTuple):
    """A relationship, as stored: the places of its ends in the graph's nodes, and its type."""

    source: int
    target: int
    type: str


class Path(NamedTuple):
    """One way from the user to the item: places in the graph's nodes, and in its steps."""

    nodes: tuple[int, ...]
    steps: tuple[int, ...]


@dataclass(frozen=True)
class PathGraph:
    """Nodes, of which the user is the first and the item the second, the steps between them, and the paths."""

    nodes: tuple[PathNode, ...]
    steps: tuple[Step, ...]
    paths: tuple[Path, ...]

    def through(self, path: Path) -> tuple[str, ...]:
        """Return the kind of a path: the types of the nodes between its ends."""
        return tuple(self.nodes[place].type for place in path.nodes[1:-1])

    def words(self, path: Path) -> str:
        """Return a path as one line, ``Ann -[LIKES]-> Tea <-[LIKES]- another User (1)``."""
        line = self.nodes[path.nodes[0]].name
        for (before, after), place in zip(pairwise(path.nodes), path.steps, strict=True):
            step = self.steps[place]
            arrow = f"-[{step.type}]->" if step.source == before else f"<-[{step.type}]-"
            line += f" {arrow} {self.nodes[after].name}"
        return line


def path_graph(found: Sequence[Any], schema: GraphSchema, user: PathNode, item: PathNode) -> PathGraph:
    """Build the graph of ``found``, the driver's paths from ``user`` to ``item``.

    Parallel relationships of one type are one step.
    """
    places: dict[PathNode, int] = {user: USER, item: ITEM}
    steps: dict[Step, int] = {}
    paths = []
    reader = _Reader(schema, found, user, item)
    for path in found:
        walked = [places.setdefault(reader.node(node), len(places)) for node in path.nodes]
        taken = []
        for (before, after), stored, start in zip(pairwise(walked), path.relationships, path.nodes, strict=False):
            ends = (before, after) if stored.start_node == start else (after, before)
            taken.append(steps.setdefault(Step(*ends, stored.type), len(steps)))
        paths.append(Path(tuple(walked), tuple(taken)))
    return PathGraph(tuple(_numbered(places)), tuple(steps), tuple(paths))


def _numbered(nodes: Iterable[PathNode]) -> Iterator[PathNode]:
    """Nodes without a name of their own are numbered, so that words can tell them apart."""
    counted = Counter[str]()
    for node in nodes:
        counted[node.name] += not node.named
        yield node if node.named else node._replace(name=f"{node.name} ({counted[node.name]})")


class _Reader:
    """Turns nodes of the driver into nodes with business ids, and hides who must not be named."""

    def __init__(self, schema: GraphSchema, found: Sequence[Any], user: PathNode, item: PathNode) -> None:
        self._schema = schema
        self._ends = {end: node for path in found for end, node in ((path.start_node, user), (path.end_node, item))}
        self._types: dict[str, str] = {}
        for name, kind in schema.nodes.items():
            self._types.setdefault(kind.label, name)
        self._open = {self._identity(path.nodes[1]) for path in found if self._leads_to_known(path)}
        self._hidden = schema.recommend_to if schema.reasons.people != "everybody" else None

    def node(self, node: Any) -> PathNode:
        """Return ``node`` by its business id, or by a stand-in if it is another user or no type of the schema."""
        if node in self._ends:
            return self._ends[node]
        kind, key = self._identity(node)
        if key is None:
            return PathNode(kind, _stand_in(kind, hash(node)), kind, named=False)
        if kind == self._hidden and (kind, key) not in self._open:
            return PathNode(kind, _stand_in(kind, key), f"another {kind}", named=False)
        name = _property(node, self._schema.nodes[kind].name)
        return PathNode(kind, key, str(key if name is None else name))

    def _leads_to_known(self, path: Any) -> bool:
        """Whether a path goes first to someone who may be named: chosen, among people, or tied to the user."""
        if self._schema.recommend_to == self._schema.recommend:
            return True
        ties = {edge.type for edge in self._schema.by_role("tie").values()}
        return self._schema.reasons.people == "tied" and path.relationships[0].type in ties

    def _identity(self, node: Any) -> tuple[str, Key | None]:
        kind = next((self._types[label] for label in sorted(node.labels) if label in self._types), None)
        if kind is None:
            return ":".join(sorted(node.labels)) or "node", None
        return kind, _property(node, self._schema.nodes[kind].key)


def _property(node: Mapping[str, Key], name: str | None) -> Key | None:
    return node.get(name) if name else None


def _stand_in(kind: str, key: Key) -> str:
    return "unnamed-" + blake2b(f"{kind}\t{key!r}".encode(), key=_SECRET, digest_size=8).hexdigest()
