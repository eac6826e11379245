"""Random walks over typed nodes as sentences, from which skip-gram learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.loops import Loops, Steps, closed
from graphrec_neo4j.walks.random_walk import NO_NODE, RandomWalks
from graphrec_neo4j.walks.typed_graph import TypedGraph

Nodes = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Corpus:
    """Walks whose words are ``size`` nodes: row r of a type is node ``offsets[type] + r``.

    A walk goes from place to place; ``node_at`` (p,) is the node of each.
    """

    walks: RandomWalks
    offsets: Mapping[str, int]
    size: int
    node_at: Nodes

    @classmethod
    def of_graph(
        cls, snapshot: GraphSnapshot, edges: Sequence[str], length: int, p: float = 1.0, q: float = 1.0
    ) -> Self:
        """Walk ``edges`` both ways, all of their types at once; none means every interaction, tie and category."""
        graph = TypedGraph.of(snapshot, edges)
        return cls(
            RandomWalks(graph.weights, length, p, q), graph.offsets, len(graph), np.arange(len(graph), dtype=np.int32)
        )

    @classmethod
    def of_meta_paths(cls, snapshot: GraphSnapshot, texts: Sequence[str], length: int) -> Self:
        """Walk each of the meta-paths ``texts``, closed to a loop; none means the schema's own.

        Raises MetaPathError for one that cannot be walked, ModelError where there is none.
        """
        schema = snapshot.schema
        places = Loops.of(snapshot, _loops(schema, texts))
        offsets, size = {}, 0
        for name in dict.fromkeys([schema.recommend_to, schema.recommend, *places.types]):
            offsets[name], size = size, size + len(snapshot.nodes[name])
        first = np.array([offsets[name] for name in places.types], dtype=np.int32)
        return cls(RandomWalks(places.weights, length), offsets, size, first[places.type_of] + places.rows)

    @property
    def words(self) -> int:
        """How many words one :meth:`sentences` has at most."""
        return len(self.starts) * self.walks.length

    @cached_property
    def starts(self) -> Nodes:
        """The places that a walk can leave."""
        return np.flatnonzero(np.diff(self.walks.weights.indptr)).astype(np.int32)

    @cached_property
    def kinds(self) -> Nodes:
        """The number of each node's type: (size,)."""
        first = sorted(self.offsets.values())
        return (np.searchsorted(first, np.arange(self.size), side="right") - 1).astype(np.int32)

    def sentences(self, seed: int, number: int, threads: int | None = None) -> Nodes:
        """Return one walk of nodes from each of ``starts``, in random order: (starts, length), ended by NO_NODE.

        Each ``number`` has walks of its own.
        """
        random = np.random.default_rng([seed, number])
        walked = self.walks.from_nodes(random.permutation(self.starts), int(random.integers(2**62)), threads)
        walked[:] = np.where(walked == NO_NODE, NO_NODE, self.node_at[walked])
        return walked


@dataclass(frozen=True)
class CorpusSizes:
    """How large a :class:`Corpus` is at most, told before it is made.

    ``nodes`` and ``places`` are counts, ``made`` is the memory in bytes that making it takes, ``kept`` what stays.
    """

    nodes: int
    places: int
    made: float
    kept: float

    @classmethod
    def of_graph(cls, snapshot: GraphSnapshot, edges: Sequence[str]) -> Self:
        """Tell it of :meth:`Corpus.of_graph`."""
        nodes, made = _all_nodes(snapshot), TypedGraph.bytes_of(snapshot, edges)
        return cls(nodes, nodes, made, made / 3)

    @classmethod
    def of_meta_paths(cls, snapshot: GraphSnapshot, texts: Sequence[str]) -> Self:
        """Tell it of :meth:`Corpus.of_meta_paths`."""
        steps = [step for loop in _loops(snapshot.schema, texts) for step in loop]
        places = sum(len(snapshot.nodes[step.source]) for step in steps)
        edges = sum(snapshot.matrix_entries(step.edge) for step in steps)
        return cls(_all_nodes(snapshot), places, 36.0 * (edges + places), 20.0 * (edges + places))


def _all_nodes(snapshot: GraphSnapshot) -> int:
    return sum(len(of_type) for of_type in snapshot.nodes.values())


def _loops(schema: GraphSchema, texts: Sequence[str]) -> list[Steps]:
    """The different loops of meta-paths, those of the schema where none are named."""
    paths = texts or schema.default_meta_paths().values()
    if not paths:
        raise ModelError("the schema has no meta-path to walk; name one in its [meta_paths].")
    return list(dict.fromkeys(closed(schema.meta_path(text), schema) for text in paths))
