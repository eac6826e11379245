"""Meta-path PageRank: the probability of arriving at each item on a walk along meta-paths of the schema.

P3 of Cooper, Lee, Radzik and Siantos, "Random walks in recommender systems: exact computation and
simulations" (WWW 2014), for any chain of edge types, and the discount of popular items of Paudel, Christoffel,
Newell and Bernstein, "Updatable, accurate, diverse, and scalable recommendations for interactive applications"
(ACM TiiS 7(1), 2017). Exact; nothing between users and items, or items and items, is ever held.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.meta_path import MetaPath
from graphrec_neo4j.results import Shares, TopK
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.threads import in_threads
from graphrec_neo4j.walks.panel_walk import BLOCKS, LANES, PanelWalk, may_pay
from graphrec_neo4j.walks.places import Head, Order, as_given, by_degree, head_of, places, renumbered, settled
from graphrec_neo4j.walks.transitions import (
    Chains,
    Counting,
    Floats,
    Transitions,
    chains_of,
    kinds_of,
    pack,
)

Bools = npt.NDArray[np.bool_]
Int32s = npt.NDArray[np.int32]
Rows = npt.NDArray[np.integer]
Powers = float | Sequence[float]

PIECE = 512


@dataclass(frozen=True, eq=False)
class MetaPathWalk:
    """A weighted sum of walks from users to items along meta-paths of two steps or more.

    ``starts`` are the first steps, ``steps`` the others, ``chains`` how they join; ``width`` is the size of the
    largest node type between the ends, ``order`` that of the items in an accumulator, and so of the columns of
    last steps; ``discount`` (n_items,), in that order too, multiplies the scores, unless it is empty. Between the
    ends users are numbered by their place in ``users``, and ``from_users`` says which of ``steps`` they take.
    Where many are asked for, they are walked in the order of ``turns`` (n_users,). An item scores
    nothing for a user to whom fewer than ``least_paths`` walks lead, over all chains together.
    """

    starts: Transitions
    steps: Transitions
    chains: Chains
    width: int
    order: Order
    discount: Floats
    users: Order
    from_users: Bools
    turns: Int32s
    least_paths: int = 1

    @classmethod
    def along(
        cls,
        snapshot: GraphSnapshot,
        paths: Sequence[MetaPath],
        weights: Sequence[float] | None = None,
        alpha: Powers = 1.0,
        discount: Floats | None = None,
        least_paths: int = 1,
    ) -> MetaPathWalk:
        """Prepare walks along ``paths``, each counting ``weights`` times (1 without), over ``snapshot``.

        ``alpha`` is the power of every transition probability, or one power a step, the last for all further.
        Raises ModelError for a path that does not lead from users to items in two steps or more.
        """
        weights = [1.0] * len(paths) if weights is None else weights
        _check(snapshot, paths, weights, least_paths)
        raised = [list(zip(path.steps, powers_of(alpha, len(path.steps)), strict=True)) for path in paths]
        starts, middle, last = kinds = kinds_of(raised)
        chains = chains_of(raised, kinds, weights)
        taken = [step for step, _ in (*starts, *middle, *last)]
        powers = [power for _, power in (*starts, *middle, *last)]
        begin, end, schema = len(starts), len(starts) + len(middle), snapshot.schema
        # People who are recommended people stay as they are, since histories count them by row.
        user = schema.recommend_to if schema.recommend_to != schema.recommend else ""
        matrices = snapshot.step_matrices(tuple(taken))
        order, users = places(taken[end:], matrices[end:], user)
        matrices = settled(taken, matrices, begin, end, (user, order, users))
        return cls(
            pack(matrices[:begin], powers[:begin]),
            pack(matrices[begin:], powers[begin:]),
            chains,
            max(matrix.shape[0] for matrix in matrices[begin:]),
            order,
            _of_places(discount, order),
            users,
            np.array([bool(len(users.item_at)) and step.source == user for step in taken[begin:]]),
            (users if len(users.item_at) else as_given(len(snapshot.users))).place_of,
            least_paths,
        )

    @classmethod
    def over(cls, histories: sparse.csr_matrix, *steps: sparse.csr_matrix) -> MetaPathWalk:
        """The walk with ``scores = histories @ steps[0] @ steps[1] ...`` (n_users, n_items), nowhere negative."""
        count, order = len(steps), by_degree(steps[-1:])
        ends = np.array([0, count], dtype=np.int64)
        return cls(
            pack([histories], [None]),
            pack([*steps[:-1], renumbered(steps[-1], None, order)], [None] * count),
            Chains(np.zeros(1, dtype=np.int64), np.arange(count, dtype=np.int64), ends, np.ones(1)),
            max(matrix.shape[0] for matrix in steps),
            order,
            np.zeros(0),
            as_given(0),
            np.zeros(count, dtype=np.bool_),
            as_given(histories.shape[0]).place_of,
        )

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return len(self.order.item_at)

    def top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None = None, threads: int | None = None) -> TopK:
        """The best k items that a walk reaches from each of ``users``, without those of ``seen`` (n_users, n_items).

        Ranked by 32-bit score, ties by row; a list is shorter where fewer items are reached. Users who stand
        together are walked one after the other, because they pass the same nodes, which then are in the cache.
        Long or dense chains go in blocks of users, by the rule of :mod:`graphrec_neo4j.walks.panel_walk`. Memory
        beside the answer, however many users: a few numbers for each node and thread, in blocks 384 to 512 bytes,
        and once 12 bytes for each edge of the steps that are walked in blocks.
        """
        if k < 1:
            raise ModelError(f"k must be at least 1, not {k}.")
        rows = users.astype(np.int64)
        asked = np.argsort(self.turns[rows], kind="stable")
        top = TopK(np.empty((len(users), k), dtype=np.int32), np.empty((len(users), k), dtype=np.float32))
        if seen is None:
            seen = sparse.csr_matrix((len(self.starts.pointers), self.n_items))
        hidden = (seen.indptr.astype(np.int64), seen.indices.astype(np.uint32))
        best, _, piece = self._kernels(len(users))

        def work(start: int, stop: int) -> None:
            best(rows, asked[start:stop], *hidden, top.items, top.scores)

        in_threads(work, len(users), piece, threads)
        return top

    def scores(self, users: Rows, threads: int | None = None) -> npt.NDArray[np.float32]:
        """The score of every item for each of ``users``: (len(users), n_items)."""
        rows = users.astype(np.int64)
        scores = np.empty((len(users), self.n_items), dtype=np.float32)
        _, score, piece = self._kernels(len(users))

        def work(start: int, stop: int) -> None:
            score(rows[start:stop], scores[start:stop])

        in_threads(work, len(users), piece, threads)
        return scores

    def shares(self, users: Rows, items: Rows, groups: Sequence[int], limit: int, threads: int | None = None) -> Shares:
        """Split the scores of ``items`` (m, k; distinct, or NO_ITEM) for ``users`` (m,) by nodes on the way.

        Walks of chain c are grouped by the node that they pass at level ``groups[c]``, 0 being where the first
        step leads. Costs about as much as row products of the same users, whatever k.
        """
        from graphrec_neo4j.walks.explain_kernel import explain_rows

        rows, asked = users.astype(np.int64), np.ascontiguousarray(items, dtype=np.int32)
        shares = Shares.none((len(users), items.shape[1]), limit)
        levels = np.array(groups, dtype=np.int64)

        def work(start: int, stop: int) -> None:
            mine = Shares._make(array[start:stop] for array in shares)
            targets = (rows[start:stop], asked[start:stop])
            explain_rows(*self._walk, self.counting, self.users, self.from_users, levels, *targets, mine)

        in_threads(work, len(users), PIECE, threads)
        return shares

    def from_histories(
        self, histories: sparse.csr_matrix, chains: Sequence[int], power: float | None = 1.0
    ) -> MetaPathWalk:
        """The same walk for the m unknown users of ``histories`` (m, n), along those ``chains`` alone.

        Their first step, which must lead to the n nodes that a history counts, is the history's own, with its
        probabilities raised to ``power``; None takes its values as they are.
        """
        kept = self.chains.some(chains)._replace(start=np.zeros(len(chains), dtype=np.int64))
        turns = as_given(histories.shape[0]).place_of
        return replace(self, starts=pack([histories], [power]), chains=kept, turns=turns)

    def arrays(self) -> dict[str, npt.NDArray]:
        """Everything as named arrays, from which :meth:`from_arrays` makes an equal walk."""
        named = {f"chains_{name}": array for name, array in self.chains._asdict().items()}
        for part in ("starts", "steps", "order", "users"):
            named |= {f"{part}_{name}": array for name, array in getattr(self, part)._asdict().items()}
        single = {"width": np.array([self.width]), "discount": self.discount}
        single["least_paths"] = np.array([self.least_paths])
        return {**named, **single, "from_users": self.from_users, "turns": self.turns}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, npt.NDArray]) -> MetaPathWalk:
        """The inverse of :meth:`arrays`; other arrays beside them are left alone."""

        def part(name: str, kind: Any) -> Any:
            return kind._make(arrays[f"{name}_{field}"] for field in kind._fields)

        return cls(
            part("starts", Transitions),
            part("steps", Transitions),
            part("chains", Chains),
            int(arrays["width"][0]),
            part("order", Order),
            arrays["discount"],
            part("users", Order),
            arrays["from_users"],
            arrays["turns"],
            int(arrays["least_paths"][0]),
        )

    @property
    def _walk(self) -> tuple[Transitions, Transitions, Chains, int, Order, Floats]:
        return self.starts, self.steps, self.chains, self.width, self.order, self.discount

    @cached_property
    def counting(self) -> Counting:
        """The same walks, each of which counts one."""
        return Counting.of(self.starts, self.steps, self.chains, self.least_paths)

    @cached_property
    def _in_panels(self) -> PanelWalk | None:
        ends = (len(self.turns), self.n_items)
        return PanelWalk.of(self.starts, self.steps, self.chains, self.width, ends, self.least_paths)

    def _kernels(self, users: int) -> tuple[Callable[..., None], Callable[..., None], int]:
        """How so many users get lists and scores, by rows or in panels, and how many of them at a time."""
        from graphrec_neo4j.walks.kernels import score_rows, top_k
        from graphrec_neo4j.walks.panel_kernel import score_rows_in_panels, top_k_in_panels

        walk, panels = (*self._walk, self.counting), self._in_panels if may_pay(users) else None
        if panels is None or not panels.pays(users):
            return partial(top_k, *walk, self._head), partial(score_rows, *walk), PIECE
        blocks = (*walk, panels.panels, LANES)
        return partial(top_k_in_panels, *blocks), partial(score_rows_in_panels, *blocks), BLOCKS

    @cached_property
    def _head(self) -> Head:
        return head_of(self.steps, self.n_items)


def powers_of(alpha: Powers, steps: int) -> list[float]:
    """Return the power of each of ``steps`` steps."""
    given = [alpha] if isinstance(alpha, int | float) else list(alpha)
    if not given or not all(np.isfinite(power) for power in given):
        raise ModelError(f"alpha must be a finite number, or one a step, not {alpha!r}.")
    return [float(given[min(step, len(given) - 1)]) for step in range(steps)]


def _of_places(discount: Floats | None, order: Order) -> Floats:
    return np.zeros(0) if discount is None else np.asarray(discount, dtype=np.float64)[order.item_at]


def _check(snapshot: GraphSnapshot, paths: Sequence[MetaPath], weights: Sequence[float], least_paths: int) -> None:
    if least_paths < 1:
        raise ModelError(f"least_paths must be at least 1, not {least_paths}.")
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
