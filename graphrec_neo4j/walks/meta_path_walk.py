"""Meta-path PageRank: the probability of arriving at each item on a walk along meta-paths of the schema.

P3 of Cooper, Lee, Radzik and Siantos, "Random walks in recommender systems: exact computation and
simulations" (WWW 2014), for any chain of edge types, and the discount of popular items of Paudel, Christoffel,
Newell and Bernstein, "Updatable, accurate, diverse, and scalable recommendations for interactive applications"
(ACM TiiS 7(1), 2017). Exact; nothing between users and items, or items and items, is ever held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.meta_path import MetaPath, Step
from graphrec_neo4j.results import NO_ITEM, TopK
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.threads import in_threads
from graphrec_neo4j.walks.transitions import Chains, Floats, Order, Transitions, by_degree, pack

if TYPE_CHECKING:
    from graphrec_neo4j.walks.explain_kernel import Shares

Rows = npt.NDArray[np.integer]
Powers = float | Sequence[float]
_Power = tuple[Step, float]
_Raised = tuple[Sequence[sparse.csr_matrix], Sequence[float | None]]

PIECE = 512


@dataclass(frozen=True, eq=False)
class MetaPathWalk:
    """A weighted sum of walks from users to items along meta-paths of two steps or more.

    ``starts`` are the first steps, ``steps`` the others, ``chains`` how they join; ``width`` is the size of the
    largest node type between the ends, ``order`` that of the items in an accumulator, and so of the columns of
    last steps; ``discount`` (n_items,), in that order too, multiplies the scores, unless it is empty.
    """

    starts: Transitions
    steps: Transitions
    chains: Chains
    width: int
    order: Order
    discount: Floats

    @classmethod
    def along(
        cls,
        snapshot: GraphSnapshot,
        paths: Sequence[MetaPath],
        weights: Sequence[float] | None = None,
        alpha: Powers = 1.0,
        discount: Floats | None = None,
    ) -> MetaPathWalk:
        """Prepare walks along ``paths``, each counting ``weights`` times (1 without), over ``snapshot``.

        ``alpha`` is the power of every transition probability, or one power a step, the last for all further.
        Raises ModelError for a path that does not lead from users to items in two steps or more.
        """
        weights = [1.0] * len(paths) if weights is None else weights
        _check(snapshot, paths, weights)
        raised = [list(zip(path.steps, powers_of(alpha, len(path.steps)), strict=True)) for path in paths]
        starts = list(dict.fromkeys(steps[0] for steps in raised))
        middle = list(dict.fromkeys(step for steps in raised for step in steps[1:-1]))
        last = list(dict.fromkeys(steps[-1] for steps in raised))
        chains = Chains(
            np.array([starts.index(steps[0]) for steps in raised], dtype=np.int64),
            np.array([number for steps in raised for number in _numbers(steps, middle, last)], dtype=np.int64),
            np.cumsum([0] + [len(path.steps) - 1 for path in paths], dtype=np.int64),
            np.array(weights, dtype=np.float64),
        )
        first, between, ends = (
            (snapshot.step_matrices(tuple(step for step, _ in steps)), [power for _, power in steps])
            for steps in (starts, middle, last)
        )
        return cls._joined(first, between, ends, chains, discount)

    @classmethod
    def over(cls, histories: sparse.csr_matrix, *steps: sparse.csr_matrix) -> MetaPathWalk:
        """The walk with ``scores = histories @ steps[0] @ steps[1] ...`` (n_users, n_items), nowhere negative."""
        count = len(steps)
        ends = np.array([0, count], dtype=np.int64)
        chains = Chains(np.zeros(1, dtype=np.int64), np.arange(count, dtype=np.int64), ends, np.ones(1))
        middle = (steps[:-1], [None] * (count - 1))
        return cls._joined(([histories], [None]), middle, ([steps[-1]], [None]), chains, None)

    @classmethod
    def _joined(
        cls, starts: _Raised, middle: _Raised, last: _Raised, chains: Chains, discount: Floats | None
    ) -> MetaPathWalk:
        order = by_degree(last[0])
        steps = [*middle[0], *(matrix[:, order.item_at].sorted_indices() for matrix in last[0])]
        return cls(
            pack(*starts),
            pack(steps, [*middle[1], *last[1]]),
            chains,
            max(matrix.shape[0] for matrix in steps),
            order,
            np.zeros(0) if discount is None else np.asarray(discount, dtype=np.float64)[order.item_at],
        )

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.order.item_at)

    def top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None = None, threads: int | None = None) -> TopK:
        """The best k items that a walk reaches from each of ``users``, without those of ``seen`` (n_users, n_items).

        Ranked by 32-bit score, ties by row; a list is shorter where fewer items are reached. Memory beside
        the answer: a few numbers for each node, for each thread.
        """
        from graphrec_neo4j.walks.kernels import top_k

        if k < 1:
            raise ModelError(f"k must be at least 1, not {k}.")
        rows = users.astype(np.int64)
        top = TopK(np.empty((len(users), k), dtype=np.int32), np.empty((len(users), k), dtype=np.float32))
        if seen is None:
            seen = sparse.csr_matrix((len(self.starts.pointers), self.n_items))
        hidden = (seen.indptr.astype(np.int64), seen.indices.astype(np.uint32))

        def work(start: int, stop: int) -> None:
            lists = (top.items[start:stop], top.scores[start:stop])
            top_k(*self._walk, rows[start:stop], *hidden, *lists)

        in_threads(work, len(users), PIECE, threads)
        return top

    def scores(self, users: Rows, threads: int | None = None) -> npt.NDArray[np.float32]:
        """The score of every item for each of ``users``: (len(users), n_items)."""
        from graphrec_neo4j.walks.kernels import score_rows

        rows = users.astype(np.int64)
        scores = np.empty((len(users), self.n_items), dtype=np.float32)

        def work(start: int, stop: int) -> None:
            score_rows(*self._walk, rows[start:stop], scores[start:stop])

        in_threads(work, len(users), PIECE, threads)
        return scores

    def shares(self, users: Rows, items: Rows, groups: Sequence[int], limit: int, threads: int | None = None) -> Shares:
        """Split the scores of ``items`` (m, k; distinct, or NO_ITEM) for ``users`` (m,) by nodes on the way.

        Walks of chain c are grouped by the node that they pass at level ``groups[c]``, 0 being where the first
        step leads. Costs about as much as ``top_k`` of the same users, whatever k.
        """
        from graphrec_neo4j.walks.explain_kernel import Shares, explain_rows

        rows, asked = users.astype(np.int64), np.ascontiguousarray(items, dtype=np.int32)
        shape = (*items.shape, limit)
        shares = Shares(
            np.zeros(items.shape),
            np.zeros(shape),
            np.zeros(shape, dtype=np.int32),
            np.full(shape, NO_ITEM, dtype=np.int32),
            np.zeros(shape, dtype=np.int32),
        )
        levels = np.array(groups, dtype=np.int64)

        def work(start: int, stop: int) -> None:
            mine = Shares._make(array[start:stop] for array in shares)
            targets = (rows[start:stop], asked[start:stop])
            explain_rows(*self._walk, levels, *targets, mine)

        in_threads(work, len(users), PIECE, threads)
        return shares

    def from_histories(
        self, histories: sparse.csr_matrix, chains: Sequence[int], power: float | None = 1.0
    ) -> MetaPathWalk:
        """The same walk for the m unknown users of ``histories`` (m, n), along those ``chains`` alone.

        Their first step, which must lead to the n nodes that a history counts, is the history's own, with its
        probabilities raised to ``power``; None takes its values as they are.
        """
        steps = [self.chains.step[self.chains.first[chain] : self.chains.first[chain + 1]] for chain in chains]
        kept = Chains(
            np.zeros(len(chains), dtype=np.int64),
            np.concatenate(steps),
            np.cumsum([0] + [len(part) for part in steps], dtype=np.int64),
            self.chains.weight[list(chains)],
        )
        return replace(self, starts=pack([histories], [power]), chains=kept)

    def arrays(self) -> dict[str, npt.NDArray]:
        """Everything as named arrays, from which :meth:`from_arrays` makes an equal walk."""
        named = {f"chains_{name}": array for name, array in self.chains._asdict().items()}
        for part, held in (("starts", self.starts), ("steps", self.steps), ("order", self.order)):
            named |= {f"{part}_{name}": array for name, array in held._asdict().items()}
        return {**named, "width": np.array([self.width]), "discount": self.discount}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray]) -> MetaPathWalk:
        """The inverse of :meth:`arrays`; other arrays beside them are left alone."""
        return cls(
            Transitions._make(arrays[f"starts_{name}"] for name in Transitions._fields),
            Transitions._make(arrays[f"steps_{name}"] for name in Transitions._fields),
            Chains._make(arrays[f"chains_{name}"] for name in Chains._fields),
            int(arrays["width"][0]),
            Order._make(arrays[f"order_{name}"] for name in Order._fields),
            arrays["discount"],
        )

    @property
    def _walk(self) -> tuple[Transitions, Transitions, Chains, int, Order, Floats]:
        return self.starts, self.steps, self.chains, self.width, self.order, self.discount


def powers_of(alpha: Powers, steps: int) -> list[float]:
    """Return the power of each of ``steps`` steps."""
    given = [alpha] if isinstance(alpha, int | float) else list(alpha)
    if not given or not all(np.isfinite(power) for power in given):
        raise ModelError(f"alpha must be a finite number, or one a step, not {alpha!r}.")
    return [float(given[min(step, len(given) - 1)]) for step in range(steps)]


def _numbers(steps: list[_Power], middle: list[_Power], last: list[_Power]) -> list[int]:
    """The matrices of the steps after the first, last steps being numbered after all middle ones."""
    return [*(middle.index(step) for step in steps[1:-1]), len(middle) + last.index(steps[-1])]


def _check(snapshot: GraphSnapshot, paths: Sequence[MetaPath], weights: Sequence[float]) -> None:
    ends = (snapshot.schema.recommend_to, snapshot.schema.recommend)
    if not paths:
        raise ModelError("a walk needs at least one meta-path.")
    if len(weights) != len(paths) or not all(np.isfinite(weight) and weight > 0 for weight in weights):
        raise ModelError(f"a walk along {len(paths)} meta-paths needs as many positive weights, not {list(weights)}.")
    for path in paths:
        if (path.source, path.target) != ends or len(path.steps) < 2:
            raise ModelError(
                f"meta-path {path.text!r} must lead from {ends[0]} to {ends[1]} in two steps or more to recommend."
            )
