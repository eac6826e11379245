"""DeepWalk: vectors of who stands near whom in random walks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from graphrec_neo4j.models.walk_embeddings import WalkEmbeddings, WalkEmbeddingSettings
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.corpus import Corpus, CorpusSizes


@dataclass(frozen=True)
class DeepWalkSettings(WalkEmbeddingSettings):
    """Those of walk embeddings, and ``edges``: the edge types walked, none meaning all of them but context."""

    edges: tuple[str, ...] = ()


class DeepWalk(WalkEmbeddings):
    """Walks over all edge types at once, both ways, with probability proportional to their strength."""

    name = "deepwalk"
    line = "vectors by skip-gram from random walks over all edge types"
    paper = (
        "Perozzi, Al-Rfou, Skiena: DeepWalk, KDD 2014 (arXiv 1403.6652); "
        "negative sampling after Mikolov et al., NIPS 2013 (arXiv 1310.4546)"
    )
    settings: DeepWalkSettings
    settings_class: ClassVar[type] = DeepWalkSettings

    def _sizes(self, snapshot: GraphSnapshot) -> CorpusSizes:
        return CorpusSizes.of_graph(snapshot, self.settings.edges)

    def _corpus(self, snapshot: GraphSnapshot) -> Corpus:
        return Corpus.of_graph(snapshot, self.settings.edges, self.settings.length)
