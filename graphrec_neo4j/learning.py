"""From a snapshot to what is published: fit, rank, give reasons."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.explain.sentences import Describer
from graphrec_neo4j.explain.stored import NamedNodes
from graphrec_neo4j.foresee import must_fit
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.evaluation import evaluate
from graphrec_neo4j.ranking.parts import in_parts
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.results import Results, Texts, TopK, Vectors
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.walks.page_rank import page_rank
from graphrec_neo4j.walks.typed_graph import TypedGraph

PUBLISHED_ITEMS = 20
CONTRIBUTIONS = 5
NO_VECTOR_DIMENSIONS = 64
_BLOCK = 2048
_BYTES_A_PAIR = 650.0
"""A sentence, five contributions in words, and its place in the lists; 430 to 490 of them are texts on Gowalla."""


@dataclass(frozen=True)
class Learnt:
    """A fitted model, what it publishes, what it says of itself, and the seconds of each stage.

    ``beside`` is the model whose vectors are published where ``model`` has none.
    """

    model: Recommender
    results: Results
    report: Mapping[str, Any]
    seconds: Mapping[str, float]
    beside: Recommender | None = None


def learn(
    snapshot: GraphSnapshot,
    model: str,
    settings: Mapping[str, Any],
    *,
    seed: int,
    former: Recommender | None = None,
    progress: Progress = silent,
) -> Learnt:
    """Judge ``model`` on a held-out part, fit it on everything, and make the lists, vectors and reasons to publish.

    Raises ModelError before any work where memory is too small for what every run needs.
    A model that chose something on a validation part of its own (``chosen``) is judged by that one, and not twice;
    what a ``former`` one chose is kept.
    """
    _foresee(snapshot)
    clock = Clock()
    if former:
        fitted = former.refitted(snapshot, seed, progress)
    else:
        fitted = create(model, **settings).fit(snapshot, seed=seed, progress=progress)
    clock.lap("fit")
    report = _own_report(fitted) or judged(snapshot, model, settings, seed, progress)
    clock.lap("judge")
    everyone = np.arange(len(snapshot.users))
    top = lists_of(fitted, everyone, snapshot, progress)
    clock.lap("rank")
    walker = walker_for(fitted, snapshot)
    walk = top if walker is fitted else lists_of(walker, everyone, snapshot, progress)
    beside = None if fitted.vectors() else _beside(snapshot, seed, progress)
    fitted_at = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "changed": 0.0}
    told = {name: value for name, value in report.items() if name != "metrics"} | {"fitted": fitted_at}
    ranked = Ranked(fitted, beside, top, walk)
    results = ranked.results(snapshot, {**report["metrics"], **told}, clock, progress)
    return Learnt(fitted, results, report, clock.seconds, beside)


def _foresee(snapshot: GraphSnapshot) -> None:
    whole = "the PageRank of all items, which every run publishes,"
    must_fit(whole, TypedGraph.bytes_of(snapshot), None, "load fewer edges or take a machine with more memory")
    listed = len(snapshot.users) * min(PUBLISHED_ITEMS, len(snapshot.items))
    told = f"the lists of {listed:,} recommendations with their reasons"
    must_fit(told, _BYTES_A_PAIR * listed, None, "take a machine with more memory, or a part of the users")


@dataclass(frozen=True, eq=False)
class Ranked:
    """A model, what gives vectors where it has none, and the lists of all users: its own and those of the walk."""

    model: Recommender
    beside: Recommender | None
    top: TopK
    walk: TopK

    def results(
        self,
        snapshot: GraphSnapshot,
        metrics: Mapping[str, Any],
        clock: Clock,
        progress: Progress,
        kept: npt.NDArray[np.bool_] | None = None,
    ) -> Results:
        """Return all that is published over ``snapshot``, with reasons for all users but those who are ``kept``."""
        model, top = self.model, self.top
        vectors, scores = vectors_of(model, self.beside, snapshot), _item_page_rank(snapshot)
        wanted = snapshot.schema.results.neighbours
        similar = model.neighbours(wanted) if wanted else None
        clock.lap("vectors and walks")
        users = np.arange(len(top)) if kept is None else np.flatnonzero(~kept)
        reasons, why = _texts(model, snapshot, top, users, progress)
        clock.lap("explain")
        because = NamedNodes(why, snapshot.schema)
        return Results(top, self.walk, vectors, scores, reasons, why, metrics, similar, because, kept)


def _own_report(fitted: Recommender) -> dict[str, Any]:
    """What a model that chose its own settings says of its choice; its last trial is what it became."""
    tried = fitted.chosen.get("tried")
    if not fitted.chosen:
        return {}
    metrics = {name: value for name, value in tried[-1].items() if "@" in name} if tried else {}
    return {"chosen_on": fitted.chosen_on, "chosen": fitted.chosen, "metrics": metrics}


def judged(
    snapshot: GraphSnapshot, model: str, settings: Mapping[str, Any], seed: int, progress: Progress
) -> dict[str, Any]:
    """Metrics of the same model with the same settings, fitted without a random tenth of each user's edges."""
    try:
        split = random_split(snapshot, share=0.1, seed=seed) if snapshot.interactions.nnz >= 10 else None
    except ModelError:
        split = None  # As where nobody has two interactions, of which one could be held out.
    if split is None:
        return {"chosen_on": "nothing: settings as given", "judged_on": "nothing: too few interactions", "metrics": {}}
    fitted = create(model, **settings)
    [row] = evaluate([fitted], split, k=PUBLISHED_ITEMS, seed=seed, progress=progress).table()["models"]
    metrics = {name: value for name, value in row.items() if "@" in name}
    return {"chosen_on": fitted.chosen_on, "judged_on": split.about, "metrics": metrics}


