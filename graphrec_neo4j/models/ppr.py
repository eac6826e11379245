"""Personalized PageRank: where a walk is found that keeps returning to the user."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.models.base import Recommender, Rows, Scores, State
from graphrec_neo4j.models.devices import device_for
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.ranking.topk import top_k_of_blocks
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation, TopK
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.page_rank import BLOCK, RESTART, TOLERANCE, arrival_probabilities, personalized_page_rank
from graphrec_neo4j.walks.typed_graph import TypedGraph

if TYPE_CHECKING:
    from graphrec_neo4j.models.torch_page_rank import TorchPageRank


@dataclass(frozen=True)
class PersonalizedPageRankSettings:
    """``edges``: the edge types walked, none meaning all interactions, ties and categories.

    ``restart``: the probability of returning to the user before each step; ``tolerance``: the L1 error that
    no user's scores exceed.
    """

    edges: tuple[str, ...] = ()
    restart: float = RESTART
    tolerance: float = TOLERANCE


class PersonalizedPageRank(Recommender):
    """``score(u, i)`` = the share of time that a walk with restart at u spends at i, over all edge types at once.

    Edges are walked both ways, with probability proportional to their strength. A user who was not in the
    graph restarts at the items of her history, or without one at items in proportion to their popularity.
    Explanations split a score by the first step: p_u = c e_u + (1 - c) sum over n of P(u, n) p_n, exactly.

    Many users are walked on ``device`` (``"auto"``, ``"cpu"``, ``"cuda"``), which is no setting of the model: a GPU
    where torch sees one, else the processor.
    """

    name = "ppr"
    line = "where a walk is found that keeps returning to the user"
    paper = "Haveliwala: Topic-sensitive PageRank, WWW 2002; Page, Brin, Motwani, Winograd 1999"
    uses = ("interactions", "ties", "categories")
    inductive = True
    cost = "a sort of the edges; a list takes some 16 passes over them for every 32 users"
    lighter = "take p3, or walk fewer edge types"
    settings_class: ClassVar[type] = PersonalizedPageRankSettings
    fits_at_once = True

    device: str = "auto"
    graph: TypedGraph
    user_type: str
    item_type: str
    _elsewhere: TorchPageRank | None = None

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        return TypedGraph.bytes_of(snapshot, self.settings.edges)

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.user_type, self.item_type = snapshot.schema.recommend_to, snapshot.schema.recommend
        self.graph = TypedGraph.of(snapshot, self.settings.edges)

    def _scores(self, users: Rows) -> Scores:
        return self._ranks(self._starts(users))

    def _starts(self, users: Rows) -> sparse.csr_matrix:
        return _ones_at(users + self.graph.offsets[self.user_type], len(self.graph))

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        """Only items that the walk reaches are listed."""
        torch_ranks, settings = self._ranks_elsewhere(len(users)), self.settings
        if torch_ranks is not None:
            hidden = None if seen is None else seen[users]
            return torch_ranks.top_k(self._starts(users), settings.restart, settings.tolerance, k, hidden)

        def reached(rows: Rows) -> Scores:
            scores = self._scores(rows)
            return np.where(scores > 0, scores, np.float32(-np.inf))

        return top_k_of_blocks(reached, users, k, self.n_items, seen)

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        popular = self.popularity if self.popularity.any() else np.ones(self.n_items)
        empty = np.asarray(histories.sum(axis=1)).ravel() == 0
        filled = histories + sparse.csr_matrix(empty[:, None] * 1.0) @ sparse.csr_matrix(popular[None, :])
        shares = sparse.csr_matrix(sparse.diags(1 / np.asarray(filled.sum(axis=1)).ravel()) @ filled)
        columns = shares.indices + self.graph.offsets[self.item_type]
        return self._ranks(
            sparse.csr_matrix((shares.data, columns, shares.indptr), shape=(histories.shape[0], len(self.graph)))
        )

    def _ranks(self, restarts: sparse.csr_matrix) -> Scores:
        settings, torch_ranks = self.settings, self._ranks_elsewhere(restarts.shape[0])
        if torch_ranks is not None:
            return torch_ranks.scores(restarts, settings.restart, settings.tolerance)
        ranks = personalized_page_rank(
            self.graph, restarts, settings.restart, settings.tolerance, self._items, dtype=np.float32
        )
        return cast(Scores, ranks)

    def _ranks_elsewhere(self, users: int) -> TorchPageRank | None:
        """The graph on the device where so many users are best walked, or None where that is the processor."""
        device = device_for(self.device, users)
        if device == "cpu":
            return None
        from graphrec_neo4j.models.torch_page_rank import TorchPageRank

        if self._elsewhere is None or (self._elsewhere.graph, self._elsewhere.device) != (self.graph, device):
            self._elsewhere = TorchPageRank.of(self.graph, self._items, device)
        return self._elsewhere

    @property
    def _items(self) -> slice:
        """Where the items stand in the graph."""
        first = self.graph.offsets[self.item_type]
        return slice(first, first + self.n_items)

    def _explain_many(self, users: Rows, items: Rows, limit: int) -> list[list[Explanation | None]]:
        """One solution for each distinct item, which serves all users."""
        told: list[list[Explanation | None]] = [[None] * items.shape[1] for _ in users]
        for distinct, arrivals in self._arrivals(np.unique(items[items != NO_ITEM])):
            for at, place in np.argwhere(np.isin(items, distinct)).tolist():
                column = int(np.searchsorted(distinct, items[at, place]))
                told[at][place] = self._split(int(users[at]), int(items[at, place]), arrivals[column], limit)
        return told

    def _arrivals(self, items: Rows) -> Iterator[tuple[Rows, npt.NDArray[np.float64]]]:
        first, settings = self.graph.offsets[self.item_type], self.settings
        for start in range(0, len(items), BLOCK):
            block = items[start : start + BLOCK]
            yield block, arrival_probabilities(self.graph, block + first, settings.restart, settings.tolerance)

    def _split(self, user: int, item: int, arrivals: npt.NDArray[np.float64], limit: int) -> Explanation:
        graph, restart = self.graph, self.settings.restart
        node, target = user + graph.offsets[self.user_type], item + graph.offsets[self.item_type]
        row = graph.weights[node]
        parts = (1 - restart) * row.data / graph.degrees[node] * arrivals[row.indices]
        best = np.lexsort((row.indices, -parts))[:limit]
        kept = tuple(self._contribution(int(row.indices[at]), target, float(parts[at])) for at in best if parts[at] > 0)
        score = float(parts.sum()) + (restart if node == target else 0.0)
        return Explanation(score, kept, score - sum(part.score for part in kept), exact=True)

    def _contribution(self, node: int, target: int, score: float) -> Contribution:
        node_type, row = self.graph.type_of(node)
        kinds = {self.item_type: "taste", self.user_type: "tie"}
        path = () if node == target else ((node_type, row),)
        return Contribution(kinds.get(node_type, "category"), score, path, 1, self.graph.joining[node_type])

    def _state(self) -> State:
        return {**self.graph.arrays(), "ends": np.array([self.user_type, self.item_type])}

    def _restore(self, state: State) -> None:
        self.user_type, self.item_type = cast(npt.NDArray, state["ends"]).tolist()
        self.graph = TypedGraph.from_arrays(state)


def _ones_at(nodes: Rows, n: int) -> sparse.csr_matrix:
    """One row (n,) for each of ``nodes``, 1 at the node."""
    return sparse.csr_matrix((np.ones(len(nodes)), (np.arange(len(nodes)), nodes)), shape=(len(nodes), n))
