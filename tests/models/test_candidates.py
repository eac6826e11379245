"""What ``auto`` tries on a graph, and within what time and memory."""

from __future__ import annotations

import numpy as np
import pytest
from toy_graphs import communities

from graphrec_neo4j.models import create
from graphrec_neo4j.models.candidates import Family, families, spells_out
from graphrec_neo4j.models.trials import Later, Trials
from graphrec_neo4j.progress import silent
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.from_generator import generate


@pytest.fixture(scope="module")
def town() -> GraphSnapshot:
    return communities(users=200, items=90)


def only(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let ``auto`` try these families alone."""
    monkeypatch.setattr(
        "graphrec_neo4j.models.selection.families",
        lambda *given, **named: {name: each for name, each in families(*given, **named).items() if name in names},
    )


@pytest.mark.parametrize("exact", [True, False])
def test_reasons_of_a_blend_are_exact_unless_that_is_not_asked_for(
    town: GraphSnapshot, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch_geometric")
    assert ("distmult" in families(town, exact_reasons=exact)) != exact
    monkeypatch.setattr(
        "graphrec_neo4j.models.selection.families",
        lambda *given, exact_reasons: {
            name: each
            for name, each in families(*given, exact_reasons=exact_reasons).items()
            if name in ("popularity", "distmult")
        },
    )
    model = create("auto", exact_reasons=exact).fit(town)
    assert ("distmult" in {member.name for member in model.members}) != exact
    why = model.explain(3, int(model.top_k(np.array([3]), 1, town.seen).items[0, 0]))
    assert why.exact == exact
    assert why.contributions


def test_without_time_only_the_first_family_is_tried_and_the_others_are_named(town: GraphSnapshot) -> None:
    chosen = create("auto", budget=0.0).fit(town).chosen
    tried = [trial["model"] for trial in chosen["tried"] if "ndcg@20" in trial]
    left_out = {trial["model"].split()[0] for trial in chosen["tried"] if trial.get("left_out") == "no time"}
    first, *others = families(town).values()
    assert tried == [spells_out(first.variant(first.start)), "blend"]
    assert left_out == {first.model, *(family.model for family in others)}


def test_a_family_that_memory_forbids_is_left_out_with_the_reason(town: GraphSnapshot) -> None:
    split = random_split(town, 0.15, seed=0)
    trials = Trials(split, split.users, 60.0, 0, silent)
    won = trials.best_of_each({"none": Family("popularity"), "ease": Family("ease", {"memory_gib": (1e-9,)})})
    assert list(won) == ["none"]
    assert "ease" in trials.tried[-1]["left_out"]


def test_climbing_finds_the_best_point_of_a_small_grid_on_one_axis(town: GraphSnapshot) -> None:
    split = random_split(town, 0.15, seed=0)
    family = Family("rp3beta", {"beta": (0.0, 0.3, 0.6, 0.9)})
    trials = Trials(split, split.users, 60.0, 0, silent)
    winner = trials.best_of_each({"walk": family})["walk"]
    assert winner.merit == max(trial["ndcg@20"] for trial in trials.tried)
    assert len(trials.tried) == 4


def test_a_winner_that_would_take_the_time_later_leaves_none_to_the_others(town: GraphSnapshot) -> None:
    split = random_split(town, 0.15, seed=0)
    two = {"one": Family("popularity"), "other": Family("popularity")}
    for rankings, won in ((0.0, ["one", "other"]), (1e9, ["one"])):
        trials = Trials(split, split.users, 60.0, 0, silent, Later(0, rankings))
        assert list(trials.best_of_each(two)) == won


def test_fewer_seconds_mean_a_smaller_rank_and_the_smallest_is_left() -> None:
    crowd = generate(users=1500, items=600, seed=5).snapshot
    ranks = [families(crowd, seconds)["spectral"].axes["dimensions"] for seconds in (np.inf, 0.05, 0.0)]
    assert ranks[0][0] > ranks[1][0] > ranks[2][0]
    assert ranks[2] == (64,)


def test_a_varied_filter_is_the_one_that_is_fitted_with_these_settings(town: GraphSnapshot) -> None:
    users, settings = np.arange(9), {"dimensions": 40, "softness": 0.5, "scale_exponent": 0.1}
    wide = create("spectral", dimensions=40, softness=0.0).fit(town)
    other = create("spectral", **settings)
    varied = wide.varied(other.settings)
    assert varied is not None
    np.testing.assert_allclose(varied.scores(users), other.fit(town).scores(users), atol=1e-5)
    narrow = wide.varied(create("spectral", dimensions=16, softness=0.0).settings)
    assert narrow is not None
    np.testing.assert_array_equal(narrow.vectors().items, wide.vectors().items[:, :16])
    np.testing.assert_allclose(narrow.vectors().users, wide.vectors().users[:, :16], rtol=1e-5)
    assert wide.varied(create("spectral", dimensions=16, user_exponent=0.5).settings) is None
