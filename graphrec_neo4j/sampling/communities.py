"""Communities of a typed graph, by Louvain's method.

V. Blondel et al., "Fast unfolding of communities in large networks", Journal of Statistical Mechanics, 2008.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from graphrec_neo4j.errors import MissingExtraError
from graphrec_neo4j.sampling.graph import Int64s, SamplingGraph


def communities(graph: SamplingGraph, resolution: float = 1.0, seed: int = 0) -> dict[str, Int64s]:
    """Return the community (n,) of every node, by node type, numbered from 0 over all types, largest first.

    Edges of all types count, whichever way they point, with their weights; of an edge and its reverse the heavier.
    Nodes without any edge are together the last community. ``resolution`` above 1 makes communities smaller. Takes
    seconds for a hundred thousand edges. Raises MissingExtraError without networkx.
    """
    try:
        import networkx
    except ImportError as error:
        raise MissingExtraError("Louvain's method", "notebook") from error
    links = _links(graph)
    found = networkx.community.louvain_communities(
        networkx.from_scipy_sparse_array(links), resolution=resolution, seed=seed
    )
    alone = np.diff(links.indptr) == 0
    of_node = np.full(links.shape[0], -1, dtype=np.int64)
    together = [nodes for nodes in map(list, found) if not alone[nodes[0]]]
    for number, nodes in enumerate(sorted(together, key=lambda nodes: (-len(nodes), min(nodes)))):
        of_node[nodes] = number
    of_node[alone] = len(together)
    ends = np.cumsum(list(graph.num_nodes.values()))
    return dict(zip(graph.num_nodes, np.split(of_node, ends[:-1]), strict=True))


def _links(graph: SamplingGraph) -> sparse.csr_array:
    """All edges in one symmetric matrix over all nodes, type after type."""
    starts = dict(zip(graph.num_nodes, np.cumsum([0, *graph.num_nodes.values()]), strict=False))
    count = sum(graph.num_nodes.values())
    links = sparse.csr_array((count, count))
    for kind, adjacency in graph.adjacencies.items():
        source = starts[kind[0]] + adjacency.source.astype(np.int64)
        target = starts[kind[2]] + np.repeat(np.arange(len(adjacency.pointers) - 1), np.diff(adjacency.pointers))
        weight = adjacency.weight if len(adjacency.weight) else np.ones(len(source))
        one_way = sparse.csr_array((weight, (source, target)), shape=(count, count))
        links = links.maximum(one_way).maximum(one_way.T)
    links.eliminate_zeros()
    return links.tocsr()
