"""metapath2vec: vectors of who stands near whom in walks along meta-paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.models.walk_embeddings import WalkEmbeddings, WalkEmbeddingSettings
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.corpus import Corpus, CorpusSizes


@dataclass(frozen=True)
class MetaPath2VecSettings(WalkEmbeddingSettings):
    """Those of walk embeddings, ``meta_paths``, none meaning the schema's, and whether negatives are ``typed``.

    Each meta-path is closed to a loop and walked from every place on it. With ``typed`` a node's negatives are of its
    own type, which the paper calls metapath2vec++.
    """

    meta_paths: tuple[str, ...] = ()
    typed: bool = True


class MetaPath2Vec(WalkEmbeddings):
    """Walks along each meta-path for ever, steps being taken in proportion to the strengths of their edges."""

    name = "metapath2vec"
    line = "vectors by skip-gram from random walks along the schema's meta-paths"
    paper = "Dong, Chawla, Swami: metapath2vec, KDD 2017"
    lighter = "name fewer meta_paths, set fewer dimensions or take spectral"
    settings: MetaPath2VecSettings
    settings_class: ClassVar[type] = MetaPath2VecSettings

    def _sizes(self, snapshot: GraphSnapshot) -> CorpusSizes:
        return CorpusSizes.of_meta_paths(snapshot, self.settings.meta_paths)

    def _corpus(self, snapshot: GraphSnapshot) -> Corpus:
        return Corpus.of_meta_paths(snapshot, self.settings.meta_paths, self.settings.length)

    def _kinds(self, corpus: Corpus) -> npt.NDArray[np.int32] | None:
        return corpus.kinds if self.settings.typed else None
