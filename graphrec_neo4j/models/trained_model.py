"""``TrainedModel``: what all models have in common whose vectors a network learns by gradient descent."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.foresee import must_fit_into
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models.base import Scores, State
from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.history_regression import HistoryRegression, scales
from graphrec_neo4j.models.taste import Tastes, TasteVectors, pattern
from graphrec_neo4j.models.vector_model import VectorModel
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.options import TrainingOptions
from graphrec_neo4j.training.settings import TrainingSettings

if TYPE_CHECKING:
    from graphrec_neo4j.models.networks.encoder import Encoder
    from graphrec_neo4j.training.graph import TrainingGraph
    from graphrec_neo4j.training.learning import Learnt

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_NETWORK = "network/"


class TrainedModel(VectorModel):
    """``score(u, i) = users[u] . items[i]``, the vectors of a network that :meth:`_network` builds.

    Trained through PyTorch on ``device`` (``"auto"``, ``"cpu"``, ``"cuda"``), watched and kept as ``options`` say; both
    are no settings of the model, and a restored model needs no torch. Interactions count once, whatever their weight.
    Where single edges, or triples, can be asked of the network, its ``parameters`` are kept beside the vectors.
    Reasons are the parts of a :class:`HistoryRegression` of the users' vectors, and not exact: what it does not catch
    is in ``other``. Unseen users have the regression's vector.
    """

    needs = ("torch", "torch_geometric")
    inductive = True
    cost = "epochs x batches steps, each over one batch of users and its negatives"
    lighter = "set more batches or fewer dimensions, or take spectral"
    settings: TrainingSettings
    settings_class: ClassVar[type] = TrainingSettings
    reasons_are_exact = False

    device: str = "auto"
    options: TrainingOptions = TrainingOptions()
    trained: Mapping[str, Any] = MappingProxyType({})
    seed: int = 0
    parameters: Mapping[str, npt.NDArray] = MappingProxyType({})

    def updated(self, changes: GraphChanges, seed: int) -> Self | None:
        """As for every model with vectors; the network's parameters are those of the graph before, and left out."""
        made = super().updated(changes, seed)
        if made is not None:
            made.parameters = MappingProxyType({})
        return made

    @abstractmethod
    def _network(self, graph: TrainingGraph) -> Encoder:
        """Return the network over ``graph``, not yet on its device."""

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """Vectors and what Adam keeps of them, those of a batch's pairs, a batch against its negatives, the graph."""
        settings, nodes = self.settings, self.n_users + self.n_items
        tasks = 1 if settings.tasks == "one" else len(snapshot.schema.by_role("interaction"))
        users, positive = tasks * self.n_users / settings.batches, tasks * pairs / settings.batches
        table = users * min(settings.negatives, self.n_items) if settings.learns_cosines else 0.0
        return 4.0 * settings.dimensions * (7.0 * nodes + 5.0 * positive) + 4.0 * table + 60.0 * pairs

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        try:
            from graphrec_neo4j.models.networks.kept import kept_of
            from graphrec_neo4j.training.learning import learn, room_on
        except ImportError as error:
            raise MissingExtraError(f"the {self.name} model", "gnn") from error
        if not snapshot.interactions.nnz:
            raise ModelError(f"{self.name} learns from interactions, and the graph has none; load some first.")
        self.tastes = Tastes.of(snapshot)
        needed = self._memory(snapshot, self.tastes.history.nnz)
        must_fit_into(room_on(self.device), f"{self.name}'s training on this device", needed, self.lighter)
        learnt = learn(
            self._network,
            snapshot,
            self.settings,
            name=self.name,
            seed=seed,
            device=self.device,
            options=self.options,
            progress=progress,
        )
        self.trained = _told(learnt)
        if learnt.held_out:
            self.chosen_on = f"the epoch on NDCG@20 of {learnt.held_out}"
        self.parts = self._parts(snapshot, learnt)
        self.heard = self._heard(snapshot, learnt)
        self.seed, self.parameters = seed, kept_of(learnt.network)

    def network_over(self, snapshot: GraphSnapshot) -> tuple[Encoder, TrainingGraph]:
        """Build the network anew on ``snapshot``, the graph of the fit, on the CPU and as it was when it had learnt.

        Raises ModelError where its parameters were not kept.
        """
        from graphrec_neo4j.models.networks.kept import rebuilt

        return rebuilt(self._network, self.parameters, snapshot, self.seed)

    def _state(self) -> State:
        kept = {_NETWORK + name.replace(".", "/"): values for name, values in self.parameters.items()}
        return {**super()._state(), **kept, "seed": np.array(self.seed)}

    def _restore(self, state: State) -> None:
        super()._restore(state)
        kept = {name.removeprefix(_NETWORK): held for name, held in state.items() if name.startswith(_NETWORK)}
        self.parameters = {name.replace("/", "."): cast(npt.NDArray, held) for name, held in kept.items()}
        self.seed = int(cast(npt.NDArray, state.get("seed", np.zeros(()))))

    def _parts(self, snapshot: GraphSnapshot, learnt: Learnt) -> TasteVectors:
        """Make what scores and reasons need of the learnt vectors; 0 for those of whom nothing is known."""
        users = learnt.users * self._known_users(snapshot)[:, None]
        items = learnt.items * self._known_items(snapshot)[:, None]
        users, items = users / self._divisor(users), items / self._divisor(items, self.settings.item_length)
        history = self.tastes.history
        through = HistoryRegression.of(history, users, items).through
        return TasteVectors(users, items, through, scales(history))

    def _heard(self, snapshot: GraphSnapshot, learnt: Learnt) -> Heard:
        """Return what reaches users' vectors in the network's own arithmetic, if a model tells its reasons by that."""
        return Heard()

    def _lengths(self, snapshot: GraphSnapshot, learnt: Learnt) -> Floats:
        """What the learnt vectors of users are divided by (n_users,) to be published."""
        return self._divisor(learnt.users * self._known_users(snapshot)[:, None])[:, 0]

    def _known_users(self, snapshot: GraphSnapshot) -> Mask:
        """Which users (n_users,) the network has learnt something of: those with a history."""
        return np.diff(self.tastes.history.indptr) > 0

    def _known_items(self, snapshot: GraphSnapshot) -> Mask:
        """Which items (n_items,) the network has learnt something of: those that somebody likes.

        A cosine of 0 is what a user has with any odd item. A dot product of 0 may be far above that, so after a loss on
        dot products an item that nobody likes keeps what it has learnt as everybody's negative.
        """
        return (self.popularity > 0) | (not self.settings.learns_cosines)

    def _divisor(self, vectors: Floats, kept: float = 0.0) -> Floats:
        """What to divide ``vectors`` (n, d) by to keep the power ``kept`` of their length, as (n, 1); 1 for bpr."""
        length = np.linalg.norm(vectors, axis=1, keepdims=True)
        power = 1.0 - kept if self.settings.learns_cosines else 0.0
        return np.where(length > 0, length, 1).astype(np.float32) ** np.float32(power)

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        vectors = HistoryRegression(self.parts.through).vectors(pattern(histories))
        return ((vectors / self._divisor(vectors)) @ self.parts.items.T).astype(np.float32)


def _told(learnt: Learnt) -> dict[str, Any]:
    """A training as plain values, for a run's report."""
    trained = learnt.trained
    told: dict[str, Any] = {"epochs": len(trained.epochs), "best_epoch": trained.best_epoch}
    told |= {"loss": trained.losses[trained.best_epoch - 1], "losses": list(trained.losses)}
    if trained.scores:
        told["ndcg@20"] = list(trained.scores)
    if learnt.smoothing:
        told["smoothing"] = list(learnt.smoothing)
    if len(learnt.weights) > 1:
        told["weights"] = dict(learnt.weights)
    return told
