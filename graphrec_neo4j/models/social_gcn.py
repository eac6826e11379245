"""Social GCN: LightGCN whose users also hear their friends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal, cast, get_args

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.history_regression import HistoryRegression
from graphrec_neo4j.models.messages import Messages
from graphrec_neo4j.models.taste import TasteVectors, pattern
from graphrec_neo4j.models.tie_gate import gate_bytes, gates
from graphrec_neo4j.models.ties import kinds_of, like_minded, normalised, tie_types, ties_of
from graphrec_neo4j.models.trained_model import Floats, Mask, TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.settings import TrainingSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.social import SocialEncoder
    from graphrec_neo4j.training.graph import TrainingGraph
    from graphrec_neo4j.training.learning import Learnt

Fusion = Literal["gate", "sum", "tanh"]


@dataclass(frozen=True)
class SocialGCNSettings(TrainingSettings):
    """``layers`` of propagation over interactions and ties; the others are those of every trained model.

    ``ties``: the tie types to follow, all where none is named; ``both_ways``: whether a directed tie is heard at both
    ends. Of all ties those are kept whose two histories overlap (Jaccard) by ``least_overlap`` at least and are among
    the ``overlap_share`` that overlap most. ``attention`` hears friends by how much they are like the user.

    ``fusion`` joins what comes of items with ``tie_weight`` times what comes of friends: ``"sum"`` adds them;
    ``"gate"`` adds them by :func:`gates`, 0 for everyone where ties tell nothing; ``"tanh"`` is the article's.

    Chosen on a fifth of the training part of LastFM (SocialLGN's split, seed 0, NDCG@20 with 15 batches): lightgcn
    .2188, sums at a weight of .5 .2236, of 1 .2255, gates .2243; a sum over shuffled ties .2204, and a gate is shut.
    """

    layers: int = 3
    ties: tuple[str, ...] = ()
    both_ways: bool = True
    least_overlap: float = 0.0
    overlap_share: float = 1.0
    attention: bool = False
    fusion: Fusion = "sum"
    tie_weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.layers < 0 or not 0 <= self.tie_weight < np.inf:
            raise ModelError("layers and tie_weight must be 0 or more.")
        if not 0 <= self.least_overlap <= 1 or not 0 < self.overlap_share <= 1:
            raise ModelError("least_overlap and overlap_share must lie between 0 and 1, and some share be kept.")
        if self.fusion not in get_args(Fusion):
            raise ModelError(f"there is no fusion {self.fusion!r}; there are {', '.join(get_args(Fusion))}.")


class SocialGCN(TrainedModel):
    """``score(u, i) = e_u . e_i``, with e the mean of ``layers`` steps over interactions and, for users, ties.

    A user with ties but without a history is placed by her friends. Without ties it is LightGCN. A batch costs one
    propagation over both graphs.

    With sums or gates the propagation is linear, so reasons are exact, and add up to the score: ``e_u`` is a share of
    her own embedding, plus what each layer carries to her from each item that she likes and from each friend, at the
    attention that the friend has. On MovieLens latest-small a refit without the three largest lowers the score more
    than one without three at random for .975 of 200 pairs, after a regression's three .980. With ``fusion="tanh"`` they
    are what a regression finds of the history, then of the friends' vectors in what is left.
    """

    name = "social-gcn"
    line = "lightgcn whose users also hear their friends, as far as ties tell something"
    paper = "Liao, Zhou, Luo et al.: SocialLGN, Information Sciences 589 (2022)"
    uses = ("interactions", "ties")
    cost = "epochs x batches steps, each over a batch of users and, layer by layer, over all interactions and ties"
    settings: SocialGCNSettings
    settings_class: ClassVar[type] = SocialGCNSettings

    gate: npt.NDArray[np.float64]
    loudness: sparse.csr_matrix

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        ties = sum(2.0 * len(snapshot.edges[name]) for name in snapshot.schema.by_role("tie"))
        layers = 4.0 * self.settings.layers * self.settings.dimensions * (self.n_users + self.n_items)
        each = 60.0 + (16.0 * self.settings.dimensions * self.settings.layers if self.settings.attention else 0.0)
        gate = gate_bytes(self.n_users, self.n_items) + 60.0 * pairs if self.settings.fusion == "gate" else 0.0
        return max(super()._memory(snapshot, pairs) + 2 * layers, gate) + each * ties

    def _network(self, graph: TrainingGraph) -> SocialEncoder:
        from graphrec_neo4j.models.networks.constant_matrix import ConstantMatrix
        from graphrec_neo4j.models.networks.social import GraphFusion, SocialEncoder, Sum, TieAttention

        settings = self.settings
        self.loudness = ties = self._ties(graph.snapshot, graph.seed)
        friends = TieAttention(ties, graph.device) if settings.attention else ConstantMatrix.of(ties, graph.device)
        fusion = GraphFusion(settings.dimensions) if settings.fusion == "tanh" else Sum()
        return SocialEncoder(graph, settings.dimensions, settings.layers, friends, fusion)

    def _ties(self, snapshot: GraphSnapshot, seed: int) -> sparse.csr_matrix:
        """Who hears whom, and how loudly (n_users, n_users)."""
        settings = self.settings
        ties = ties_of(snapshot, settings.ties, both_ways=settings.both_ways)
        ties = normalised(like_minded(ties, snapshot.interactions, settings.least_overlap, settings.overlap_share))
        loud = np.full(self.n_users, settings.tie_weight)
        if settings.fusion == "gate":
            self.gate = gates(pattern(snapshot.interactions).astype(np.float64), ties, seed)
            loud *= self.gate
        ties = (sparse.diags(loud) @ ties).tocsr()
        ties.eliminate_zeros()
        return ties

    def _known_users(self, snapshot: GraphSnapshot) -> Mask:
        """Everyone: who has neither a history nor friends with one has a vector of zeros."""
        return np.ones(self.n_users, dtype=bool)

    def _parts(self, snapshot: GraphSnapshot, learnt: Learnt) -> TasteVectors:
        parts = super()._parts(snapshot, learnt)
        if self.settings.fusion == "gate":
            self.trained = {**self.trained, "gate": float(self.gate.mean())}
        return parts

    def _heard(self, snapshot: GraphSnapshot, learnt: Learnt) -> Heard:
        types = tuple(tie_types(snapshot.schema, self.settings.ties))
        linear = self.settings.fusion != "tanh" and self.settings.layers > 0
        *liked, ties = self._carried(snapshot, learnt) if linear else (self._regressed(snapshot),)
        kinds = kinds_of(snapshot, types, self.loudness)
        by_type = [replace(ties.only(kinds == number), edge=name) for number, name in enumerate(types)]
        return Heard((*liked, *(each for each in by_type if len(each.senders))))

    def _carried(self, snapshot: GraphSnapshot, learnt: Learnt) -> tuple[Messages, Messages]:
        """What all layers carry to users from items, and from friends."""
        of_items, of_friends, attention = cast("SocialEncoder", learnt.network).heard()
        tastes, lengths = self.tastes, self._lengths(snapshot, learnt)
        weights = normalised(tastes.history)
        liked = Messages.along("taste", tastes.node_type, tastes.edge, weights, of_items.cpu().numpy())
        ties = self._from_friends(snapshot, of_friends.cpu().numpy())
        if attention is not None:
            each_layer = np.tile(np.eye(self.settings.dimensions, dtype=np.float32), self.settings.layers)
            ties = replace(ties, shares=attention.cpu().numpy(), toward=each_layer)
        return liked.scaled(1 / lengths), ties.scaled(1 / lengths)

    def _regressed(self, snapshot: GraphSnapshot) -> Messages:
        """What lies along the friends' vectors in the part of a user's that no history explains, if it points there."""
        users = self.parts.users
        left = users - HistoryRegression(self.parts.through).vectors(self.tastes.history)
        heard = self.loudness @ users
        along = (left * heard).sum(axis=1) / np.maximum((heard * heard).sum(axis=1), 1e-12)
        return self._from_friends(snapshot, users).scaled(np.maximum(along, 0))

    def _from_friends(self, snapshot: GraphSnapshot, said: Floats) -> Messages:
        return Messages.along("tie", snapshot.schema.recommend_to, "", self.loudness, said)
