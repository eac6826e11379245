"""What a model says that it needs, against what it takes; and that it says so before it takes anything."""

from __future__ import annotations

import os
import subprocess
import sys
import tracemalloc
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_graphs import communities, snapshot_of

from graphrec_neo4j import foresee
from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import MODELS, create
from graphrec_neo4j.models.base import MATRICES, Recommender
from graphrec_neo4j.ranking.evaluation import evaluate
from graphrec_neo4j.ranking.splits import leave_last_split, random_split, time_split
from graphrec_neo4j.snapshot import Edges, GraphSnapshot

WIDE, LONG = (3000, 9000, 150_000), (9000, 3000, 150_000)

IN_NUMPY: dict[str, dict[str, Any]] = {
    "popularity": {},
    "recent-popularity": {},
    "p3": {},
    "rp3beta": {},
    "ppr": {},
    "covisit": {},
    "item-knn": {},
    "user-knn": {},
    "slim": {"neighbours": 50, "sweeps": 2},
    "ease": {},
    "spectral": {},
    "gf-cf": {},
    "bspm": {},
    "ials": {"rounds": 1},
}
"""Models whose memory is that of arrays which Python's tracing sees; ``turbo-cf`` fits its graph to what is left."""


@cache
def large(users: int, items: int, pairs: int) -> GraphSnapshot:
    """Random interactions at random times; some users and items have many times as many as others."""
    random = np.random.default_rng(0)
    ends = [(size * random.random(3 * pairs) ** 1.5).astype(np.int64) for size in (users, items)]
    found = np.unique(ends[0] * items + ends[1])
    found = np.sort(random.choice(found, pairs, replace=False))
    time = random.integers(0, 10**11, pairs)
    edges = Edges((found // items).astype(np.int32), (found % items).astype(np.int32), None, time)
    return snapshot_of(users, items, []).with_edges(INTERACTED=edges)


def told(model: Recommender, graph: GraphSnapshot) -> float:
    """What ``model`` says that fitting on ``graph`` takes."""
    model.n_users, model.n_items = len(graph.users), len(graph.items)
    pairs = len(graph.edges["INTERACTED"])
    return MATRICES * pairs + model._memory(graph, pairs)


@pytest.mark.parametrize(
    ("name", "size"), [(name, size) for name in IN_NUMPY for size in (WIDE, LONG) if (name, size) != ("ease", WIDE)]
)
def test_what_is_foreseen_is_within_a_factor_of_two_of_what_is_taken(name: str, size: tuple[int, int, int]) -> None:
    if name == "ials":
        pytest.importorskip("implicit")
    create(name, **IN_NUMPY[name]).fit(communities()).top_k(np.arange(3), 5)  # compiled before it is measured
    graph = large(*size)
    fresh, model = graph.with_edges(), create(name, **IN_NUMPY[name])
    tracemalloc.start()
    try:
        model.fit(fresh).top_k(np.arange(20), 5, fresh.seen)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    expected = told(create(name, **IN_NUMPY[name]), graph)
    assert expected / 2 < taken < 2 * expected


TRAINED = """
import sys
sys.path[:0] = {paths!r}
from test_memory import large, told
from toy_graphs import communities
from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.peak_memory import peak_mib, reset_peak

settings = dict(epochs=1, batches=2, **{settings!r})
create({name!r}, **settings).fit(communities())
graph, model = large(10_000, 3_000, 100_000), create({name!r}, **settings)
reset_peak()
before = peak_mib()
model.fit(graph)
print((peak_mib() - before) * 2**20 / told(model, graph))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs the peak memory of Linux")
@pytest.mark.parametrize(
    ("name", "settings"), [("lightgcn", {}), ("gcn", {}), ("gat", {}), ("graphsage", {"aggregator": "lstm"})]
)
def test_what_training_foresees_is_within_a_factor_of_two_of_what_its_process_takes(
    name: str, settings: dict[str, Any]
) -> None:
    pytest.importorskip("torch_geometric")
    code = TRAINED.format(paths=[str(Path(__file__).parent)], name=name, settings=settings)
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert 1 / 2 < float(done.stdout) < 2


@pytest.mark.parametrize("name", MODELS)
def test_what_does_not_fit_is_refused_before_any_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    graph, model = communities(), create(name)
    monkeypatch.setattr(foresee, "available_bytes", lambda: told(create(name), graph) - 1)
    pairs = len(graph.edges["INTERACTED"])
    said = rf"^{name} on 45 users, 36 items and {pairs} interactions needs about"
    with pytest.raises(ModelError, match=said) as refusal:
        model.fit(graph)
    assert str(refusal.value).endswith(f"; {model.lighter}.")
    assert "interactions" not in vars(graph)


@pytest.mark.parametrize("name", MODELS)
def test_the_way_out_is_shorter_than_a_sentence(name: str) -> None:
    assert not create(name).lighter.endswith(".")


def test_answers_for_too_many_users_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = communities()
    model, users = create("popularity").fit(graph), np.zeros(600_000, dtype=np.int64)
    monkeypatch.setattr(foresee, "available_bytes", lambda: 0.0)
    assert model.scores(users[:10]).shape == (10, 36)
    for asked in (
        lambda: model.scores(users),
        lambda: model.top_k(users, 30),
        lambda: model.fold_in(graph.interactions[users]),
    ):
        with pytest.raises(ModelError, match=r"for 600,000 users needs about .*; ask for fewer users at a time\.$"):
            asked()


@pytest.mark.parametrize("split", [random_split, time_split, leave_last_split])
def test_a_split_that_does_not_fit_is_refused(split: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    graph = large(*WIDE)
    tracemalloc.start()
    try:
        split(graph)
        taken = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    monkeypatch.setattr(foresee, "available_bytes", lambda: taken / 2)
    with pytest.raises(ModelError, match=r"splitting 150,000 interactions needs about"):
        split(graph)
    monkeypatch.setattr(foresee, "available_bytes", lambda: taken * 2)
    split(graph)


def test_judging_that_does_not_fit_is_refused_before_anything_is_fitted(monkeypatch: pytest.MonkeyPatch) -> None:
    split, model = random_split(communities()), create("popularity")
    monkeypatch.setattr(foresee, "available_bytes", lambda: 0.0)
    with pytest.raises(ModelError, match=r"judging 44 lists of 100 items needs about .*; cut the lists shorter"):
        evaluate([model], split, cutoffs=[100], optional=["popularity"])
    assert not model.n_users
