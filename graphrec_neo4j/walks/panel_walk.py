"""When walks go in blocks of users, and the matrices for it.

A row product goes through the edges that one user reaches; a product with a panel of ``BLOCK`` users goes through
all edges of a step, for all of them at once. So a chain is walked by rows while users reach little, and in panels
from the step on where that is cheaper.

The rule: count, for up to ``SAMPLE`` of the walk's users, who stand evenly spaced, the edges that their row products
go through at each step, and the nodes where they then are. In units of such an edge, an edge of a panel costs
``PANEL_EDGE``, as does a node that a panel leads to, and a node whose mass goes from a row into a panel
``HAND_OVER``. For each chain take the switch, or none, that is cheapest on average; and go in panels only in a call
for so many users that its blocks, of which the last may not be full, are cheaper than the row products they save.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.walks.transitions import Chains, Counting, Floats, Int64s, Transitions
from graphrec_neo4j.walks.two_sides import AHEAD

if TYPE_CHECKING:
    from graphrec_neo4j.walks.panel_kernel import Panels

BLOCK = 16
LANES = (0,) * BLOCK
BLOCKS = 8 * BLOCK
SAMPLE, ONE_IN = 64, 8
PANEL_EDGE, HAND_OVER = 1.5, 3.0


class Backward(NamedTuple):
    """The matrices of steps seen from where they lead to: CSR of the transposed ones, one after the other.

    Node j of where matrix m leads to, from ``sources[m]`` nodes, is row ``first_row[m] + j`` of ``pointers``.
    ``neighbours`` is ``AHEAD`` longer than the edges, so that whoever walks them may look ahead.
    """

    first_row: Int64s
    pointers: Int64s
    neighbours: npt.NDArray[np.uint32]
    weights: Floats
    sources: Int64s

    @classmethod
    def of(cls, steps: Transitions, targets: Int64s) -> Backward:
        """Turn those of ``steps`` around that lead to any ``targets`` (matrices,)."""
        turned = [steps.matrix(number, size).T.tocsr() for number, size in enumerate(targets) if size]
        edges_before = np.cumsum([0] + [matrix.nnz for matrix in turned])
        rows = np.where(targets > 0, targets + 1, 0)
        return cls(
            np.concatenate(([0], np.cumsum(rows))),
            np.concatenate([matrix.indptr + before for matrix, before in zip(turned, edges_before, strict=False)]),
            np.pad(np.concatenate([matrix.indices for matrix in turned]).astype(np.uint32), (0, AHEAD)),
            np.concatenate([matrix.data for matrix in turned]),
            steps.rows,
        )


@dataclass(frozen=True, eq=False)
class PanelWalk:
    """A walk in blocks: ``panels`` for scores and for path counts, and what it costs, in edges of row products.

    ``saved`` is what the row products of one user cost that panels save, ``cost`` what a block costs instead.
    """

    panels: tuple[Panels, Panels]
    saved: float
    cost: float

    @classmethod
    def of(
        cls, starts: Transitions, steps: Transitions, chains: Chains, width: int, ends: tuple[int, int], least: int
    ) -> PanelWalk | None:
        """The blocks of a walk between ``ends`` (n_users, n_items), or None where row products are always cheaper."""
        rows, nodes = rows_walked(starts, steps, chains, width, ends[0])
        targets = chains.targets(steps, ends[1])
        panels = PANEL_EDGE * (steps.edges + targets)[chains.step]
        at = switches(chains, rows, HAND_OVER * nodes, panels / BLOCK)
        beyond = [np.arange(first, last) for first, last in zip(at, chains.first[1:], strict=True)]
        late = np.concatenate(beyond)
        if not len(late):
            return None
        targets[np.setdiff1d(np.arange(len(targets)), chains.step[late])] = 0
        one = Counting.of(starts, steps, chains, least)
        scores = _panels(chains, at, Backward.of(steps, targets))
        counts = _panels(one.chains, at, Backward.of(one.steps, targets) if least > 1 else scores.backward)
        saved = rows[late].sum() - HAND_OVER * nodes[at[at < chains.first[1:]]].sum()
        return cls((scores, counts), float(saved), float(panels[late].sum()))

    def pays(self, users: int) -> bool:
        """Whether so many users are walked faster in blocks than by rows."""
        return users * self.saved > -(-users // BLOCK) * self.cost


def may_pay(users: int) -> bool:
    """Whether panels can pay for so many users in any walk; a row product goes through no more edges than a panel."""
    return users > PANEL_EDGE


def _panels(chains: Chains, at: Int64s, backward: Backward) -> Panels:
    from graphrec_neo4j.walks.panel_kernel import Panels

    late = at < chains.first[1:]
    # Positions count within the chains that go in panels.
    moved = chains.some(np.flatnonzero(late))
    begin = moved.first[:-1] + (at - chains.first[:-1])[late]
    return Panels(chains.some(np.flatnonzero(~late)), moved, begin, backward)


def rows_walked(
    starts: Transitions, steps: Transitions, chains: Chains, width: int, n_users: int
) -> tuple[Floats, Floats]:
    """The edges that row products go through at each position of ``chains``, and the nodes that these start from.

    Both (positions,), means over a sample of users: at most one in ``ONE_IN``, so that it costs little beside the walk.
    """
    from graphrec_neo4j.walks.panel_kernel import edges_walked

    size = min(SAMPLE, -(-n_users // ONE_IN))
    users = np.arange(size) * n_users // size
    edges, nodes = np.zeros((2, size, len(chains.step)), dtype=np.int64)
    edges_walked(starts, steps, chains, width, users, edges, nodes)
    return edges.mean(axis=0), nodes.mean(axis=0)


def switches(chains: Chains, rows: Floats, hand_over: Floats, panels: Floats) -> Int64s:
    """The position of each chain (chains,) from which panels are cheapest; where they never are, that of its end.

    ``rows`` and ``panels`` (positions,) are what each step costs a user either way, ``hand_over`` what it costs to
    go from rows to panels before it.
    """
    at = []
    for first, end in zip(chains.first, chains.first[1:], strict=False):
        before = np.cumsum(np.append(0.0, rows[first:end]))
        after = np.append(np.cumsum(panels[first:end][::-1])[::-1] + hand_over[first:end], 0.0)
        cost = before + after
        at.append(end - np.argmin(cost[::-1]))
    return np.array(at, dtype=np.int64)
