"""How plausible a model of all nodes and relations finds the edges that leave a node."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from graphrec_neo4j.models.learnt_paths import Floats, Relevance, TypedNode, Ways
from graphrec_neo4j.models.networks.knowledge_graph import KnowledgeGraph
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.training.relations import relation_names
from graphrec_neo4j.training.settings import TrainingSettings


def plausibility(network: KnowledgeGraph, schema: GraphSchema, settings: TrainingSettings) -> Relevance:
    """Return the shares of all edges that leave a node, 1 together: ``softmax(score(h, r, t) / temperature)``.

    Scores are what training compares: cosines, or after a loss on dot products these, with a temperature of 1.
    """
    names = relation_names(schema)
    places = {name: names.index(name) if name in names else 0 for name in schema.edges}
    cosines = settings.learns_cosines
    temperature = settings.temperature_for(len(network.of_type(schema.recommend))) if cosines else 1.0

    @torch.no_grad()
    def scores(node: TypedNode, way: Ways) -> Tensor:
        here = network.of_type(node[0])[node[1]].unsqueeze(0)
        query = network.query(here, network.relations[places[way.step.name]], backwards=not way.step.forward)
        answers = network.of_type(way.node_type)[torch.from_numpy(way.rows)]
        return (normalize(answers) @ normalize(query)[0] if cosines else answers @ query[0]) / temperature

    def relevance(node: TypedNode, ways: Sequence[Ways]) -> list[Floats]:
        if not ways:
            return []
        shares = torch.cat([scores(node, way) for way in ways]).double().softmax(0).numpy()
        return np.split(shares, np.cumsum([len(way.rows) for way in ways])[:-1])

    return relevance
