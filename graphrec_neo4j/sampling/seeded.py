"""What ``NodeLoader`` and ``LinkLoader`` ask of every sampler that starts from seeds."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    HeteroSamplerOutput,
    NegativeSampling,
    NodeSamplerInput,
    SamplerOutput,
)
from torch_geometric.sampler.neighbor_sampler import edge_sample, node_sample

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.draw_kernel import LeftOut
from graphrec_neo4j.sampling.expansion import Seeds
from graphrec_neo4j.sampling.graph import ONLY_EDGES, ONLY_NODES, EdgeType, Int64s, SamplingGraph
from graphrec_neo4j.sampling.links import Targets, leave_out, turned_round
from graphrec_neo4j.sampling.randomness import BatchGenerators, torch_follows

Output: TypeAlias = SamplerOutput | HeteroSamplerOutput
Nodes: TypeAlias = Tensor | dict[str, Tensor]


class SeedSampler(BaseSampler):
    """A sampler of subgraphs around seeds; :meth:`_sample` says how, all else is what loaders need.

    The target edges of links are left out of the graph, and so are their reverses (``exclude_targets``): all edges
    between the two ends in the target's type and in the type that holds it turned round. That is ``rev_X`` for
    ``X``, the type itself between nodes of one type, or what ``reverse_types`` says. In disjoint subgraphs each leaves
    out its own target only, in a shared one all of them. Negatives are PyTorch Geometric's own, which may be false.
    Everything random follows ``seed``.
    """

    def __init__(
        self,
        graph: SamplingGraph,
        *,
        disjoint: bool = False,
        is_temporal: bool = False,
        exclude_targets: bool = True,
        reverse_types: Mapping[EdgeType, EdgeType] | None = None,
        seed: int = 0,
    ) -> None:
        self.graph = graph
        self.disjoint, self.is_temporal = disjoint or is_temporal, is_temporal
        self._turned = turned_round(graph, reverse_types or {}) if exclude_targets else None
        self._generators = BatchGenerators(seed)

    @abstractmethod
    def _sample(self, seeds: Seeds, left_out: Mapping[EdgeType, LeftOut], rng: np.random.Generator) -> Output:
        """Return the subgraph around ``seeds`` without the places of ``left_out``."""

    def sample_from_nodes(self, index: NodeSamplerInput, **kwargs: Any) -> Output:
        """Return the subgraph around the nodes in ``index``; raises ModelError if times are missing, or useless."""
        self._check_times(index.time, "input_time")
        return node_sample(index, partial(self._around, rng=self._generators.next(), targets=None))

    def sample_from_edges(self, index: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None) -> Output:
        """Return the subgraph around both ends of the links in ``index`` and of their negatives, if any.

        Raises ModelError if times are missing, or useless.
        """
        self._check_times(index.time, "edge_label_time")
        rng = self._generators.next()
        num_nodes = dict(self.graph.num_nodes) if self.graph.is_typed else self.graph.num_nodes[ONLY_NODES]
        around = partial(self._around, rng=rng, targets=_targets(index, neg_sampling))
        with torch_follows(rng):
            return edge_sample(index, around, num_nodes, self.disjoint, None, neg_sampling)

    def _check_times(self, time: Tensor | None, argument: str) -> None:
        if self.is_temporal and time is None:
            raise ModelError(f"this sampler has a time_attr, so the loader needs {argument}: the time of every seed.")
        if time is not None and not self.is_temporal:
            raise ModelError(f"the loader has {argument} and this sampler no time_attr, so later edges would be drawn.")

    def _around(self, node: Nodes, time: Nodes | None, *, rng: np.random.Generator, targets: Targets | None) -> Output:
        seeds = Seeds(_arrays(node), None if time is None else _arrays(time), self.disjoint)
        check_seeds(self.graph, seeds.node)
        left_out: Mapping[EdgeType, LeftOut] = {}
        if targets is not None and self._turned is not None:
            left_out = leave_out(self.graph, targets, self._turned, self.disjoint)
        return self._sample(seeds, left_out, rng)


def check_seeds(graph: SamplingGraph, seeds: Mapping[str, Int64s]) -> None:
    """Raise ModelError for seeds that ``graph`` does not have: kernels do not look."""
    for kind, rows in seeds.items():
        count = graph.num_nodes.get(kind, 0)
        if len(rows) and not 0 <= rows.min() <= rows.max() < count:
            raise ModelError(f"a seed is outside the {count} nodes {kind!r} of the graph.")


def _targets(index: EdgeSamplerInput, neg_sampling: NegativeSampling | None) -> Targets:
    links = len(index.row)
    negatives = 0 if neg_sampling is None else math.ceil(links * neg_sampling.amount)
    of_sources = negatives if neg_sampling is not None and neg_sampling.is_binary() else 0
    source, target = (rows.to(torch.int64).numpy() for rows in (index.row, index.col))
    return Targets(index.input_type or ONLY_EDGES, source, target, links + of_sources, links + negatives)


def _arrays(nodes: Nodes) -> dict[str, Int64s]:
    typed = nodes if isinstance(nodes, dict) else {ONLY_NODES: nodes}
    return {kind: rows.to(torch.int64).numpy() for kind, rows in typed.items()}
