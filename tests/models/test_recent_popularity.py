import numpy as np
import pytest
from contract import RecommenderContract
from toy_graphs import checkerboard, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.splits import time_split
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot

DAY = 86_400_000
LIKED = [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 2)]


class TestRecentPopularity(RecommenderContract):
    model = "recent-popularity"

    def test_the_withheld_item_of_the_checkerboard_comes_first(self) -> None:
        """As with popularity, nobody's own history counts: all items tie, so the lowest unseen row comes first."""
        board = checkerboard()
        top = self.fit(board).top_k(np.array([1, 5]), 2, board.seen)
        assert top.items.tolist() == [[0, 1], [0, 2]]


def at_days(liked: list[tuple[int, int]], days: list[float | None]) -> GraphSnapshot:
    graph = snapshot_of(4, 4, liked)
    edges = graph.edges["INTERACTED"]
    when = dict(zip(liked, days, strict=True))
    ordered = [when[pair] for pair in zip(edges.source.tolist(), edges.target.tolist(), strict=True)]
    times = np.array([MISSING_TIME if day is None else int(day * DAY) for day in ordered])
    return graph.with_edges(INTERACTED=Edges(edges.source, edges.target, time=times))


def test_an_interaction_counts_half_after_a_half_life() -> None:
    graph = at_days(LIKED, [0, 10, 20, 20, 30, 30])
    model = create("recent-popularity", half_life_days=10).fit(graph)
    # Ages 30, 20 and 10 days of item 0; 10 and 0 of item 1; 0 of item 2.
    assert model.scores(np.array([3]))[0].tolist() == [1 / 8 + 1 / 4 + 1 / 2, 1 / 2 + 1, 1, 0]


def test_what_is_very_old_or_without_a_time_ranks_by_popularity_behind_the_rest() -> None:
    graph = at_days(LIKED, [0, 0, 0, None, None, 5000])
    scores = create("recent-popularity", half_life_days=1).fit(graph).scores(np.array([3]))[0]
    assert scores.tolist() == [3 * 2**-20, 2 * 2**-20, 1, 0]


def test_without_times_it_is_popularity_and_says_so() -> None:
    graph = snapshot_of(4, 4, LIKED)
    model = create("recent-popularity").fit(graph)
    np.testing.assert_array_equal(model.scores(np.arange(4)), create("popularity").fit(graph).scores(np.arange(4)))
    assert model.chosen_on == "nothing: no interaction has a time, so this is popularity"
    assert "no interaction" not in model.fit(at_days(LIKED, [0, 1, 2, 3, 4, 5])).chosen_on


def test_only_times_of_train_are_used() -> None:
    whole = at_days(LIKED, [0, 1, 2, 3, 4, 400])
    split = time_split(whole, share=1 / 6)
    assert split.test.nnz == 1
    # The latest moment that train knows is day 4: its interaction counts whole, whatever comes later.
    scores = create("recent-popularity", half_life_days=1).fit(split.train).scores(np.array([3]))[0]
    assert scores.tolist() == [1 / 16 + 1 / 8 + 1 / 4, 1 / 2 + 1, 0, 0]


@pytest.mark.parametrize("days", [0, -1, float("nan")])
def test_a_half_life_must_be_positive(days: float) -> None:
    with pytest.raises(ModelError, match="half_life_days"):
        create("recent-popularity", half_life_days=days).fit(snapshot_of(4, 4, LIKED))
