import re
from copy import copy
from pathlib import Path

import numpy as np
import pytest
from contract import RecommenderContract
from scipy import sparse
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.models.blend import LEAST_GAIN, pool_of, scales_of, search
from graphrec_neo4j.models.merged import merged
from graphrec_neo4j.models.selection import Selection
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.results import NO_ITEM, Contribution, Explanation
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from loaders.from_generator import generate


class TestAuto(RecommenderContract):
    model = "auto"


@pytest.fixture(scope="module")
def town() -> GraphSnapshot:
    return communities(users=200, items=90)


@pytest.fixture(scope="module")
def fitted(town: GraphSnapshot) -> Recommender:
    return create("auto").fit(town, seed=1)


def jobs() -> GraphSnapshot:
    """Members with skills, jobs that require skills, and nobody who has taken a job."""
    schema = GraphSchema.parse(
        """
        recommend_to = "Member"
        recommend = "Job"
        [nodes.Member]
        key_type = "integer"
        [nodes.Job]
        key_type = "integer"
        [nodes.Skill]
        key_type = "integer"
        [edges.HAS_SKILL]
        from = "Member"
        to = "Skill"
        [edges.REQUIRES]
        from = "Job"
        to = "Skill"
        """
    )
    sizes = {"Member": 3, "Job": 3, "Skill": 3}
    nodes = {name: Nodes(IdMap(name, range(size), "integer")) for name, size in sizes.items()}

    def edges(*pairs: tuple[int, int]) -> Edges:
        return Edges(*(np.array(column, dtype=np.int32) for column in zip(*sorted(pairs), strict=True)))

    ties = {"HAS_SKILL": edges((0, 0), (0, 1), (1, 2)), "REQUIRES": edges((0, 2), (1, 0), (2, 0), (2, 1))}
    return GraphSnapshot(schema, nodes, ties)


def test_what_is_chosen_is_never_worse_there_than_its_best_part(fitted: Recommender) -> None:
    merits = [trial["ndcg@20"] for trial in fitted.chosen["tried"]]
    assert len(merits) > 10
    assert merits[-1] >= max(merits[:-1]) - 1e-9
    *members, blend = fitted.chosen["weighed"]
    assert len(members) > 4
    assert blend["random"] >= max(member["random"] for member in members) - 1e-9
    assert blend["random"] == pytest.approx(fitted.chosen["tried"][-1]["ndcg@20"])


def test_with_times_it_is_weighed_on_the_newest_part_too_and_is_not_worse_on_both_together() -> None:
    model = create("auto", budget=20.0).fit(generate(users=150, items=80, seed=5).snapshot, seed=1)
    *members, blend = model.chosen["weighed"]
    told = re.fullmatch(
        r"NDCG@20 of (\d+) users .*, seed 1; the weights also on (\d+) users, by time, the latest 15%", model.chosen_on
    )
    assert told
    users = dict(zip(("random", "newest"), map(int, told.groups()), strict=True))
    best = {part: max(member[part] for member in members) for part in users}

    def shared(row: dict[str, float]) -> float:
        return sum(users[part] * row[part] / best[part] for part in users)

    assert shared(blend) >= max(map(shared, members)) - 1e-9
    assert "recent popularity" in {member["member"] for member in members}


def test_the_report_says_what_was_chosen_and_on_what(fitted: Recommender) -> None:
    assert (
        fitted.chosen_on == "NDCG@20 of 199 users on a part of train: random, 15% of each user's interactions, seed 1"
    )
    assert fitted.chosen["on"] == fitted.chosen_on
    assert all(member["weight"] > 0 for member in fitted.chosen["members"])
    assert {"ndcg@20", "recall@20"} <= set(fitted.chosen["tried"][-1])


