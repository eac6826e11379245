"""Meta-path walks in torch, on a GPU or wherever torch computes; import this module inside functions only.

The same sums as :class:`MetaPathWalk`: the first step fills a panel (nodes, b) for a block of b users, every further
one is a product of its transposed matrix with the panel.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse

from graphrec_neo4j.models.torch_panels import fill_lists, on_device, panel_of, user_blocks
from graphrec_neo4j.ranking.topk import empty_lists
from graphrec_neo4j.results import TopK
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk
from graphrec_neo4j.walks.transitions import Chains, Transitions

Rows = npt.NDArray[np.integer]


@dataclass(frozen=True, eq=False)
class _Steps:
    """First steps (n_users, nodes) by number, and further ones turned around, on the device."""

    starts: dict[int, sparse.csr_matrix]
    further: dict[int, torch.Tensor]
    chains: Chains

    @classmethod
    def of(cls, starts: Transitions, steps: Transitions, chains: Chains, n_items: int, device: str) -> _Steps:
        targets = chains.targets(steps, n_items)
        rows = steps.rows
        first = {int(begin): int(rows[chains.step[at]]) for begin, at in zip(chains.start, chains.first, strict=False)}
        return cls(
            {number: starts.matrix(number, size) for number, size in first.items()},
            {
                number: on_device(steps.matrix(number, int(targets[number])).T.tocsr(), device)
                for number in np.unique(chains.step).tolist()
            },
            chains,
        )

    def sums(self, users: Rows, device: str) -> torch.Tensor:
        """What arrives at every place (n_items, b) from b users, over all chains."""
        total = None
        for chain, (start, weight) in enumerate(zip(self.chains.start, self.chains.weight, strict=True)):
            panel = panel_of(self.starts[int(start)][users] * weight, device)
            for number in self.chains.step[self.chains.first[chain] : self.chains.first[chain + 1]]:
                panel = torch.sparse.mm(self.further[int(number)], panel)
            total = panel if total is None else total.add_(panel)
        assert total is not None
        return total


@dataclass(frozen=True, eq=False)
class TorchWalk:
    """A :class:`MetaPathWalk` on a torch ``device``, with the same answers.

    ``places`` (n_items,) tell where each item stands among the sums, ``discount`` (n_items, 1), in the order of
    places, multiplies them unless it is empty.
    """

    walk: MetaPathWalk
    device: str
    steps: _Steps
    counted: _Steps | None
    places: torch.Tensor
    discount: torch.Tensor

    @classmethod
    def of(cls, walk: MetaPathWalk, device: str) -> TorchWalk:
        """Bring a walk to ``device``."""
        counting, n_items = walk.counting, walk.n_items
        return cls(
            walk,
            device,
            _Steps.of(walk.starts, walk.steps, walk.chains, n_items, device),
            _Steps.of(counting.starts, counting.steps, counting.chains, n_items, device)
            if counting.least > 1
            else None,
            torch.from_numpy(walk.order.place_of.astype(np.int64)).to(device),
            torch.from_numpy(walk.discount).to(device)[:, None],
        )

    def scores(self, users: Rows) -> npt.NDArray[np.float32]:
        """The score of every item for each of ``users``: (len(users), n_items)."""
        scores = np.empty((len(users), self.walk.n_items), dtype=np.float32)
        for block in self._blocks(users):
            scores[block] = self._scores(users[block]).cpu().numpy()
        return scores

    def top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        """The best k items that a walk reaches from each of ``users``, as :meth:`MetaPathWalk.top_k` has them."""
        top = empty_lists(len(users), k)
        for block in self._blocks(users):
            hidden = None if seen is None else seen[users[block]]
            fill_lists(self._scores(users[block]), hidden, top.items[block], top.scores[block])
        return top

    def _blocks(self, users: Rows) -> Iterator[slice]:
        """Two panels of the widest type, and of items the sums, the counts, the scores twice, the keys and a sort's."""
        return user_blocks(len(users), 8.0 * (2 * self.walk.width + 8 * self.walk.n_items), self.device)

    def _scores(self, users: Rows) -> torch.Tensor:
        """Scores (b, n_items) of 32 bits, rounded off after all sums."""
        sums = self.steps.sums(users, self.device)
        if self.counted is not None:
            sums[self.counted.sums(users, self.device) < self.walk.least_paths] = 0.0
        if len(self.discount):
            sums *= self.discount
        return sums.float()[self.places].T.contiguous()
