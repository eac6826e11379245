"""P3: the probability of reaching an item on a short walk from the user."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.meta_path import MetaPath
from graphrec_neo4j.models.base import Mask, Recommender, Rows, Scores, State
from graphrec_neo4j.models.devices import device_for
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.results import TopK
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.explanations import Grouping, as_arrays, from_arrays
from graphrec_neo4j.walks.meta_path_walk import MetaPathWalk, powers_of
from graphrec_neo4j.walks.reach import reached_users

if TYPE_CHECKING:
    from graphrec_neo4j.models.torch_walk import TorchWalk


@dataclass(frozen=True)
class P3Settings:
    """``meta_paths``: texts or names of the schema; none means its first default one, as a rule that of taste.

    ``weights``: how much each path counts, alike without; ``alpha``: the power of every transition
    probability (P3alpha), 1 being the plain walk, or one power a step, the last for all further;
    ``half_life_days``: after how many days an edge counts half as much, never without;
    ``least_paths``: an item counts for a user only if at least so many walks lead from her to it, over all meta-paths.
    """

    meta_paths: tuple[str, ...] = ()
    weights: tuple[float, ...] | None = None
    alpha: float | tuple[float, ...] = 1.0
    half_life_days: float | None = None
    least_paths: int = 1


class P3(Recommender):
    """``score(u, i)`` = the probability that a walk from u along the meta-paths ends at i.

    Each step goes to a neighbour with probability proportional to the strength of the edge. A user who was
    not in the graph walks from her history along the paths that begin with an interaction; if there is none,
    she gets the most popular items. Explanations are exact.

    Many users are walked on ``device`` (``"auto"``, ``"cpu"``, ``"cuda"``), which is no setting of the model: a GPU
    where torch sees one, else the processor.
    """

    name = "p3"
    line = "the probability of reaching an item on a short walk from the user"
    paper = "Cooper, Lee, Radzik, Siantos: Random walks in recommender systems, WWW 2014"
    uses = ("interactions", "ties", "categories")
    inductive = True
    cost = "a sort of the edges; a list for everybody costs every walk of three steps once"
    lighter = "take spectral or popularity, or walk fewer meta-paths"
    settings_class: ClassVar[type] = P3Settings
    fits_at_once = True

    device: str = "auto"
    walk: MetaPathWalk
    groupings: list[Grouping]
    _elsewhere: TorchWalk | None = None

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """What a step's matrix takes, turned over, put in order and packed; users are put in order too."""
        edges = sum(snapshot.matrix_entries(step.edge) for path in self._paths(snapshot.schema) for step in path.steps)
        return 32.0 * edges + 100.0 * self.n_users

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        paths = self._paths(snapshot.schema)
        weights, alpha = self.settings.weights, self.settings.alpha
        snapshot = snapshot.faded(self.settings.half_life_days)
        self.walk = MetaPathWalk.along(snapshot, paths, weights, alpha, self._discount(), self.settings.least_paths)
        self.groupings = [Grouping.of(path, snapshot.schema) for path in paths]

    def reached(self, changes: GraphChanges) -> Mask | None:
        """Return those who walk over changed edges, or to an item whose discount changed; anybody where edges fade."""
        if self.settings.half_life_days is not None:
            return None
        return reached_users(changes, self._paths(changes.after.schema), self._other_discounts(changes))

    def _other_discounts(self, changes: GraphChanges) -> Mask | None:
        """Which items (n_items,) have another discount than before; None where there are no discounts."""
        return None

    def _paths(self, schema: GraphSchema) -> list[MetaPath]:
        return [schema.meta_path(text) for text in self.settings.meta_paths] or [_first_default(schema)]

    def _discount(self) -> npt.NDArray[np.float64] | None:
        """What the score of each item (n_items,) is multiplied with, if with anything."""
        return None

    def _scores(self, users: Rows) -> Scores:
        return self._walk_for(len(users)).scores(users)

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        return self._walk_for(len(users)).top_k(users, k, seen)

    def _walk_for(self, users: int) -> MetaPathWalk | TorchWalk:
        """The walk, where so many users are best walked."""
        device = device_for(self.device, users)
        if device == "cpu":
            return self.walk
        from graphrec_neo4j.models.torch_walk import TorchWalk

        if self._elsewhere is None or (self._elsewhere.walk, self._elsewhere.device) != (self.walk, device):
            self._elsewhere = TorchWalk.of(self.walk, device)
        return self._elsewhere

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        chains = [chain for chain, grouping in enumerate(self.groupings) if grouping.folds_in]
        if not chains:
            return np.tile(self.popularity.astype(np.float32), (histories.shape[0], 1))
        walk = self.walk.from_histories(histories, chains, powers_of(self.settings.alpha, 1)[0])
        return walk.scores(np.arange(histories.shape[0]))

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons:
        levels = [grouping.level for grouping in self.groupings]
        tellings = [grouping.telling for grouping in self.groupings]
        return Reasons(self.walk.shares(users, items, levels, limit), tellings)

    def _state(self) -> State:
        return {**self.walk.arrays(), **as_arrays(self.groupings)}

    def _restore(self, state: State) -> None:
        arrays = cast("dict[str, npt.NDArray]", state)
        self.walk, self.groupings = MetaPathWalk.from_arrays(arrays), from_arrays(arrays)


def _first_default(schema: GraphSchema) -> MetaPath:
    for text in schema.default_meta_paths().values():
        return schema.meta_path(text)
    raise ModelError(
        f"no meta-path leads from {schema.recommend_to} to {schema.recommend} in this schema; "
        "name one under [meta_paths] in graphrec.toml."
    )