def lists_of(model: Recommender, users: npt.NDArray, snapshot: GraphSnapshot, progress: Progress) -> TopK:
    """The list of each of ``users``, as it is published."""
    return in_parts(lambda rows: model.top_k(rows, PUBLISHED_ITEMS, snapshot.seen), users, progress)


def walker_for(fitted: Recommender, snapshot: GraphSnapshot) -> Recommender:
    """The model of the meta-path PageRank lists: ``fitted`` itself where it is that walk."""
    return fitted if fitted.name == "p3" else create("p3").fit(snapshot)


def _item_page_rank(snapshot: GraphSnapshot) -> np.ndarray:
    """The global score of every item (n_items,): its PageRank among all users, items and categories."""
    graph = TypedGraph.of(snapshot)
    first = graph.offsets[snapshot.schema.recommend]
    return page_rank(graph)[first : first + len(snapshot.items)]


def _beside(snapshot: GraphSnapshot, seed: int, progress: Progress) -> Recommender | None:
    """What gives vectors for ``similar`` and for newcomers where a model has none; None where nobody interacted yet."""
    return create("spectral").fit(snapshot, seed=seed, progress=progress) if snapshot.interactions.nnz else None


def vectors_of(model: Recommender, beside: Recommender | None, snapshot: GraphSnapshot) -> Vectors:
    """The vectors of ``model``, else of ``beside``, else zeros."""
    made = model.vectors() or (beside and beside.vectors())
    if made:
        return made
    sizes = (len(snapshot.users), len(snapshot.items))
    return Vectors(*(np.zeros((size, NO_VECTOR_DIMENSIONS), dtype=np.float32) for size in sizes))


def _texts(
    model: Recommender, snapshot: GraphSnapshot, top: TopK, users: npt.NDArray, progress: Progress
) -> tuple[Texts, Texts]:
    """The reason sentences and the stored contributions of the lists of ``users``, explained block by block.

    One entry for each user of ``top``, empty for those who were not asked for.
    """
    describer = Describer(snapshot)
    reasons, why = Texts(len(top)), Texts(len(top))
    for start in range(0, len(users), _BLOCK):
        rows = users[start : start + _BLOCK]
        with _collector_paused():
            explained = model.explain_many(rows, top.items[rows], CONTRIBUTIONS)
            said, stored = describer.block(explained, rows, top.items[rows])
        for row, sentences, texts in zip(rows.tolist(), said, stored, strict=True):
            reasons[row], why[row] = sentences, texts
        progress("explaining", start + len(rows), len(users))
    return reasons, why


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Make millions of tuples, which point at nothing that points back, without looking for cycles among them.

    Looking takes a quarter of the time; what a block made is freed by its counts all the same.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Clock:
    """The seconds of each stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Note what passed since the lap before as that of ``stage``."""
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now
