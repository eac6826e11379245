"""``WalkEmbeddings``: what the models have in common that learn vectors from random walks by skip-gram."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models.base import Scores
from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.taste import Tastes, TasteVectors, pattern
from graphrec_neo4j.models.vector_model import VectorModel
from graphrec_neo4j.models.walk_messages import WalkMessages, walk_messages_bytes
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.skip_gram import SkipGram, SkipGramSettings, learn_skip_gram, skip_gram_bytes
from graphrec_neo4j.walks.corpus import Corpus, CorpusSizes

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class WalkEmbeddingSettings(SkipGramSettings):
    """Those of skip-gram, the ``length`` of a walk in nodes, and ``popularity_exponent``.

    That is the power of the visits to an item by which its chance is raised. Skip-gram learns how much more often an
    item stands near a user than it is drawn as noise, so without it rare items come first; 0.75, that of the noise,
    puts back all that was taken out. Chosen on random validation parts of the training interactions of MovieLens
    latest-small and of LastFM's two splits, as were the learning rate, window and rounds.
    """

    length: int = 40
    popularity_exponent: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.length < 2:
            raise ModelError("length must be at least 2, for a walk of one node has no neighbours.")
        if not 0 <= self.popularity_exponent < math.inf:
            raise ModelError("popularity_exponent must be 0 or more and finite.")


class WalkEmbeddings(VectorModel):
    """``score(u, i) = x_u . y_i + a log v_i``: where i would stand in walks near u, i being visited v_i times.

    y is what skip-gram learnt of a node as an output, a the ``popularity_exponent``, and x_u the mean of what
    :class:`WalkMessages` bring to u through items, friends and what else a walk goes to from her. That ranks better
    than what skip-gram learnt of her as an input, to which it is fitted: NDCG@20 of ``deepwalk`` on a random 15 %
    of the training interactions of MovieLens latest-small and of LastFM's two splits is .191, .219 and .203 for .183,
    .216 and .199. The published vectors have one entry more for the second term, less its mean over the items, so that
    it means little where vectors are compared by cosine. A user from whom no walk leads anywhere gets the most popular
    items; one without a history who has friends or interests gets a list of her own.

    A reason is how much lower the score were if her walks began with her other neighbours; what an item owes to its
    popularity is in ``other``. Of unseen users walks begin at each item of their history alike.
    """

    uses = ("interactions", "ties", "categories")
    inductive = True
    cost = "rounds x length steps from every node, each with about window + 1 pairs and their negatives"
    lighter = "set fewer dimensions or take spectral"
    settings: WalkEmbeddingSettings
    settings_class: ClassVar[type] = WalkEmbeddingSettings

    @abstractmethod
    def _corpus(self, snapshot: GraphSnapshot) -> Corpus:
        """Return the walks to learn from."""

    @abstractmethod
    def _sizes(self, snapshot: GraphSnapshot) -> CorpusSizes:
        """Return how much the walks take, told without making any."""

    def _kinds(self, corpus: Corpus) -> npt.NDArray[np.int32] | None:
        """Within what kinds of nodes negatives are drawn: none unless a model says so."""
        return None

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        sizes = self._sizes(snapshot)
        learning = skip_gram_bytes(self.settings, sizes.nodes, sizes.places * self.settings.length)
        vectors = 4.0 * (self.settings.dimensions + 1) * (2.0 * self.n_users + 3.0 * self.n_items + 2.0 * sizes.nodes)
        results = vectors + walk_messages_bytes(self.settings.dimensions, sizes)
        return 12.0 * pairs + max(sizes.made, sizes.kept + max(learning, results))

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        self.tastes = Tastes.of(snapshot)
        corpus = self._corpus(snapshot)
        learnt = learn_skip_gram(
            lambda number: corpus.sentences(seed, number),
            corpus.size,
            self.settings,
            seed,
            kinds=self._kinds(corpus),
            progress=progress,
        )
        schema = snapshot.schema
        first_item = corpus.offsets.get(schema.recommend, 0)
        items = slice(first_item, first_item + self.n_items)
        if not learnt.visits[items].any():
            raise ModelError(f"{self.name} learns from walks, and none leads to a {schema.recommend}; load some edges.")
        self.heard = Heard(
            WalkMessages(snapshot, self.tastes, corpus, learnt, self.settings.window).told(), averaged=True
        )
        self.parts = self._parts(learnt, items)

    def updated(self, changes: GraphChanges, seed: int) -> Self | None:
        """Return None: what walks bring to whom is told by the graph that they were walked on."""
        return None

    def _parts(self, learnt: SkipGram, items: slice) -> TasteVectors:
        """Make what scores need of what users hear and of what was learnt of all nodes."""
        users = self.heard.means(self.n_users, self.settings.dimensions)
        through = self.heard.brought_by(self.n_items, self.settings.dimensions)
        popularity = self.settings.popularity_exponent * _centred_logs(learnt.visits[items])
        return TasteVectors(
            _with_column(users, (users != 0).any(axis=1)),
            _with_column(learnt.outputs[items], popularity),
            _with_column(through, (through != 0).any(axis=1)),
            (1 / np.maximum(1, np.diff(self.tastes.history.indptr))).astype(np.float32),
        )

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        heard = pattern(histories) @ self.parts.through
        vectors = heard / np.where(heard[:, -1:] > 0, heard[:, -1:], 1)
        return (vectors @ self.parts.items.T).astype(np.float32)


def _centred_logs(visits: npt.NDArray[np.int64]) -> Floats:
    """The logs of ``visits`` (n,) less their mean; an item that no walk came to counts as half a visit."""
    logs = np.log(np.maximum(visits, 0.5))
    return (logs - logs[visits > 0].mean()).astype(np.float32)


def _with_column(vectors: Floats, column: npt.NDArray) -> Floats:
    return np.column_stack([vectors, column.astype(np.float32)])
