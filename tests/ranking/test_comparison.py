"""What a comparison says beside the metrics, by hand on the toy split."""

import json

import pytest
from toy_split import InOrder, toy_split

from graphrec_neo4j.ranking.comparison import compared
from graphrec_neo4j.ranking.evaluation import Evaluation, evaluate


def evaluation(**options: object) -> Evaluation:
    models = [InOrder("lowest"), InOrder("highest", step=-1), InOrder("lowest again")]
    return evaluate(models, toy_split(), k=2, **options)


def test_the_table_is_all_there_and_more_is_beside_it() -> None:
    found = evaluation(cutoffs=(1, 4))
    plain, more = found.table(), compared(found, ["lowest"])
    assert {name: more[name] for name in plain if name != "models"} == {
        name: value for name, value in plain.items() if name != "models"
    }
    for row, richer in zip(plain["models"], more["models"], strict=True):
        assert row.items() <= richer.items()
        assert set(richer["cutoffs"]) == {"1", "4"}
    assert json.loads(json.dumps(more, allow_nan=False))["models"][0]["slices"]


def test_the_best_and_the_best_baseline_are_those_of_the_highest_ndcg() -> None:
    # Highest: users 0 and 2 have their 7 first, user 1 too; lowest: only some.
    more = compared(evaluation(), ["lowest", "lowest again", "not asked"])
    assert (more["best"], more["baseline"]) == ("highest", "lowest")
    assert compared(evaluation(), [])["baseline"] is None


def test_differences_are_paired_means_with_an_interval_around_them() -> None:
    found = evaluation()
    more = compared(found, ["lowest"])
    highest, lowest = more["models"][1], more["models"][0]
    told = highest["difference"]["baseline"]
    assert told["to"] == "lowest"
    assert told["recall@2"]["mean"] == pytest.approx(highest["recall@2"] - lowest["recall@2"])
    # Gains of users 0, 1 and 2: 1/2 - 1/2, 1 - 1 and 1 - 0; 1,000 rounds see all-of-the-first-two and all-of-the-last.
    assert (told["recall@2"]["low"], told["recall@2"]["high"]) == (0, 1)
    back = lowest["difference"]["best"]
    assert back["ndcg@2"]["mean"] == pytest.approx(-told["ndcg@2"]["mean"])
    low, high = lowest["interval"]["recall@2"]
    assert low <= lowest["recall@2"] <= high


def test_equal_lists_differ_by_exactly_nothing() -> None:
    told = compared(evaluation(), ["lowest"])["models"][2]["difference"]["baseline"]["ndcg@2"]
    assert told == {"mean": 0, "low": 0, "high": 0}


def test_a_reference_has_no_difference_to_itself() -> None:
    more = compared(evaluation(), ["lowest"])
    assert "baseline" not in more["models"][0]["difference"]
    assert "best" not in more["models"][1]["difference"]
