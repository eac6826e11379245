"""GraphSAINT's random-walk sampler: whole subgraphs around walks, and the coefficients that make them unbiased.

H. Zeng et al., "GraphSAINT: Graph Sampling Based Inductive Learning Method", ICLR 2020.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import torch
from torch_geometric.sampler import BaseSampler, EdgeSamplerInput, NegativeSampling, NodeSamplerInput, SamplerOutput

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.graph import ONLY_EDGES, ONLY_NODES, Int64s
from graphrec_neo4j.sampling.randomness import BatchGenerators
from graphrec_neo4j.sampling.seeded import check_seeds
from graphrec_neo4j.sampling.sources import sampling_graph
from graphrec_neo4j.sampling.subgraph import induced
from graphrec_neo4j.sampling.walk_kernel import count_visited, walks


class SaintSampler(BaseSampler):
    """Walks ``walk_length`` uniform steps from every seed, target to source, and takes all edges between what it meets.

    For a ``NodeLoader`` over all nodes of a ``Data`` with ``shuffle=True`` and this very ``batch_size``. What a batch
    shows too often counts less (section 3.2): with C(v) of N subgraphs holding node v and C(u, v) edge (u, v),

    * ``edge_norm`` (m,) is ``C(v) / C(u, v)``, to multiply the message of edge (u, v) with, and
    * ``node_norm`` (n,) is ``N / (C(v) n)``, to multiply the loss of node v with before summing,

    both float32 and made for good before training::

        data.edge_norm, data.node_norm = sampler.edge_norm, sampler.node_norm

    They are counted in subgraphs of ``batch_size`` random roots, as many as let every node be a root ``coverage``
    times on average; their relative error falls with its square root. What is never seen counts as seen once.
    """

    def __init__(self, data: Any, walk_length: int, batch_size: int, *, coverage: int = 50, seed: int = 0) -> None:
        self.graph = sampling_graph(data)
        if self.graph.is_typed or not self.graph.num_nodes[ONLY_NODES]:
            raise ModelError(
                "GraphSAINT samples graphs of one node type with some nodes; give it data.to_homogeneous()."
            )
        if min(walk_length, batch_size, coverage) < 1:
            raise ModelError("walk_length, batch_size and coverage of GraphSAINT are at least 1.")
        self.walk_length = walk_length
        self._adjacency = self.graph.adjacencies[ONLY_EDGES]
        self._generators = BatchGenerators(seed)
        self._count(min(batch_size, self.graph.num_nodes[ONLY_NODES]), coverage)

    def _count(self, batch_size: int, coverage: int) -> None:
        count, rng = self.graph.num_nodes[ONLY_NODES], self._generators.next()
        of_nodes, of_places = np.zeros(count, np.int64), np.zeros(len(self._adjacency.edge), np.int64)
        last, samples = np.zeros(count, np.int64), -(-coverage * count // batch_size)
        for sample in range(1, samples + 1):
            visited = self._walk(rng.choice(count, batch_size, replace=False), rng).ravel()
            pointers, source = self._adjacency.pointers, self._adjacency.source
            count_visited(pointers, source, visited, sample, last, of_nodes, of_places)
        target = np.repeat(np.arange(count), np.diff(self._adjacency.pointers))
        edge_norm = np.empty(len(of_places), dtype=np.float32)
        edge_norm[self._adjacency.edge] = np.maximum(of_nodes[target], 1) / np.maximum(of_places, 1)
        self.edge_norm = torch.from_numpy(edge_norm)
        self.node_norm = torch.from_numpy((samples / (np.maximum(of_nodes, 1) * count)).astype(np.float32))

    def _walk(self, roots: Int64s, rng: np.random.Generator) -> Int64s:
        return walks(self._adjacency.pointers, self._adjacency.source, roots, self.walk_length, rng)

    def sample_from_nodes(self, index: NodeSamplerInput, **kwargs: Any) -> SamplerOutput:
        """Return the subgraph of walks from the nodes in ``index``, which come first in it."""
        roots = index.node.numpy().astype(np.int64)
        check_seeds(self.graph, {ONLY_NODES: roots})
        paths = self._walk(roots, self._generators.next())
        # Column by column, so that the roots are met first.
        met, first = np.unique(paths.T, return_index=True)
        sampled = induced(self.graph, {ONLY_NODES: met[np.argsort(first)]})
        output = sampled.output(self.graph, separate=False, hops=False)
        output.metadata = (index.input_id, index.time)
        return output

    def sample_from_edges(self, index: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None) -> NoReturn:
        """Raise ModelError: the coefficients are those of subgraphs around nodes."""
        raise ModelError("GraphSAINT samples around nodes; take links from the edges of its subgraphs.")
