import numpy as np
from contract import RecommenderContract
from toy_graphs import checkerboard, snapshot_of

from graphrec_neo4j.models import create


class TestPopularity(RecommenderContract):
    model = "popularity"

    def test_the_withheld_item_of_the_checkerboard_comes_first(self) -> None:
        """Popularity is the one model that must not know: all items tie, so the lowest unseen row comes first."""
        board = checkerboard()
        top = self.fit(board).top_k(np.array([1, 5]), 2, board.seen)
        assert top.items.tolist() == [[0, 1], [0, 2]]


def test_scores_are_counts_of_positive_interactions() -> None:
    graph = snapshot_of(3, 4, [(0, 1), (1, 1), (2, 1), (0, 2)])
    assert create("popularity").fit(graph).scores(np.array([2])).tolist() == [[0, 3, 1, 0]]


def test_the_whole_score_is_explained_by_popularity() -> None:
    why = create("popularity").fit(snapshot_of(2, 2, [(0, 1), (1, 1)])).explain(0, 1)
    assert [(part.kind, part.score, part.count) for part in why.contributions] == [("popularity", 2, 2)]
    assert why.other == 0
