"""Random walks over a weighted graph, as sentences for models that learn from who stands near whom."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.threads import in_threads

if TYPE_CHECKING:
    from graphrec_neo4j.walks.random_walk_kernel import Streets

NO_NODE = -1
PIECE = 2048
"""Walks that a thread takes at once."""

Nodes = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class RandomWalks:
    """Walks of ``length`` nodes over ``weights`` (n, n), a CSR matrix that is not negative, with sorted rows.

    From a node v, reached from t, a walk goes on to x with a probability proportional to ``w_vx``; or, where the
    return parameter ``p`` and the in-out parameter ``q`` are not both 1, to ``w_vx`` times 1/p if x is t, 1 if there is
    an edge from t to x, and 1/q else (Grover and Leskovec: node2vec, KDD 2016, section 3.2).
    """

    weights: sparse.csr_matrix
    length: int
    p: float = 1.0
    q: float = 1.0

    def from_nodes(self, starts: npt.NDArray[np.integer], seed: int, threads: int | None = None) -> Nodes:
        """Return one walk from each of ``starts`` (m,): (m, length), NO_NODE behind the end of one that got stuck.

        Each walk has random numbers of its own, so the answer is the same for any number of threads.
        """
        from graphrec_neo4j.walks.random_walk_kernel import Bias, walk_on, walk_with_bias

        streets, state = self._streets, np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
        starts, walks = starts.astype(np.int32), np.empty((len(starts), self.length), dtype=np.int32)
        bias = Bias(1 / self.p, 1 / self.q)

        def work(first: int, stop: int) -> None:
            if bias == (1.0, 1.0):
                walk_on(streets, starts, state, first, stop, walks)
            else:
                walk_with_bias(streets, bias, starts, state, first, stop, walks)

        in_threads(work, len(starts), PIECE, threads)
        return walks

    @cached_property
    def _streets(self) -> Streets:
        from graphrec_neo4j.walks.random_walk_kernel import Streets

        matrix = self.weights
        alike = not matrix.nnz or bool((matrix.data == matrix.data[0]).all())
        sums = np.zeros(0) if alike else np.concatenate(([0.0], np.cumsum(matrix.data, dtype=np.float64)))
        return Streets(matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32), sums)
