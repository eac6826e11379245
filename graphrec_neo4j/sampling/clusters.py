"""Cluster-GCN: a batch is a few communities with all the edges among them.

W.-L. Chiang et al., "Cluster-GCN: An Efficient Algorithm for Training Deep and Large Graph Convolutional Networks",
KDD 2019.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from torch import Tensor
from torch_geometric.sampler import BaseSampler, EdgeSamplerInput, NegativeSampling, NodeSamplerInput

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.sampling.communities import communities
from graphrec_neo4j.sampling.graph import ONLY_NODES, Int64s
from graphrec_neo4j.sampling.seeded import Output
from graphrec_neo4j.sampling.sources import sampling_graph
from graphrec_neo4j.sampling.subgraph import induced


class ClusterSampler(BaseSampler):
    """Takes all nodes of the given clusters and every edge whose ends are among them, also between two clusters.

    The seeds of its loader are **cluster numbers**, not nodes::

        loader = NodeLoader(data, sampler, input_nodes=torch.arange(sampler.num_clusters), batch_size=20, shuffle=True)

    (with a ``HeteroData``, ``input_nodes=("User", torch.arange(...))``, where the node type means nothing), so that
    over an epoch each node is in one batch, and links between clusters are seen whenever chance brings them together
    (section 3.2, stochastic multiple partitions). ``clusters`` are numbers (n,) from 0, by node type if typed;
    without them they are the :func:`communities` of the graph at ``resolution``, weighted by ``weight_attr``.
    """

    def __init__(
        self,
        data: Any,
        clusters: Tensor | Mapping[str, Tensor] | None = None,
        *,
        resolution: float = 1.0,
        weight_attr: str | None = None,
        seed: int = 0,
    ) -> None:
        self.graph = sampling_graph(data, weight_attr)
        of_nodes = communities(self.graph, resolution, seed) if clusters is None else self._given(clusters)
        self.num_clusters = 1 + max((int(numbers.max()) for numbers in of_nodes.values() if len(numbers)), default=-1)
        self._members = {kind: self._by_cluster(numbers) for kind, numbers in of_nodes.items()}

    def _given(self, clusters: Tensor | Mapping[str, Tensor]) -> dict[str, Int64s]:
        typed = clusters if isinstance(clusters, Mapping) else {ONLY_NODES: clusters}
        given = {kind: numbers.cpu().numpy().astype(np.int64) for kind, numbers in typed.items()}
        if {kind: len(numbers) for kind, numbers in given.items()} != dict(self.graph.num_nodes):
            raise ModelError(f"clusters must number every node: {dict(self.graph.num_nodes)} by type.")
        if any(len(numbers) and numbers.min() < 0 for numbers in given.values()):
            raise ModelError("clusters are numbered from 0, and a node has a negative number.")
        return given

    def _by_cluster(self, numbers: Int64s) -> list[Int64s]:
        counts = np.bincount(numbers, minlength=self.num_clusters)
        return np.split(np.argsort(numbers, kind="stable"), np.cumsum(counts)[:-1])

    def sample_from_nodes(self, index: NodeSamplerInput, **kwargs: Any) -> Output:
        """Return the clusters in ``index``; a cluster that comes twice is there once."""
        wanted = np.unique(index.node.numpy())
        if len(wanted) and not 0 <= wanted[0] <= wanted[-1] < self.num_clusters:
            raise ModelError(
                f"the seeds of a cluster sampler are cluster numbers below {self.num_clusters}, not nodes."
            )
        none = np.empty(0, dtype=np.int64)
        nodes = {
            kind: np.concatenate([none, *(members[number] for number in wanted)])
            for kind, members in self._members.items()
        }
        output = induced(self.graph, nodes).output(self.graph, separate=False, hops=False)
        output.metadata = (index.input_id, index.time)
        return output

    def sample_from_edges(self, index: EdgeSamplerInput, neg_sampling: NegativeSampling | None = None) -> NoReturn:
        """Raise ModelError: a batch is made of clusters."""
        raise ModelError("Cluster-GCN samples clusters; take links from the edges of its subgraphs.")
