import subprocess
import sys
from pathlib import Path

import pytest
from toy_split import InOrder, toy_split

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ranking.evaluation import evaluate
from graphrec_neo4j.snapshot import GraphSnapshot


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


def test_diversity_without_a_value_is_null() -> None:
    assert evaluate([InOrder()], toy_split(), k=1).table()["models"][0]["diversity@1"] is None


def test_longer_lists_are_cut_to_what_shorter_ones_would_have_been() -> None:
    split = toy_split()
    longer = evaluate([InOrder()], split, k=2, cutoffs=(1, 5)).judged[0]
    shorter = evaluate([InOrder()], split, k=2).judged[0]
    assert longer.items.tolist() == shorter.items.tolist()
    assert longer.overall == pytest.approx(shorter.overall, nan_ok=True)
    # In first place user 0 has her 1, user 1 a 6 and user 2 a 0; of five places user 1 has 6 and 7.
    assert longer.by_cutoff[1]["recall"] == pytest.approx((1 / 2 + 0 + 0) / 3)
    assert longer.by_cutoff[5]["recall"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert evaluate([InOrder()], split, k=5).judged[0].overall["ndcg"] == longer.by_cutoff[5]["ndcg"]


class Refusing(InOrder):
    """Cannot be fitted."""

    def fit(self, snapshot: GraphSnapshot, *, seed: int = 0, progress: object = None) -> InOrder:
        raise ModelError("it needs 900 GiB; take another model.")


def test_an_optional_model_that_refuses_is_left_out_with_its_sentence() -> None:
    evaluation = evaluate([Refusing("refusing"), InOrder()], toy_split(), k=2, optional={"refusing"})
    assert [judged.model for judged in evaluation.judged] == ["in order"]
    assert evaluation.left_out == {"refusing": "it needs 900 GiB; take another model."}


def test_a_model_that_was_asked_for_by_name_may_not_refuse() -> None:
    with pytest.raises(ModelError, match="900 GiB"):
        evaluate([Refusing("refusing"), InOrder()], toy_split(), k=2, optional={"in order"})


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
