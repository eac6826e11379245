"""What a trained model has to say of one pair beside its reasons: the edges that carry the score, and the best paths.

Importing this module imports no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.models.computation_graph import ITEMS, USERS, Node
from graphrec_neo4j.models.knowledge_graph import KnowledgeGraphModel
from graphrec_neo4j.models.learnt_paths import (
    LearntPath,
    Relevance,
    TypedNode,
    by_importance,
    learnt_paths,
    nearness,
)
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.knowledge_graph import KnowledgeGraph

KEPT = 0.9
"""The share of a score's rise that a subgraph keeps."""


@dataclass(frozen=True)
class CarryingEdge:
    """An edge of type ``name``, or meta-path, or ``"*"`` for some interaction, between two nodes of the network.

    ``importance``, 0 to 1, is how far a mask that is to keep the score with few edges lets it through.
    """

    name: str
    source: Node
    target: Node
    importance: float


@dataclass(frozen=True)
class MinimalSubgraph:
    """The fewest of the most important ``edges`` that alone bring :data:`KEPT` of what edges raise the score by.

    ``score`` is that of all edges that the network's ``hops`` reach, of which there are ``reached``; ``only`` that of
    ``edges`` alone, ``without`` that of all but these, ``bare`` that of no edges at all. ``cap`` is how many neighbours
    of a node were followed where not all were. Where no edge raises the score there are no ``edges``.
    """

    edges: tuple[CarryingEdge, ...]
    score: float
    only: float
    without: float
    bare: float
    reached: int
    hops: int
    cap: int | None

    @property
    def sparsity(self) -> float:
        """The share of the reached edges that is not in the subgraph."""
        return 1 - len(self.edges) / self.reached if self.reached else 0.0


@dataclass(frozen=True)
class DeepReasons:
    """The ``subgraph`` that carries a score, or in ``note`` why there is none, and the best ``paths``."""

    subgraph: MinimalSubgraph | None
    note: str
    paths: tuple[LearntPath, ...]


def deep_reasons(model: Recommender, snapshot: GraphSnapshot, user: int, item: int, limit: int = 5) -> DeepReasons:
    """Find both for a ``model`` that was fitted on ``snapshot``; at most ``limit`` paths.

    The steps of paths are ranked by their importance in the subgraph, else by the plausibility that a model of triples
    gives them, else by how near their ends are. Raises ModelError for a model that no network was trained for.
    """
    if not isinstance(model, TrainedModel):
        raise ModelError(
            f"{model.name} has no trained network, so there is no subgraph of one; ask without it for its own reasons."
        )
    try:
        subgraph, note = _subgraph(model, snapshot, user, item)
        relevance = _relevance(model, snapshot, subgraph)
    except ImportError as error:
        raise MissingExtraError(f"asking the network of {model.name}", "gnn") from error
    return DeepReasons(subgraph, note, tuple(learnt_paths(snapshot, user, item, relevance, limit)))


def node_type(schema: GraphSchema, node: Node) -> TypedNode:
    """Return a network's node by its type."""
    block, row = node
    return {USERS: schema.recommend_to, ITEMS: schema.recommend}.get(block, block.removeprefix(":")), row


def _subgraph(model: TrainedModel, snapshot: GraphSnapshot, user: int, item: int) -> tuple[MinimalSubgraph | None, str]:
    from graphrec_neo4j.models.minimal_subgraph import minimal_subgraph

    try:
        return minimal_subgraph(model, snapshot, user, item), ""
    except ModelError as error:
        return None, str(error)


def _relevance(model: TrainedModel, snapshot: GraphSnapshot, subgraph: MinimalSubgraph | None) -> Relevance:
    if isinstance(model, KnowledgeGraphModel):
        from graphrec_neo4j.models.networks.triples import plausibility

        network, _ = model.network_over(snapshot)
        return plausibility(cast("KnowledgeGraph", network), snapshot.schema, model.settings)
    near = nearness(snapshot, model.parts.users, model.parts.items)
    if subgraph is None:
        return near
    schema = snapshot.schema
    important = {
        frozenset((node_type(schema, edge.source), node_type(schema, edge.target))): edge.importance
        for edge in subgraph.edges
    }
    return by_importance(important, near)
