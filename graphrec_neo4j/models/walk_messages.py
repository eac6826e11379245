"""What random walks bring to users through their neighbours: reasons of vectors that skip-gram learnt from walks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.history_regression import ridge
from graphrec_neo4j.models.messages import Kind, Messages
from graphrec_neo4j.models.taste import Tastes
from graphrec_neo4j.models.ties import kinds_of, tie_types
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.skip_gram import SkipGram
from graphrec_neo4j.walks.corpus import Corpus, CorpusSizes
from graphrec_neo4j.walks.typed_graph import WALKED_ROLES

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class WalkMessages:
    """``x_u ~ M sum over her neighbours n of P(u, n) T_n``, with ``T_n = sum over t = 1 .. w of a_t (P^(t-1) Y)_n``.

    P are the steps of a walk, Y what skip-gram learnt of nodes as outputs, w its ``window`` and ``a_t = (w - t + 1) /
    w`` the chance that a window reaches t steps. So ``sum P(u, n) T_n`` is what stands around u on average; a user's
    vector is learnt by steps towards that, which the M (d, d) of a ridge regression over all users makes up for.
    Walks with a memory are taken for walks without.
    """

    snapshot: GraphSnapshot
    tastes: Tastes
    corpus: Corpus
    learnt: SkipGram
    window: int

    def told(self) -> tuple[Messages, ...]:
        """Return what users hear of each type of neighbours, with the weight that it has in the sum as a last entry."""
        first_steps, around = self._first_steps, self._around
        onward = ridge(first_steps @ around, self.learnt.inputs[self._users]).astype(np.float32)
        table = np.column_stack([around @ onward, np.ones(len(around), dtype=np.float32)])
        told: list[Messages] = []
        for block in self._blocks():
            steps = first_steps[:, block].tocsr()
            if steps.nnz:
                told += self._of_block(steps, int(self.corpus.node_at[block.start]), table[block])
        return tuple(each for each in told if len(each.senders))

    def _of_block(self, steps: sparse.csr_matrix, node: int, table: Floats) -> Iterator[Messages]:
        """What comes by ``steps`` (n_users, n) to the n nodes of a type, of which ``node`` is the first."""
        schema = self.snapshot.schema
        node_type = max((first, name) for name, first in self.corpus.offsets.items() if first <= node)[1]

        def heard(kind: Kind, edge: str) -> Messages:
            return Messages.along(kind, node_type, edge, steps, table)

        liked = self._liked(steps) if node_type == schema.recommend else np.zeros(steps.nnz, dtype=bool)
        yield heard("taste", self.tastes.edge).only(liked)
        if node_type == schema.recommend_to:
            types = tie_types(schema)
            kinds, others = kinds_of(self.snapshot, types, steps), ~liked & (_rows(steps) != steps.indices)
            for number, name in enumerate(types or [self.tastes.edge]):
                yield heard("tie", name).only(others & (kinds == number))
        elif node_type != schema.recommend:
            yield heard("category", self._edge_to(node_type))

    def _liked(self, steps: sparse.csr_matrix) -> npt.NDArray[np.bool_]:
        """Which entries (m,) of ``steps`` (n_users, n_items) are in a history."""
        return np.asarray(self.tastes.history[_rows(steps), steps.indices]).ravel() > 0

    def _edge_to(self, node_type: str) -> str:
        """The first edge type that joins users to nodes of a type."""
        schema = self.snapshot.schema
        ends = {schema.recommend_to, node_type}
        walked = (name for name, role in schema.roles.items() if role in WALKED_ROLES)
        return next(name for name in walked if {schema.edges[name].source, schema.edges[name].target} == ends)

    def _blocks(self) -> Iterator[slice]:
        """Runs of places that are the nodes of one type, one after the other."""
        nodes = self.corpus.node_at
        kinds = self.corpus.kinds[nodes]
        cuts = 1 + np.flatnonzero((np.diff(nodes) != 1) | (np.diff(kinds) != 0))
        for first, last in zip([0, *cuts.tolist()], [*cuts.tolist(), len(nodes)], strict=True):
            yield slice(first, last)

    @property
    def _users(self) -> slice:
        first = self.corpus.offsets.get(self.snapshot.schema.recommend_to, 0)
        return slice(first, first + len(self.snapshot.users))

    @cached_property
    def _steps(self) -> sparse.csr_matrix:
        """The probability of each step from place to place."""
        weights = self.corpus.walks.weights
        sums = np.asarray(weights.sum(axis=1)).ravel()
        return (sparse.diags(np.where(sums > 0, 1 / np.where(sums > 0, sums, 1), 0)) @ weights).tocsr()

    @cached_property
    def _around(self) -> Floats:
        """T (n_places, d)."""
        said, steps = self.learnt.outputs[self.corpus.node_at], self._steps.astype(np.float32)
        total = said.copy()
        for distance in range(2, self.window + 1):
            said = steps @ said
            total += np.float32((self.window - distance + 1) / self.window) * said
        return total

    @cached_property
    def _first_steps(self) -> sparse.csr_matrix:
        """Where a walk goes from a user (n_users, n_places): from each of her places as often as walks come to it."""
        nodes, visits = self.corpus.node_at, np.zeros(len(self.corpus.node_at))
        at = np.zeros_like(visits)
        at[self.corpus.starts] = 1
        for _ in range(self.corpus.walks.length):
            visits, at = visits + at, self._steps.T @ at
        places = np.flatnonzero((nodes >= self._users.start) & (nodes < self._users.stop) & (visits > 0))
        rows = nodes[places] - self._users.start
        shares = visits[places] / np.bincount(rows, visits[places], len(self.snapshot.users))[rows]
        chosen = sparse.csr_matrix((shares, (rows, places)), shape=(len(self.snapshot.users), len(nodes)))
        return (chosen @ self._steps).tocsr().sorted_indices()


def walk_messages_bytes(dimensions: int, sizes: CorpusSizes) -> float:
    """About how much memory :meth:`WalkMessages.told` takes: tables of all places, and steps beside the walks' own."""
    return 16.0 * dimensions * sizes.places + 0.7 * sizes.kept


def _rows(matrix: sparse.csr_matrix) -> npt.NDArray[np.int64]:
    """The row of each entry (m,)."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
