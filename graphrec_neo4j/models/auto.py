"""Auto: a blend of walks and a spectral filter, chosen on a part of the training interactions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models.base import Mask, Recommender, Rows, Scores, State
from graphrec_neo4j.models.blend import DEPTH, gates_of, scales_of, table_scales
from graphrec_neo4j.models.candidates import Variant, made
from graphrec_neo4j.models.merged import merged
from graphrec_neo4j.models.p3 import P3
from graphrec_neo4j.models.placing import Moved, rows_moved
from graphrec_neo4j.models.reasons import blended
from graphrec_neo4j.models.selection import select
from graphrec_neo4j.models.spectral import Spectral
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.topk import top_k_of_blocks
from graphrec_neo4j.results import NO_ITEM, Explanation, TopK, Vectors
from graphrec_neo4j.snapshot import GraphSnapshot

DIMENSIONS = 64
MEMBERS = 12
BYTES_A_TRIED_USER = 90_000.0
"""Up to 100 candidates of each member, with a score by each."""


@dataclass(frozen=True)
class AutoSettings:
    """``budget``: seconds that choosing and fitting may take, roughly; the answer depends on it where it is used up.

    ``share``: the part of each user's interactions to choose on; ``most_users``: how many users to choose on.
    ``exact_reasons``: only members whose reasons are their own arithmetic; without, lists may be better, and reasons
    say that they come near.
    """

    budget: float = 600.0
    share: float = 0.15
    most_users: int = 4000
    exact_reasons: bool = True


class Auto(Recommender):
    """``score(u, i) = sum over members m of (w_m + g_m 5 / (5 + n_u)) s_m(u, i) / (mean of m's 20 best unseen for u)``.

    n_u is the length of u's history, and g_m is 0 but for members that do not go by it: popularity, and walks over
    friends. So they may count where there is little else, and step back where there is more.
    Candidates are one walk for each default meta-path of the schema, filters of the item graph, popularity and, if
    it is installed and there is time, LightGCN, and DistMult where reasons need not be exact
    (:mod:`~graphrec_neo4j.models.candidates`). The variant of each and the weights are chosen on a part of the
    training interactions, then what counts is fitted on everything; ``chosen`` tells what, and on what. The vectors
    are those of a LightGCN that is a member, else the 64 smoothest waves of a Spectral, member or not. An item with a
    score of 0, which no member knows, is not ranked. Explanations are exact unless DistMult is a member.
    """

    name = "auto"
    line = "a blend of walks, filters and a trained model, chosen on a part of the training interactions"
    paper = "none; a weighted hybrid in the sense of Burke: Hybrid recommender systems, UMUAI 2002"
    uses = ("interactions", "ties", "categories")
    inductive = True
    cost = "its budget, 600 seconds unless told otherwise"
    lighter = "take p3 or popularity, or choose on fewer users (most_users)"
    settings_class: ClassVar[type] = AutoSettings

    chosen: Mapping[str, Any]
    members: list[Recommender]
    variants: list[Variant]
    weights: npt.NDArray[np.float64]
    gated: npt.NDArray[np.float64]
    scales: npt.NDArray[np.float64]
    factors: npt.NDArray[np.float64]
    own_vectors: Vectors | None

    def vectors(self) -> Vectors | None:
        """Return 64-dimensional vectors, or None where there is no interaction to make any from."""
        return self.own_vectors

    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """Splitting, the pools of candidates that weights are chosen on, and the best of each member for everybody.

        A member that does not fit beside that says so itself, and is left out.
        """
        tried = min(self.settings.most_users, self.n_users)
        return 130.0 * pairs + 2.0 * BYTES_A_TRIED_USER * tried + 8.0 * DEPTH * MEMBERS * self.n_users

    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None:
        settings = self.settings
        chosen_by = (settings.share, settings.most_users, settings.budget, seed, progress)
        selection = select(snapshot, *chosen_by, exact_reasons=settings.exact_reasons)
        self.members = []
        for number, (name, variant) in enumerate(selection.variants.items()):
            progress(f"fitting {variant[0]}", number, len(selection.variants))
            try:
                self.members.append(made(variant).fit(snapshot, seed=seed))
            except ModelError as error:
                selection = selection.without(name, error)
        self.chosen, self.chosen_on = selection.report(), selection.on
        self.variants = list(selection.variants.values())
        self.weights = np.array(list(selection.weights.values()))
        self.gated = np.array(list(selection.gated.values()))
        self._scale(snapshot, seed)

    def refitted(self, snapshot: GraphSnapshot, seed: int, progress: Progress = silent) -> Self:
        """As for every model: the members and weights that were chosen, each member fitted on everything."""
        other = self._over(snapshot)
        other.members = []
        for number, variant in enumerate(self.variants):
            progress(f"fitting {variant[0]}", number, len(self.variants))
            other.members.append(made(variant).fit(snapshot, seed=seed))
        other._scale(snapshot, seed)
        return other

    def _scale(self, snapshot: GraphSnapshot, seed: int) -> None:
        everyone = np.arange(self.n_users)
        self.scales = np.stack([_scales(member, everyone, snapshot) for member in self.members], axis=1)
        self._finish(snapshot, seed)

    def _finish(self, snapshot: GraphSnapshot, seed: int) -> None:
        self.factors = self._weights(snapshot.interactions) * self.scales
        self.own_vectors = self._best_vectors(snapshot, seed) if snapshot.interactions.nnz else None

    def updated(self, changes: GraphChanges, seed: int) -> Self:
        """Keep the choice of members and weights; bring each member up to date, or fit it anew where that needs it."""
        after = changes.after
        other = self._over(after)
        members = [member.updated(changes, seed) for member in self.members]
        other.members = [
            member or made(variant).fit(after, seed=seed)
            for member, variant in zip(members, self.variants, strict=True)
        ]
        kept = changes.rows[after.schema.recommend_to]
        own = Moved.between(changes).changed_users
        other.scales = rows_moved(self.scales, kept, other.n_users)
        for number, (old, member) in enumerate(zip(members, other.members, strict=True)):
            reached = None if old is None else member.reached(changes)
            users = np.arange(other.n_users) if reached is None else np.flatnonzero(reached | own)
            other.scales[users, number] = _scales(member, users, after)
        other._finish(after, seed)
        return other

    def reached(self, changes: GraphChanges) -> Mask | None:
        """Return those whom a change reaches through any member."""
        own, found = Moved.between(changes).changed_users, []
        for member in self.members:
            reached = member.reached(changes)
            if reached is None:
                return None
            found.append(reached)
        return np.asarray(np.logical_or.reduce([own, *found]), dtype=bool)

    def _weights(self, histories: sparse.csr_matrix) -> npt.NDArray[np.float64]:
        """What each member counts for each of ``histories`` (m, n_items): (m, members)."""
        return self.weights + self.gated * gates_of(histories)[:, None]

    def _best_vectors(self, snapshot: GraphSnapshot, seed: int) -> Vectors:
        """The first columns of a Spectral are the Spectral of fewer dimensions."""
        trained = [member.vectors() for member in self.members if member.name == "lightgcn"]
        if trained and trained[0]:
            return trained[0]
        members = [member for member in self.members if isinstance(member, Spectral)]
        whole = (members[0] if members else Spectral().fit(snapshot, seed=seed)).vectors()
        first = slice(None, DIMENSIONS)
        return Vectors(np.ascontiguousarray(whole.users[:, first]), np.ascontiguousarray(whole.items[:, first]))

    def _scores(self, users: Rows) -> Scores:
        tables = (member.scores(users) for member in self.members)
        return _blended(tables, self.factors[users].T, (len(users), self.n_items))

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        def known(rows: Rows) -> Scores:
            scores = self._scores(rows)
            scores[scores == 0] = -np.inf
            return scores

        return top_k_of_blocks(known, users, k, self.n_items, seen)

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        """Members that cannot start from a history, such as walks over friends, are left out."""
        tables, factors = [], []
        for member, weight in zip(self.members, self._weights(histories).T, strict=True):
            if not isinstance(member, P3) or any(grouping.folds_in for grouping in member.groupings):
                tables.append(member.fold_in(histories))
                factors.append(weight * table_scales(tables[-1], histories))
        if not tables:
            return np.tile(self.popularity.astype(np.float32), (histories.shape[0], 1))
        return _blended(tables, factors, tables[0].shape)

    def _explain_many(self, users: Rows, items: Rows, limit: int) -> list[list[Explanation | None]]:
        """Members tell twice as many contributions as are kept, so that few shares of a merged one are missed."""
        reasons = (member._reasons(users, items, 2 * limit) for member in self.members)
        known = [each for each in takewhile(lambda each: each is not None, reasons) if each]
        if len(known) == len(self.members):
            return blended(list(zip(self.factors[users].T, known, strict=True)), limit).explanations(items)
        told = [member.explain_many(users, items, 2 * limit) for member in self.members]
        return [
            [
                None if item == NO_ITEM else merged(list(zip(factors, whys, strict=True)), limit)
                for item, *whys in zip(listed, *of_user, strict=True)
            ]
            for listed, factors, *of_user in zip(items.tolist(), self.factors[users].tolist(), *told, strict=True)
        ]

    def _state(self) -> State:
        about = {"chosen": self.chosen, "variants": self.variants}
        state: State = {"weights": self.weights, "gated": self.gated, "factors": self.factors, "scales": self.scales}
        state["about"] = np.array(json.dumps(about))
        if self.own_vectors is not None:
            state |= {"users": self.own_vectors.users, "items": self.own_vectors.items}
        for number, member in enumerate(self.members):
            state |= {f"member{number}_{name}": value for name, value in member._state().items()}
        return state

    def _restore(self, state: State) -> None:
        arrays = cast("dict[str, npt.NDArray]", state)
        about = json.loads(str(arrays["about"]))
        self.chosen, self.variants = about["chosen"], [(name, settings) for name, settings in about["variants"]]
        self.chosen_on = self.chosen["on"]
        self.weights, self.gated = arrays["weights"], arrays["gated"]
        self.factors, self.scales = arrays["factors"], arrays["scales"]
        self.own_vectors = Vectors(arrays["users"], arrays["items"]) if "users" in arrays else None
        self.members = [made(variant) for variant in self.variants]
        for number, member in enumerate(self.members):
            prefix = f"member{number}_"
            member.n_users, member.n_items, member.popularity = self.n_users, self.n_items, self.popularity
            member._restore({name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)})


def _scales(member: Recommender, users: Rows, snapshot: GraphSnapshot) -> npt.NDArray[np.float64]:
    """What the scores of ``member`` are multiplied with for each of ``users`` (m,)."""
    return scales_of(member.top_k(users, DEPTH, snapshot.interactions).scores)


def _blended(tables: Iterable[Scores], factors: Iterable[npt.NDArray], shape: tuple[int, ...]) -> Scores:
    """The sum of ``tables`` (m, n_items), each row times its factor."""
    total = np.zeros(shape, dtype=np.float32)
    for table, factor in zip(tables, factors, strict=True):
        total += table * factor[:, None].astype(np.float32)
    return total
