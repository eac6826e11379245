"""Meta-paths closed to loops, so that a walk can follow one for ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.meta_path import ALL_INTERACTIONS, MetaPath, Step
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot

Steps = tuple[Step, ...]


def closed(path: MetaPath, schema: GraphSchema) -> Steps:
    """Return the shortest loop that ``path`` is walked along, as User-LIKES->Item<-LIKES-User-LIKES->Item goes
    User, Item, User.

    A path that ends in another type than it began in goes back by one of its own steps turned round, else from item
    to user by any interaction, else by all of its steps turned round (Dong et al.: metapath2vec, KDD 2017, section
    3.2, asks for symmetric paths).
    """
    steps = path.steps
    if path.target != path.source:
        steps = (*steps, *_way_back(path, schema))
    for length in range(1, len(steps)):
        if len(steps) % length == 0 and steps[:length] * (len(steps) // length) == steps:
            return steps[:length]
    return steps


def _way_back(path: MetaPath, schema: GraphSchema) -> Steps:
    back = [_turned(step) for step in path.steps if (step.source, step.target) == (path.source, path.target)]
    if back:
        return (back[-1],)
    if (path.source, path.target) == (schema.recommend_to, schema.recommend) and schema.by_role("interaction"):
        return (Step(ALL_INTERACTIONS, False, path.target, path.source),)
    return tuple(_turned(step) for step in reversed(path.steps))


def _turned(step: Step) -> Step:
    return Step(step.edge, not step.forward, step.target, step.source)


@dataclass(frozen=True, eq=False)
class Loops:
    """Several loops as one graph of places: a node of a type, at one step of one loop, that this step leaves.

    ``weights`` (p, p) joins each place to those that its step leads to, so that a plain random walk from place to place
    is a walk along a loop. Place p is row ``rows[p]`` of type ``types[type_of[p]]``.
    """

    weights: sparse.csr_matrix
    types: tuple[str, ...]
    type_of: npt.NDArray[np.int32]
    rows: npt.NDArray[np.int32]

    @classmethod
    def of(cls, snapshot: GraphSnapshot, loops: Sequence[Steps]) -> Self:
        """Join the places of all ``loops``; the strengths of ``snapshot`` are the weights."""
        types = tuple(dict.fromkeys(step.source for steps in loops for step in steps))
        sizes = [len(snapshot.nodes[step.source]) for steps in loops for step in steps]
        first_places = np.concatenate(([0], np.cumsum(sizes)))
        pointers, columns, values, first, edges = [np.zeros(1, dtype=np.int64)], [], [], 0, 0
        for steps in loops:
            for number, matrix in enumerate(snapshot.step_matrices(steps)):
                columns.append(matrix.indices + first_places[first + (number + 1) % len(steps)])
                pointers.append(matrix.indptr[1:] + edges)
                values.append(matrix.data)
                edges += matrix.nnz
            first += len(steps)
        packed = (np.concatenate(values), np.concatenate(columns), np.concatenate(pointers))
        numbers = [types.index(step.source) for steps in loops for step in steps]
        return cls(
            sparse.csr_matrix(packed, shape=(first_places[-1],) * 2),
            types,
            np.repeat(np.array(numbers, dtype=np.int32), sizes),
            np.concatenate([np.arange(size, dtype=np.int32) for size in sizes]),
        )
