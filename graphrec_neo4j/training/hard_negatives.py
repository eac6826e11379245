"""The items that come nearest to a user without being hers: what a model has yet to learn to tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor

from graphrec_neo4j.ranking.topk import top_k_of_vectors
from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.training.known import KnownPairs
from graphrec_neo4j.training.negatives import Negatives, Shared, UniformNegatives, counted

LARGE_CATALOGUE = 150_000
"""Items above which nearest neighbours are looked up in an index where faiss is installed; below, none is needed."""

CELLS_LOOKED_INTO = 16
USERS_AT_ONCE = 4096


class HardNegatives(Negatives):
    """Draws among each user's ``depth`` nearest unknown items, all with the same chance.

    Nearest by dot product of the vectors that an epoch begins with. Zhang et al., SIGIR 2013, draw so.
    """

    def __init__(self, hidden: KnownPairs, depth: int) -> None:
        self.hidden, self.depth = hidden, min(depth, hidden.n_items)
        self.nearest: Tensor | None = None

    def begin(self, done: float, vectors: Callable[[], tuple[Tensor, Tensor]]) -> None:
        """Look the neighbours up, by the vectors of now."""
        self.nearest = nearest_unknown(*vectors(), self.hidden, self.depth)

    def draw(self, users: Tensor, generator: torch.Generator) -> Tensor:
        """Return one of the nearest unknown items of each of ``users`` (m,), as (m,)."""
        nearest = self._looked_up()[users]
        found = (nearest != NO_ITEM).sum(1)
        chance = torch.rand(len(users), generator=generator, device=users.device, dtype=torch.float64)
        drawn = nearest.gather(1, (chance * found).long()[:, None]).squeeze(1)
        lost = found == 0
        if lost.any():
            drawn[lost] = UniformNegatives(self.hidden).draw(users[lost], generator)
        return drawn

    def shared(self, batch: Tensor, count: int, generator: torch.Generator) -> Shared:
        """Return ``count`` draws, or as many as there are items, from the neighbours of random users of ``batch``."""
        draws = min(count, self.hidden.n_items)
        chance = torch.rand(draws, generator=generator, device=batch.device, dtype=torch.float64)
        return counted(self.draw(batch[(chance * len(batch)).long()], generator))

    def _looked_up(self) -> Tensor:
        if self.nearest is None:
            raise RuntimeError("hard negatives are drawn after the epoch has begun.")
        return self.nearest


def nearest_unknown(users: Tensor, items: Tensor, hidden: KnownPairs, depth: int) -> Tensor:
    """Return the ``depth`` items (n_users, depth) with the largest dot products that are not hidden from each user.

    A row that has fewer ends in NO_ITEM. Exact on up to LARGE_CATALOGUE items or without faiss.
    """
    if users.device.type == "cuda":
        return _on_device(users, items, hidden, depth)
    of_users, of_items = users.float().numpy(), items.float().numpy()
    index = _index_of(of_items) if len(of_items) > LARGE_CATALOGUE else None
    if index is None:
        pairs = (np.ones(len(hidden.items), dtype=np.float32), hidden.items.numpy(), hidden.pointers.numpy())
        seen = sparse.csr_matrix(pairs, shape=(len(of_users), hidden.n_items))
        top = top_k_of_vectors(of_users, of_items, np.arange(len(of_users)), depth, seen)
        return torch.from_numpy(top.items.astype(np.int64))
    _, found = index.search(np.ascontiguousarray(of_users), 2 * depth)
    return _unknown_of(torch.from_numpy(found), hidden, depth)


def _on_device(users: Tensor, items: Tensor, hidden: KnownPairs, depth: int) -> Tensor:
    """The same by whole rows of scores, some thousand users at a time."""
    found = []
    for rows in torch.arange(len(users), device=users.device).split(USERS_AT_ONCE):
        scores = users[rows] @ items.T
        scores[hidden.of_users(rows)] = -torch.inf
        best = scores.topk(depth)
        found.append(best.indices.masked_fill(best.values == -torch.inf, NO_ITEM))
    return torch.cat(found)


def _unknown_of(found: Tensor, hidden: KnownPairs, depth: int) -> Tensor:
    """The first ``depth`` of the items ``found`` (n_users, k), best first, that are not hidden; NO_ITEM after them."""
    user = torch.arange(len(found))[:, None].expand_as(found)
    unknown = (found >= 0) & ~hidden.contain(user, found.clamp(min=0))
    order = (~unknown).long().argsort(dim=1, stable=True)[:, :depth]
    kept = found.gather(1, order)
    return kept.masked_fill(~unknown.gather(1, order), NO_ITEM)


def _index_of(items: npt.NDArray[np.float32]) -> Any:
    """Cells of items around centres, by dot product; None where faiss is not installed."""
    try:
        import faiss
    except ImportError:
        return None
    cells = int(np.sqrt(len(items)))
    index: Any = faiss.index_factory(items.shape[1], f"IVF{cells},Flat", faiss.METRIC_INNER_PRODUCT)
    index.cp.seed, index.nprobe = 0, CELLS_LOOKED_INTO
    index.train(items)
    index.add(items)
    return index
