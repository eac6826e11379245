import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from scipy import sparse

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.ranking.evaluation import bootstrap_difference, evaluate
from graphrec_neo4j.ranking.splits import Split, given_split
from graphrec_neo4j.ranking.topk import top_k_of_blocks
from graphrec_neo4j.results import TopK
from graphrec_neo4j.schema import default_schema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes


class InOrder:
    """Ranks the lowest rows first, and remembers what it was given to learn from."""

    name: ClassVar[str] = "in order"
    chosen_on: ClassVar[str] = "nothing"

    def fit(self, snapshot: GraphSnapshot, *, seed: int = 0, progress: object = None) -> "InOrder":
        self.learnt = snapshot
        return self

    def top_k(self, users: np.ndarray, k: int, seen: sparse.csr_matrix | None = None) -> TopK:
        n_items = len(self.learnt.items)
        scores = np.arange(n_items, 0, -1)
        return top_k_of_blocks(lambda rows: np.tile(scores, (len(rows), 1)), users, min(k, n_items), n_items, seen)


def toy_split(items: int = 8) -> Split:
    """User 0 had item 0, user 1 had items 0 to 5, user 2 had none; items 1 and 7 are asked for."""
    liked = [(0, 0), *((1, item) for item in range(6))]
    source, target = (np.array(column, dtype=np.int32) for column in zip(*liked, strict=True))
    none = Edges(np.zeros(0, dtype=np.int32), np.zeros(0, dtype=np.int32))
    sizes = {"User": 4, "Item": items, "Category": 0}
    nodes = {n: Nodes(IdMap(n, range(size), "integer")) for n, size in sizes.items() if n != "Category"}
    nodes["Category"] = Nodes(IdMap("Category", [], "string"))
    edges = {"INTERACTED": Edges(source, target), "FOLLOWS": none, "IN_CATEGORY": none}
    train = GraphSnapshot(default_schema("integer", "integer"), nodes, edges)
    test = sparse.csr_matrix(([1] * 4, ([0, 0, 1, 2], [1, 7, 7, 7])), shape=(4, items))
    return given_split(train, test)


def test_the_table_says_what_was_asked_and_holds_a_row_a_model() -> None:
    split = toy_split()
    table = evaluate([InOrder()], split, k=2, seed=5).table()
    row = table["models"][0]
    assert {name: table[name] for name in ("split", "k", "users", "users_without_train", "seed")} == {
        "split": "as given",
        "k": 2,
        "users": 3,
        "users_without_train": 1,
        "seed": 5,
    }
    assert (row["model"], row["chosen_on"]) == ("in order", "nothing")
    # Lists: user 0 gets 1, 2; user 1 gets 6, 7; user 2 gets 0, 1.
    assert row["recall@2"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert row["precision@2"] == pytest.approx((1 / 2 + 1 / 2 + 0) / 3)
    assert row["mrr@2"] == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert row["hit_rate@2"] == pytest.approx(2 / 3)
    assert row["coverage@2"] == 5 / 8
    assert row["seconds"] >= 0
    assert row["peak_mib"] > 0


def test_a_model_is_fitted_on_train_alone() -> None:
    split, model = toy_split(), InOrder()
    evaluate([model], split, k=2)
    assert model.learnt is split.train
    assert model.learnt.interactions.multiply(split.test).nnz == 0


def test_a_short_catalogue_is_judged_by_all_k_places() -> None:
    row = evaluate([InOrder()], toy_split(), k=20).table()["models"][0]
    assert row["precision@20"] == pytest.approx((2 + 1 + 1) / 3 / 20)


def test_slices_by_history_and_by_popularity() -> None:
    evaluation = evaluate([InOrder()], toy_split(), k=2)
    judged = evaluation.judged[0]
    by_history = evaluation.by_history(judged)
    assert by_history["1-5"] == (1, 1 / 2)
    assert by_history["6-20"] == (1, 1)
    assert by_history["more than 20"][0] == 0
    assert np.isnan(by_history["more than 20"][1])
    by_popularity = evaluation.by_popularity(judged)
    assert by_popularity["most popular quarter"] == (1, 1)
    assert by_popularity["least popular quarter"] == (3, 1 / 3)


def test_diversity_without_a_value_is_null() -> None:
    assert evaluate([InOrder()], toy_split(), k=1).table()["models"][0]["diversity@1"] is None


def test_the_interval_of_a_constant_gain_is_that_gain() -> None:
    one = np.array([1.0, 2.0, np.nan, 3.0])
    assert bootstrap_difference(one, one - 0.5) == (0.5, 0.5, 0.5)


def test_the_interval_is_that_of_the_normal_law_for_many_users() -> None:
    gains = np.random.default_rng(0).normal(0.1, 1.0, 4000)
    mean, low, high = bootstrap_difference(gains, np.zeros(4000), seed=1)
    error = gains.std() / np.sqrt(4000)
    assert mean == pytest.approx(gains.mean())
    assert (low, high) == pytest.approx((mean - 1.96 * error, mean + 1.96 * error), abs=0.2 * error)


def test_the_interval_is_the_same_for_the_same_seed() -> None:
    gains = np.random.default_rng(0).normal(0.1, 1.0, 50)
    assert bootstrap_difference(gains, gains * 0, seed=3) == bootstrap_difference(gains, gains * 0, seed=3)


def test_no_users_have_no_difference() -> None:
    assert np.isnan(bootstrap_difference(np.array([np.nan]), np.array([1.0]))).all()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux can start a peak anew")
def test_the_peak_sees_an_array_that_has_gone() -> None:
    # A process of its own: one that ran other tests holds free memory, which an array takes without growing it.
    code = (
        "import numpy as np\n"
        "from graphrec_neo4j.ranking.peak_memory import peak_mib, reset_peak\n"
        "reset_peak()\nbefore = peak_mib()\nnp.ones(40 * 2**20 // 8).sum()\nprint(peak_mib() - before)"
    )
    grown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 35 < float(grown) < 80
