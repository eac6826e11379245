"""Personalized PageRank in torch, on a GPU or wherever torch computes; import this module inside functions only.

Chebyshev's semi-iteration on two sides, as :func:`graphrec_neo4j.walks.page_rank_kernel.solve` describes it, with
64-bit panels, so that its bound is the guarantee.
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
from graphrec_neo4j.walks.page_rank import Restarts, crossings_for
from graphrec_neo4j.walks.two_sides import Side
from graphrec_neo4j.walks.typed_graph import TypedGraph


@dataclass(frozen=True, eq=False)
class TorchPageRank:
    """PageRank over ``graph`` on a torch ``device``: what crosses to either side, and the degrees (m, 1) there.

    ``positions`` tell where each of the nodes asked for, those of the slice ``nodes``, stands on the two sides.
    """

    graph: TypedGraph
    nodes: slice
    device: str
    crossing: tuple[torch.Tensor, torch.Tensor]
    degrees: tuple[torch.Tensor, torch.Tensor]
    positions: torch.Tensor

    @classmethod
    def of(cls, graph: TypedGraph, nodes: slice, device: str) -> TorchPageRank:
        """Bring a graph to ``device``."""
        left, right = graph.sides.sides
        matrices = _matrix(left, len(right.degrees)), _matrix(right, len(left.degrees))
        return cls(
            graph,
            nodes,
            device,
            (on_device(matrices[0], device), on_device(matrices[1], device)),
            (torch.from_numpy(left.degrees).to(device)[:, None], torch.from_numpy(right.degrees).to(device)[:, None]),
            torch.from_numpy(np.ascontiguousarray(graph.sides.positions[:, nodes])).to(device),
        )

    def scores(self, restarts: sparse.csr_matrix, restart: float, tolerance: float) -> npt.NDArray[np.float32]:
        """The ranks (m, len(nodes)) from each vector of ``restarts`` (m, n), to an L1 error of ``tolerance``."""
        scores = np.empty((restarts.shape[0], self.positions.shape[1]), dtype=np.float32)
        for block in self._blocks(restarts):
            scores[block] = self._ranks(restarts[block], restart, tolerance).cpu().numpy()
        return scores

    def top_k(
        self, restarts: sparse.csr_matrix, restart: float, tolerance: float, k: int, seen: sparse.csr_matrix | None
    ) -> TopK:
        """The best k nodes that a walk reaches from each restart vector, without those of ``seen`` (m, len(nodes))."""
        top = empty_lists(restarts.shape[0], k)
        for block in self._blocks(restarts):
            ranks = self._ranks(restarts[block], restart, tolerance)
            fill_lists(ranks, None if seen is None else seen[block], top.items[block], top.scores[block])
        return top

    def _blocks(self, restarts: sparse.csr_matrix) -> Iterator[slice]:
        """Of each side what restarts, what is, and three times what changes; of the answer as much as lists take."""
        sizes = sum(len(degrees) for degrees in self.degrees)
        return user_blocks(restarts.shape[0], 8.0 * (5 * sizes + 6 * self.positions.shape[1]), self.device)

    def _ranks(self, block: sparse.csr_matrix, restart: float, tolerance: float) -> torch.Tensor:
        """Ranks (b, len(nodes)) of 32 bits: means over the sides where a node stands, scaled to sum to 1 over all."""
        starts = Restarts.of(self.graph, block, restart)
        sides = self.graph.sides
        asked = (2 if sides.covers else 1) * tolerance * starts.sums.min()
        panels = self._solve([self._sources(starts, side) for side in range(2)], restart, float(asked))
        shares = torch.zeros(self.positions.shape[1], block.shape[0], dtype=torch.float64, device=self.device)
        for positions, panel, degrees in zip(self.positions, panels, self.degrees, strict=True):
            there = positions >= 0
            shares[there] += (panel * degrees)[positions[there]]
        shares[(self.positions >= 0).all(dim=0)] *= 0.5
        ranks = (shares / torch.from_numpy(starts.sums).to(self.device)).T.float().contiguous()
        columns, places, values = starts.alone_in(self.nodes, len(self.graph))
        ranks[columns, places] = torch.from_numpy(values).to(self.device, torch.float32)
        return ranks

    def _sources(self, starts: Restarts, side: int) -> torch.Tensor:
        """The panel (m, b) of what restarts on a side."""
        positions = self.graph.sides.positions[side][starts.nodes]
        there = positions >= 0
        ends = (starts.columns[there], positions[there])
        shape = (len(starts.sums), len(self.degrees[side]))
        return panel_of(sparse.csr_matrix((starts.values[there], ends), shape=shape), self.device)

    def _solve(self, sources: list[torch.Tensor], restart: float, tolerance: float) -> list[torch.Tensor]:
        """The panels p / degrees of both sides, for an L1 error of ``tolerance`` over both."""
        damping, (left, right) = 1.0 - restart, self.degrees
        omega, carried = 2.0 / (2.0 - damping**2), 0.0
        panels = [sources[0] / left]
        panels.append((sources[1] + damping * torch.sparse.mm(self.crossing[1], panels[0])) / right)
        for crossing in range(1, crossings_for(restart, tolerance)):
            to = (crossing + 1) % 2
            change = torch.sparse.mm(self.crossing[to], panels[1 - to]).mul_(damping).add_(sources[to])
            change.div_(self.degrees[to]).sub_(panels[to])
            panels[to].add_(change, alpha=omega)
            changes, left_over = (change.abs_().mul_(self.degrees[to])).sum(dim=0), abs(1.0 - omega)
            if float(((left_over + damping * omega) * changes + carried).max()) <= restart * tolerance:
                break
            carried = left_over * changes
            omega = 1.0 / (1.0 - 0.25 * damping**2 * omega)
        return panels


def _matrix(side: Side, n: int) -> sparse.csr_matrix:
    """The weights from a side's m nodes to the n of the other: (m, n)."""
    pointers = side.pointers.astype(np.int64)
    return sparse.csr_matrix((side.weights, side.neighbours[: pointers[-1]], pointers), shape=(len(pointers) - 1, n))
