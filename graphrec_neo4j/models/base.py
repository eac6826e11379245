"""``Recommender``: what every model promises. Public methods check, underscore hooks do."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from copy import copy
from dataclasses import asdict, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar, Self, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.errors import ModelError, nearest
from graphrec_neo4j.foresee import must_fit
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.meta_path import ALL_INTERACTIONS
from graphrec_neo4j.models.reasons import Reasons
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.topk import fill_up, top_k_of_blocks
from graphrec_neo4j.results import NO_ITEM, Explanation, Neighbours, TopK, Vectors
from graphrec_neo4j.snapshot import GraphSnapshot

Mask = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.integer]
Scores = npt.NDArray[np.float32]
State = dict[str, "npt.NDArray | sparse.csr_matrix"]

MATRICES = 24.0
"""Bytes an interaction of the two matrices, of what is liked and of what is seen, that every model works with."""

WORTH_FORESEEING = 2**26
"""Answers below that many bytes are given without asking how much memory is left, which takes longer than some."""


class Recommender(ABC):
    """A model that is fitted on a snapshot and ranks its items for its users.

    A concrete model is a thin class: ``settings`` is a frozen dataclass beside it, ``_fit`` fills attributes,
    ``_state`` and ``_restore`` name the arrays that a saved model consists of. ``line``, ``paper``, ``uses`` (of what
    the graph holds), ``inductive`` (whether it can rank for users it was not fitted on) and ``cost`` (what fitting
    takes) are what ``graphrec-neo4j models`` tells of it.
    """

    name: ClassVar[str]
    line: ClassVar[str]
    paper: ClassVar[str]
    uses: ClassVar[tuple[str, ...]]
    inductive: ClassVar[bool]
    cost: ClassVar[str]
    lighter: ClassVar[str] = "take popularity, which needs least, or fit fewer edges"
    needs: ClassVar[tuple[str, ...]] = ()
    fits_at_once: ClassVar[bool] = False
    """Whether fitting costs so little that a changed graph is best fitted anew, which is exact."""
    settings: Any
    settings_class: ClassVar[type]

    n_users: int = 0
    n_items: int = 0
    popularity: npt.NDArray[np.float64]
    chosen_on: str = "nothing: settings as given"
    chosen: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, settings: Any = None) -> None:
        self.settings = settings if settings is not None else self.settings_class()

    @classmethod
    def with_settings(cls, **changed: Any) -> Self:
        """Return an unfitted model with some settings changed; raises ModelError for an unknown one."""
        known = [setting.name for setting in fields(cls.settings_class)]
        for name in changed:
            if name not in known:
                raise ModelError(f"{cls.name} has no setting {name!r}{nearest(name, known)}.")
        # Settings that come back from JSON hold lists where a frozen settings object holds tuples.
        plain = {name: tuple(value) if isinstance(value, list) else value for name, value in changed.items()}
        return cls(cls.settings_class(**plain))

    def fit(self, snapshot: GraphSnapshot, *, seed: int = 0, progress: Progress = silent) -> Self:
        """Fit on ``snapshot``; the same seed gives the same numbers.

        Raises ModelError where nothing can be learnt, and before any work where it would not fit into memory.
        """
        self.n_users, self.n_items = len(snapshot.users), len(snapshot.items)
        if not self.n_users or not self.n_items:
            schema = snapshot.schema
            raise ModelError(f"the graph has no {schema.recommend_to} or no {schema.recommend}; load some first.")
        self._foresee(snapshot)
        self.popularity = _liked_by(snapshot)
        self._fit(snapshot, seed, progress)
        return self

    def varied(self, settings: Any) -> Self | None:
        """Return this fitted model with other ``settings`` where that needs no new fit, else None."""
        return None

    def refitted(self, snapshot: GraphSnapshot, seed: int, progress: Progress = silent) -> Self:
        """Return this model fitted anew on ``snapshot``; what it had chosen by itself stays chosen."""
        return type(self)(self.settings).fit(snapshot, seed=seed, progress=progress)

    def updated(self, changes: GraphChanges, seed: int) -> Self | None:
        """Return this model, fitted on the graph before ``changes`` or updated to it, brought up to date with them.

        What it has learnt stays as it is; users whose history changed, and users and items that are new, are placed by
        what it has learnt of others. Returns None where only a fit on the whole graph after them does.
        """
        if not self.fits_at_once:
            return None
        return type(self)(self.settings).fit(changes.after, seed=seed)

    def reached(self, changes: GraphChanges) -> Mask | None:
        """Return whose (n_users,) scores :meth:`updated` can have changed, or None where it may be anybody's.

        Users that are new are among them only if they have edges that the model goes by.
        """
        return None

    def scores(self, users: Rows) -> Scores:
        """Return the score of every item for each of ``users``: (len(users), n_items), finite."""
        users = self._known(users, self.n_users, "user")
        _answer_must_fit("scores", len(users), 4.0 * self.n_items)
        return self._scores(users)

    def top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        """Return the best k items of each of ``users``, without those of ``seen`` (n_users, n_items).

        Ties go to the lower row. A list that the model leaves short is filled with the most popular unseen
        items at a score of 0.
        """
        users = self._known(users, self.n_users, "user")
        k = min(k, self.n_items)
        _answer_must_fit(f"lists of {k:,} items", len(users), 16.0 * k)
        top = self._top_k(users, k, seen)
        return fill_up(top, self.popularity, None if seen is None else seen[users])

    def vectors(self) -> Vectors | None:
        """Return the model's user and item vectors, or None if it has none."""
        return None

    def neighbours(self, k: int) -> Neighbours | None:
        """Return the k nearest items of each item where the model is an item graph, or None if it is not."""
        return None

    def fold_in(self, histories: sparse.csr_matrix) -> Scores:
        """Return scores (m, n_items) for m unseen users from their histories (m, n_items) alone."""
        if histories.shape[1] != self.n_items:
            raise ModelError(f"histories must have {self.n_items} columns, one an item.")
        _answer_must_fit("scores", histories.shape[0], 4.0 * self.n_items)
        return self._fold_in(histories)

    def explain(self, user: int, item: int, limit: int = 5) -> Explanation:
        """Say why ``item`` has its score for ``user``, with the ``limit`` largest contributions."""
        self._known(np.array([user]), self.n_users, "user")
        self._known(np.array([item]), self.n_items, "item")
        return cast(Explanation, self._explain_many(np.array([user]), np.array([[item]]), limit)[0][0])

    def explain_many(self, users: Rows, items: Rows, limit: int = 5) -> list[list[Explanation | None]]:
        """Explain ``items`` (m, k) for ``users`` (m,): one list a user, None where an item is NO_ITEM.

        About 1.5 kB of memory a pair at five contributions, and .3 kB more for each member of a blend, so ask in blocks
        of some thousand users. Raises ModelError where an item is asked for twice in one list.
        """
        users = self._known(users, self.n_users, "user")
        items = np.asarray(items)
        self._known(items[items != NO_ITEM], self.n_items, "item")
        in_order = np.sort(items, axis=1)
        if ((in_order[:, 1:] == in_order[:, :-1]) & (in_order[:, 1:] != NO_ITEM)).any():
            raise ModelError("a list to explain holds an item twice; ask for each once.")
        return self._explain_many(users, items, limit)

    def _over(self, snapshot: GraphSnapshot) -> Self:
        """Return a copy that knows the sizes of ``snapshot``, and what is popular in it."""
        other = copy(self)
        other.n_users, other.n_items = len(snapshot.users), len(snapshot.items)
        other.popularity = _liked_by(snapshot)
        return other

    def _foresee(self, snapshot: GraphSnapshot) -> None:
        """Raise ModelError if fitting on ``snapshot`` would take more memory than there is."""
        pairs = snapshot.matrix_entries(ALL_INTERACTIONS)
        sizes = f"{self.n_users:,} users, {self.n_items:,} items and {pairs:,} interactions"
        must_fit(f"{self.name} on {sizes}", MATRICES * pairs + self._memory(snapshot, pairs), None, self.lighter)

    def _known(self, rows: Rows, count: int, what: str) -> Rows:
        """Return ``rows`` as an array; raises ModelError before fitting and for rows outside 0..count-1."""
        if not self.n_users:
            raise ModelError(f"this {self.name} model is not fitted; call fit or restore first.")
        rows = np.asarray(rows)
        if rows.size and (rows.min() < 0 or rows.max() >= count):
            raise ModelError(f"{what} rows must lie between 0 and {count - 1}.")
        return rows

    def save(self, folder: Path) -> None:
        """Write the fitted model into ``folder`` as one .npz and one .json, without pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        arrays: dict[str, npt.NDArray] = {"popularity": self.popularity}
        for name, value in self._state().items():
            if isinstance(value, np.ndarray):
                arrays[name] = value
            else:
                parts = {"data": value.data, "indices": value.indices, "indptr": value.indptr, "shape": value.shape}
                arrays |= {f"{name}.{part}": np.asarray(array) for part, array in parts.items()}
        np.savez(folder / "model.npz", **arrays)  # type: ignore[arg-type]
        about = {"model": self.name, "settings": asdict(self.settings), "users": self.n_users, "items": self.n_items}
        (folder / "model.json").write_text(json.dumps(about), encoding="utf-8")

    def restore(self, folder: Path) -> Self:
        """Take the fitted state that :meth:`save` wrote; raises ModelError if it is another model's or damaged.

        Nothing in the files is run, whoever wrote them.
        """
        try:
            about = json.loads((folder / "model.json").read_text(encoding="utf-8"))
            if about["model"] == self.name:
                self._read_state(folder, about)
        except Exception as error:
            raise ModelError(
                f"{folder} holds no {self.name} model that can be read ({type(error).__name__}); train it again."
            ) from error
        if about["model"] != self.name:
            raise ModelError(f"{folder} holds a {about['model']} model, not {self.name}.")
        return self

    def _read_state(self, folder: Path, about: Mapping[str, Any]) -> None:
        self.n_users, self.n_items = about["users"], about["items"]
        with np.load(folder / "model.npz", allow_pickle=False) as arrays:
            self.popularity = arrays["popularity"]
            self._restore(_assemble({name: arrays[name] for name in arrays.files if name != "popularity"}))

    @abstractmethod
    def _memory(self, snapshot: GraphSnapshot, pairs: int) -> float:
        """About how many bytes :meth:`_fit` takes at most, beside ``snapshot`` and the matrices of all interactions.

        Told from sizes and settings alone, ``pairs`` being the number of interactions: ``n_users`` and ``n_items``
        are known, nothing else is. Within a factor of two of what is measured.
        """

    @abstractmethod
    def _fit(self, snapshot: GraphSnapshot, seed: int, progress: Progress) -> None: ...

    @abstractmethod
    def _scores(self, users: Rows) -> Scores: ...

    @abstractmethod
    def _fold_in(self, histories: sparse.csr_matrix) -> Scores: ...

    @abstractmethod
    def _state(self) -> State: ...

    @abstractmethod
    def _restore(self, state: State) -> None: ...

    def _reasons(self, users: Rows, items: Rows, limit: int) -> Reasons | None:
        """All that :meth:`_explain_many` tells, or None where contributions do not all go through one node or none."""
        return None

    def _explain_many(self, users: Rows, items: Rows, limit: int) -> list[list[Explanation | None]]:
        """A model that gives no reasons in columns has a method of its own."""
        reasons = self._reasons(users, items, limit)
        if reasons is None:
            raise NotImplementedError(f"{type(self).__name__} gives no reasons: define _reasons or _explain_many.")
        return reasons.explanations(items)

    def _top_k(self, users: Rows, k: int, seen: sparse.csr_matrix | None) -> TopK:
        return top_k_of_blocks(self._scores, users, k, self.n_items, seen)


def _liked_by(snapshot: GraphSnapshot) -> npt.NDArray[np.float64]:
    """How many users like each item (n_items,)."""
    return np.asarray((snapshot.interactions > 0).sum(axis=0), dtype=np.float64).ravel()


def _answer_must_fit(what: str, rows: int, bytes_a_row: float) -> None:
    if rows * bytes_a_row > WORTH_FORESEEING:
        must_fit(f"{what} for {rows:,} users", rows * bytes_a_row, None, "ask for fewer users at a time")


def _assemble(arrays: dict[str, npt.NDArray]) -> State:
    state: State = {}
    for name, array in arrays.items():
        stem, _, part = name.rpartition(".")
        if not stem:
            state[name] = array
        elif part == "data":
            triple = (array, arrays[f"{stem}.indices"], arrays[f"{stem}.indptr"])
            state[stem] = sparse.csr_matrix(triple, shape=tuple(arrays[f"{stem}.shape"]))
    return state