def test_a_single_member_is_ranked_in_the_pool_as_by_itself(town: GraphSnapshot) -> None:
    split = random_split(town, 0.15, seed=0)
    members = [create(name).fit(split.train) for name in ("popularity", "p3", "spectral")]
    pool = pool_of(members, split.users, split.train.seen, split.test)
    for number, member in enumerate(members):
        alone = [float(other == number) for other in range(3)]
        expected = member.top_k(split.users, 20, split.train.seen).items
        assert np.mean(pool.lists(alone) == expected) > 0.99


def newcomers_and_regulars() -> GraphSnapshot:
    """Four tastes; newcomers chose little and have friends of their taste, regulars much and friends of any."""
    random, liked, friends = np.random.default_rng(0), [], []
    for user in range(200):
        new, own = user < 100, np.arange(user % 4, 80, 4)
        chosen = [
            random.choice(own, 3 if new else 12, replace=False),
            random.choice(80, 2 if new else 8, replace=False),
        ]
        people = np.arange(100 + user % 4, 200, 4) if new else np.setdiff1d(np.arange(200), user)
        liked += [(user, int(item)) for item in np.concatenate(chosen)]
        friends += [(user, int(friend)) for friend in random.choice(people, 8, replace=False)]
    return snapshot_of(200, 80, liked, friends)


@pytest.fixture(scope="module")
def social() -> Recommender:
    return create("auto", budget=20.0).fit(newcomers_and_regulars(), seed=0)


def test_friends_who_know_the_taste_of_newcomers_alone_count_more_for_short_histories(social: Recommender) -> None:
    friends = next(member for member in social.chosen["members"] if member["member"] == "walk FOLLOWS")
    assert friends["short_history_weight"] > 0


def test_a_score_is_the_sum_of_members_each_by_its_weight_and_its_gate(social: Recommender) -> None:
    graph, users = newcomers_and_regulars(), np.array([0, 150])
    lengths = np.diff(graph.interactions.indptr)[users]
    assert lengths[1] > 2 * lengths[0]
    expected = np.zeros((2, 80))
    for member, told in zip(social.members, social.chosen["members"], strict=True):
        best = member.top_k(users, 20, graph.seen).scores.astype(np.float64)
        mean = np.where(best > 0, best, 0).sum(axis=1) / (best > 0).sum(axis=1)
        weight = told["weight"] + told["short_history_weight"] * 5 / (5 + lengths)
        expected += member.scores(users) * (weight / mean)[:, None]
    np.testing.assert_allclose(social.scores(users), expected, rtol=1e-5)


def test_a_gated_member_counts_by_the_length_of_the_history_that_is_folded_in(social: Recommender) -> None:
    gated = copy(social)
    gated.members = [create("popularity").fit(newcomers_and_regulars())]
    gated.weights, gated.gated = np.zeros(1), np.ones(1)
    histories = sparse.csr_matrix(np.arange(80) < np.array([[0], [5], [45]])).astype(np.float32)
    scores = gated.fold_in(histories)
    unseen = np.where(histories.toarray() > 0, 0, gated.popularity)
    mean = np.sort(unseen, axis=1)[:, -20:].mean(axis=1)
    parts = scores * mean[:, None] / gated.popularity
    np.testing.assert_allclose(parts, np.repeat([[1], [1 / 2], [1 / 10]], 80, axis=1), rtol=1e-5)


