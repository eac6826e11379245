"""A graph of members, jobs and skills, and untrained networks over any graph."""

from __future__ import annotations

from typing import Any

from toy_graphs import edges_of

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.models import model_class
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes


def network_of(name: str, graph: GraphSnapshot, **settings: Any) -> Any:
    """The untrained network of a model over ``graph``."""
    import torch

    from graphrec_neo4j.training.graph import TrainingGraph

    with torch.random.fork_rng():
        torch.manual_seed(0)
        return model_class(name).with_settings(**settings)._network(TrainingGraph.of(graph, 0, "cpu"))


def jobs() -> GraphSnapshot:
    """Members who apply for jobs and are referred to some, know each other both ways, and skills of both."""
    schema = GraphSchema.parse(
        """
        recommend_to = "Member"
        recommend = "Job"
        [nodes."Member.v2"]
        [nodes.Member]
        key_type = "integer"
        [nodes.Job]
        key_type = "integer"
        [nodes.Skill]
        key_type = "integer"
        [edges.APPLIED]
        from = "Member"
        to = "Job"
        [edges.REFERRED]
        from = "Job"
        to = "Member"
        role = "interaction"
        [edges.KNOWS]
        from = "Member"
        to = "Member"
        directed = false
        [edges.HAS]
        from = "Member"
        to = "Skill"
        [edges.REQUIRES]
        from = "Job"
        to = "Skill"
        """
    )
    sizes = {"Member": 5, "Job": 4, "Skill": 3}
    nodes = {name: Nodes(IdMap(name, range(size), "integer")) for name, size in sizes.items()}
    nodes["Member.v2"] = Nodes(IdMap("Member.v2", [], "string"))
    edges = {
        "APPLIED": [(0, 0), (0, 1), (1, 2)],
        "REFERRED": [(3, 1)],
        "KNOWS": [(0, 1), (2, 1), (4, 1)],
        "HAS": [(0, 0), (2, 1), (2, 2), (3, 0)],
        "REQUIRES": [(0, 0), (1, 0), (2, 1), (3, 2)],
    }
    return GraphSnapshot(schema, nodes, {name: edges_of(pairs) for name, pairs in edges.items()})
