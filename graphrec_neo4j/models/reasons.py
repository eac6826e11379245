"""``Reasons``: explanations of many pairs in columns, which are made objects when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.results import NO_ITEM, Explanation, Shares
from graphrec_neo4j.threads import in_threads
from graphrec_neo4j.walks.explanations import Telling, explanations

if TYPE_CHECKING:
    from graphrec_neo4j.models.taste import Tastes

_PIECE = 256


@dataclass(frozen=True, eq=False)
class Reasons:
    """The shares of many scores, and ``tellings``, how the contributions of each chain are told.

    ``tastes`` count the ways of those that come through items of a history, once it is known which are kept; without
    it they are counted. ``exact`` says whether the shares are what the model computes.
    """

    shares: Shares
    tellings: Sequence[Telling]
    exact: bool = True
    tastes: Tastes | None = None

    def explanations(self, items: npt.NDArray[np.integer]) -> list[list[Explanation | None]]:
        """Return an object for each of ``items`` (m, k), None where that is NO_ITEM."""
        shares = self._counted(self.tastes, items) if self.tastes else self.shares
        return explanations(shares, items, self.tellings, self.exact)

    def _counted(self, tastes: Tastes, items: npt.NDArray[np.integer]) -> Shares:
        """The shares with those counted by ``tastes`` that count more so, and told as what was counted."""
        counted = self.tellings.index(tastes.telling)
        taste = np.array([telling[:2] == tastes.telling[:2] for telling in self.tellings], dtype=bool)
        there = (self.shares.nodes != NO_ITEM) & taste[self.shares.chains]
        counts = tastes.shared(self.shares.nodes[there], np.broadcast_to(items[:, :, None], there.shape)[there])
        ways, chains = self.shares.ways.copy(), self.shares.chains.copy()
        chains[there] = np.where(counts > ways[there], counted, chains[there])
        ways[there] = np.maximum(ways[there], counts)
        return self.shares._replace(chains=chains, ways=ways)


def popular(scores: npt.NDArray[np.float64], counts: npt.NDArray[np.float64], limit: int) -> Reasons:
    """Return popularity as the whole reason of ``scores`` (m, k), of items that ``counts`` (m, k) users like."""
    users, listed = scores.shape
    shares = Shares.none((users, listed), min(limit, 1))._replace(totals=scores)
    if limit:
        shares.parts[:, :, 0], shares.nodes[:, :, 0], shares.ways[:, :, 0] = scores, 0, counts
    return Reasons(shares, [Telling("popularity", "", ())])


def blended(parts: Sequence[tuple[npt.NDArray[np.float64], Reasons]], limit: int) -> Reasons:
    """Return the reasons of ``sum of factor * score`` over (factor (m,), reasons) ``parts``.

    Contributions of one kind through the same node become one, which counts what the member that knows most
    counts; the ``limit`` largest positive ones are kept.
    """
    from graphrec_neo4j.models.reasons_kernel import join

    tellings = [telling for _, reasons in parts for telling in reasons.tellings]
    kinds = sorted({telling[:2] for telling in tellings})
    numbers = np.array([kinds.index(telling[:2]) for telling in tellings], dtype=np.int64)
    offsets = np.cumsum([0, *(len(reasons.tellings) for _, reasons in parts)]).tolist()
    total = sum(factor[:, None] * reasons.shares.totals for factor, reasons in parts)
    given = Shares(
        np.asarray(total),
        np.concatenate([factor[:, None, None] * reasons.shares.parts for factor, reasons in parts], axis=2),
        np.concatenate(
            [reasons.shares.chains + np.int32(first) for (_, reasons), first in zip(parts, offsets, strict=False)],
            axis=2,
        ),
        np.concatenate([reasons.shares.nodes for _, reasons in parts], axis=2),
        np.concatenate([reasons.shares.ways for _, reasons in parts], axis=2),
    )
    users, listed = given.totals.shape
    joined = Shares.none((users, listed), min(limit, given.parts.shape[2]))._replace(totals=given.totals)

    def work(start: int, stop: int) -> None:
        mine, ours = (Shares._make(array[start:stop] for array in each) for each in (given, joined))
        join(mine, numbers, ours)

    in_threads(work, users, _PIECE)
    tastes = next((reasons.tastes for _, reasons in parts if reasons.tastes), None)
    return Reasons(joined, tellings, all(reasons.exact for _, reasons in parts), tastes)