def test_a_member_that_fits_the_part_but_not_everything_is_left_out(
    town: GraphSnapshot, fitted: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [member.name for member in fitted.members]
    assert len(set(chosen)) > 1
    kind, everything = type(fitted.members[0]), town.interactions.nnz
    monkeypatch.setattr(kind, "_memory", lambda model, graph, pairs: np.inf if pairs == everything else 0.0)
    model = create("auto").fit(town, seed=1)
    assert kind not in {type(member) for member in model.members}
    assert len(model.members) == len(model.weights) == len(model.gated) == len(model.variants) > 0
    assert len(model.chosen["members"]) == len(model.members)
    assert any("needs about" in trial.get("left_out", "") for trial in model.chosen["tried"])
    assert np.isfinite(model.scores(np.arange(3))).all()


def test_the_last_member_is_not_left_out_but_raises(monkeypatch: pytest.MonkeyPatch) -> None:
    selection = Selection({"one": ("p3", {})}, {"one": 1.0}, {"one": 0.0}, "nothing", [], [])
    with pytest.raises(ModelError, match="too large"):
        selection.without("one", ModelError("too large."))


def test_jobs_are_ranked_by_skills_alone() -> None:
    graph = jobs()
    model = create("auto").fit(graph)
    assert model.chosen_on == "nothing: no interactions"
    assert model.vectors() is None
    assert model.top_k(np.array([0, 1]), 2, graph.seen).items.tolist() == [[2, 1], [0, 1]]
    why = model.explain(0, 2)
    assert [(part.kind, part.path) for part in why.contributions] == [
        ("category", (("Skill", 1),)),
        ("category", (("Skill", 0),)),
    ]


def test_a_graph_with_nothing_in_it_still_gives_lists() -> None:
    model = create("auto").fit(snapshot_of(2, 3, []))
    assert model.top_k(np.array([0]), 2).items.tolist() == [[0, 1]]
    assert model.explain(0, 1).score == 0


def test_one_user_gets_what_is_left() -> None:
    graph = snapshot_of(1, 3, [(0, 1)])
    model = create("auto").fit(graph)
    assert model.chosen_on == "nothing: fewer than 50 interactions to choose on"
    assert model.top_k(np.array([0]), 3, graph.seen).items.tolist() == [[0, 2, NO_ITEM]]


def test_vectors_have_64_dimensions_whatever_member_won(fitted: Recommender) -> None:
    assert fitted.vectors().dimensions == 64


def test_a_choice_survives_saving(fitted: Recommender, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    again = create("auto").restore(tmp_path)
    assert again.chosen == fitted.chosen
    assert again.chosen_on == fitted.chosen_on
    np.testing.assert_array_equal(again.vectors().items, fitted.vectors().items)


def test_search_finds_the_peak_on_its_grid() -> None:
    weights = search(lambda w: 1 + w[1] - (w[0] - 0.5) ** 2 - w[2] ** 2 if w[1] <= 1 else 0.0, 3)
    assert weights == [0.5, 1.0, 0.0]


def test_search_adds_no_member_for_less_than_the_least_gain() -> None:
    assert search(lambda w: (w[0] > 0) + 0.5 * LEAST_GAIN * (w[1] > 0), 2) == [1.0, 0.0]


def test_search_starts_from_all_good_members_alike_where_that_is_better() -> None:
    """From the best alone, one more member at a time gains nothing here; only all together do."""
    weights = search(lambda w: 2.0 if all(w) else float(max(w) > 0), 3)
    assert weights == [1.0, 1.0, 1.0]


def test_search_of_one_member_is_that_member() -> None:
    assert search(lambda w: float(w[0] > 0), 1) == [1.0]


def test_scales_take_the_mean_of_positive_scores_only() -> None:
    assert scales_of(np.array([[4.0, 2.0, -3.0], [0.0, -np.inf, -np.inf]])).tolist() == [1 / 3, 0]


def test_merged_explanations_add_up_and_join_what_goes_through_the_same_node() -> None:
    through = (("Item", 4),)
    one = Explanation(5.0, (Contribution("taste", 3.0, through, 2, ("A",)), Contribution("tie", 1.0)), 1.0, True)
    other = Explanation(2.0, (Contribution("taste", 2.5, through, 7, ("B",)),), -0.5, True)
    whole = merged([(2.0, one), (4.0, other)], limit=1)
    assert whole.score == 2 * 5 + 4 * 2
    assert [(part.score, part.count, part.path) for part in whole.contributions] == [(2 * 3 + 4 * 2.5, 7, through)]
    assert whole.other == whole.score - 16
    assert whole.exact
