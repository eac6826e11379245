"""Every trained model on real ratings and listenings, shorter than by default: clearly ahead of what all like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.evaluation import accuracy
from graphrec_neo4j.ranking.splits import Split, given_split, random_split
from loaders.from_edge_lists import read_interactions
from loaders.from_movielens import load_movielens

pytestmark = pytest.mark.data

SHORT: dict[str, Any] = {"epochs": 6, "dimensions": 32}
LONGER: dict[str, Any] = {"epochs": 16, "dimensions": 32}
SMALL: dict[str, Any] = {"dimensions": 32}
MODELS: dict[str, dict[str, Any]] = {
    **dict.fromkeys(("mf", "gcn", "gat", "graphsage", "ngcf", "lightgcn", "pinsage", "simgcl", "directau"), SHORT),
    **dict.fromkeys(("social-gcn", "hetero", "han", "transe", "distmult", "rotate"), SHORT),
    **dict.fromkeys(("metapath2vec", "deepwalk", "node2vec"), SMALL),
    "two-tower": LONGER,
    "ultragcn": {**LONGER, "epochs": 48},
}
MARGIN = 1.2


@pytest.fixture(scope="module", params=["movielens", "lastfm"])
def split(request: pytest.FixtureRequest, data_set: Callable[[str], Path]) -> Split:
    pytest.importorskip("torch_geometric")
    if request.param == "movielens":
        return random_split(load_movielens(data_set("movielens_latest_small")).snapshot, seed=0)
    folder = data_set("lastfm_sociallgn")
    read = read_interactions(folder / "train_set.txt", folder / "test_set.txt", folder / "trust.txt")
    return given_split(read.snapshot, read.test)


@pytest.fixture(scope="module")
def of_popularity(split: Split) -> float:
    return recall_of("popularity", split, {})


def recall_of(model: str, split: Split, settings: dict[str, Any]) -> float:
    top = create(model, **settings).fit(split.train).top_k(split.users, 20, split.train.seen)
    return float(np.nanmean(accuracy(top.items, split.test[split.users])["recall"]))


@pytest.mark.parametrize("model", MODELS)
def test_it_beats_popularity_by_a_fifth(model: str, split: Split, of_popularity: float) -> None:
    assert recall_of(model, split, MODELS[model]) > MARGIN * of_popularity
