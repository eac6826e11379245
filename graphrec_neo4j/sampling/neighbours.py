"""Neighbour sampling for PyTorch Geometric's ``NodeLoader`` and ``LinkLoader``, without compiled extensions.

W. Hamilton, R. Ying, J. Leskovec, "Inductive Representation Learning on Large Graphs", NIPS 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch_geometric.sampler.base import NumNeighbors

from graphrec_neo4j.sampling.compiled import CompiledSampler, compiled_sampler
from graphrec_neo4j.sampling.draw_kernel import LeftOut
from graphrec_neo4j.sampling.expansion import Seeds, expand
from graphrec_neo4j.sampling.graph import ONLY_EDGES, ONLY_NODES, EdgeType
from graphrec_neo4j.sampling.randomness import torch_follows
from graphrec_neo4j.sampling.seeded import Output, SeedSampler
from graphrec_neo4j.sampling.sources import sampling_graph


class NeighbourSampler(SeedSampler):
    """Samples the edges into each seed, then into what they come from, hop by hop.

    Arguments are called as in PyTorch Geometric's ``NeighborSampler``; those about targets are in
    :class:`SeedSampler`.

    * ``data``: a ``Data``, a ``HeteroData`` or a pair (``FeatureStore``, ``GraphStore``);
    * ``num_neighbors``: how many edges for each hop, -1 for all: a list, or one by edge type;
    * ``replace``: whether an edge may be drawn again for the same node;
    * ``disjoint``: one subgraph for each seed, told apart by ``batch``;
    * ``weight_attr``: an edge attribute (m,), finite and not negative; edges are drawn in proportion to it, without
      replacement one after another. NaN counts 1, 0 is never drawn, and a type without it draws uniformly;
    * ``time_attr``: an integer edge attribute (m,). Only edges **strictly before** the seed's time are drawn, in
      every hop, and subgraphs are disjoint. An edge without a time (MISSING_TIME) is drawn for no seed and a seed
      without one sees none of these edges; an edge type without the attribute is timeless and always seen.

    Where ``pyg-lib`` is installed it draws what it draws alike: uniformly, with no times and nothing left out.
    """

    def __init__(
        self,
        data: Any,
        num_neighbors: NumNeighbors | list[int] | dict[EdgeType, list[int]],
        *,
        replace: bool = False,
        disjoint: bool = False,
        weight_attr: str | None = None,
        time_attr: str | None = None,
        exclude_targets: bool = True,
        reverse_types: Mapping[EdgeType, EdgeType] | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__(
            sampling_graph(data, weight_attr, time_attr),
            disjoint=disjoint,
            is_temporal=time_attr is not None,
            exclude_targets=exclude_targets,
            reverse_types=reverse_types,
            seed=seed,
        )
        counts = num_neighbors if isinstance(num_neighbors, NumNeighbors) else NumNeighbors(num_neighbors)
        kinds = list(self.graph.adjacencies)
        self.fan_out = counts.get_values(kinds) if self.graph.is_typed else {ONLY_EDGES: counts.get_values()}
        self.replace = replace
        self._compiled: CompiledSampler | None = None
        if weight_attr is None and time_attr is None:
            self._compiled = compiled_sampler(data, counts, replace, disjoint)

    def _sample(self, seeds: Seeds, left_out: Mapping[EdgeType, LeftOut], rng: np.random.Generator) -> Output:
        if self._compiled is not None and not left_out:
            nodes = {kind: torch.from_numpy(rows) for kind, rows in seeds.node.items()}
            with torch_follows(rng):
                return self._compiled.sample(nodes if self.graph.is_typed else nodes[ONLY_NODES])
        sampled = expand(self.graph, seeds, self.fan_out, left_out, self.replace, rng)
        return sampled.output(self.graph, separate=self.disjoint, hops=True)
