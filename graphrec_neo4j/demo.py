"""The demonstration: a generated graph goes round the whole circle, judged against what its generator knows."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.models import create
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.queries import statement
from graphrec_neo4j.ranking.evaluation import Evaluation, evaluate
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.ranking.topk import top_k_of_blocks
from graphrec_neo4j.results import TopK
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.sync import SyncReport, SyncRequest, sync
from loaders.from_generator import GeneratedGraph, generate
from loaders.to_neo4j import LoadSummary, to_neo4j

BUDGET_SECONDS = 60
JUDGED = ("popularity", "p3", "item-knn", "ease", "spectral", "lightgcn", "auto")


@dataclass(frozen=True)
class DemoModels:
    """The models of the table, in its order, and whether neural ones are among them."""

    names: tuple[str, ...]
    neural: bool

    @classmethod
    def installed(cls) -> Self:
        """One model of each kind, but for the neural one where torch is not installed."""
        neural = all(importlib.util.find_spec(name) is not None for name in ("torch", "torch_geometric"))
        return cls(tuple(name for name in JUDGED if neural or name != "lightgcn"), neural)


class TruePreferences:
    """What the generator drew the interactions from: the ceiling that no model can pass but by luck."""

    name = "true preferences"
    chosen_on = "nothing: the generator's own"
    chosen: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, graph: GeneratedGraph) -> None:
        self.graph = graph

    def fit(self, snapshot: GraphSnapshot, *, seed: int = 0, progress: Progress = silent) -> Self:
        """There is nothing to learn."""
        return self

    def top_k(self, users: npt.NDArray[np.integer], k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        """Rank by the true probabilities."""
        return top_k_of_blocks(self.graph.preferences.scores, users, k, len(self.graph.snapshot.items), seen)


def load_demo(database: Database, progress: Progress = silent) -> tuple[GeneratedGraph, LoadSummary]:
    """Generate the graph and load it; raises BadInputError for a database that holds anything else."""
    graph = generate()
    strangers = _strangers(database, graph.snapshot)
    if strangers:
        counted = "1 node that is" if strangers == 1 else f"{strangers:,} nodes that are"
        raise BadInputError(
            f"{database.connection.uri} holds {counted} not the demo's; take another server with --home FOLDER "
            "(or --uri), or empty this one."
        )
    return graph, to_neo4j(database, graph.snapshot, progress=progress)


def _strangers(database: Database, snapshot: GraphSnapshot) -> int:
    """How many nodes of the database are neither of this graph nor what a sync adds."""
    kinds = {"users": "User", "items": "Item", "categories": "Category"}
    keys = {name: list(snapshot.nodes[kind].ids.keys) for name, kind in kinds.items()}
    return int(database.read(statement("read/demo_strangers", snapshot.schema), **keys)[0]["strangers"])


def judge_demo(graph: GeneratedGraph, models: DemoModels, seed: int = 0, progress: Progress = silent) -> Evaluation:
    """Judge ``models`` on a held-out fifth, popularity first and the true preferences last."""
    fitted = [create(name, **_settings(name)) for name in models.names]
    return evaluate(
        [*fitted, TruePreferences(graph)], random_split(graph.snapshot, seed=seed), seed=seed, progress=progress
    )


def sync_demo(
    database: Database, graph: GeneratedGraph, models: DemoModels, progress: Progress = silent
) -> list[SyncReport]:
    """Publish LightGCN where it can be had, then the blend on top, so that there is something to roll back to."""
    names = [name for name in ("lightgcn", "auto") if name in models.names]
    schema = graph.snapshot.schema
    return [sync(database, schema, SyncRequest(name, _settings(name)), progress=progress) for name in names]


def _settings(name: str) -> dict[str, Any]:
    return {"budget": BUDGET_SECONDS} if name == "auto" else {}
