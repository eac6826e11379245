"""What every model promises, as tests that a new model inherits in three lines.

from contract import RecommenderContract

class TestP3(RecommenderContract):
    model = "p3"
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from toy_graphs import checkerboard, communities, with_newcomer, without_edge

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.models import create, model_class
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.results import NO_ITEM
from graphrec_neo4j.snapshot import GraphSnapshot


class RecommenderContract:
    """Set ``model``; change the others only where the model's nature asks for it, and say why there."""

    model: ClassVar[str]
    settings: ClassVar[dict[str, Any]] = {}
    requires: ClassVar[tuple[str, ...]] = ()
    fold_in_overlap: ClassVar[float] = 0.7
    score_error: ClassVar[float] = 1e-5

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _required(cls) -> None:
        for module in cls.requires:
            pytest.importorskip(module)

    @pytest.fixture(scope="class")
    @classmethod
    def graph(cls) -> GraphSnapshot:
        return communities()

    @pytest.fixture(scope="class")
    @classmethod
    def fitted(cls, graph: GraphSnapshot) -> Recommender:
        return cls().fit(graph)

    def fit(self, snapshot: GraphSnapshot, seed: int = 0) -> Recommender:
        return create(self.model, **self.settings).fit(snapshot, seed=seed)

    def test_it_says_what_it_is(self) -> None:
        cls = model_class(self.model)
        assert cls.name == self.model
        assert cls.line
        assert cls.paper
        assert cls.uses
        assert isinstance(cls.inductive, bool)
        assert cls.cost

    def test_scores_are_finite_and_of_the_right_shape(self, fitted: Recommender) -> None:
        scores = fitted.scores(np.arange(fitted.n_users))
        assert scores.shape == (fitted.n_users, fitted.n_items)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_scores_of_no_users_are_an_empty_table(self, fitted: Recommender) -> None:
        assert fitted.scores(np.array([], dtype=np.int64)).shape == (0, fitted.n_items)

    def test_scores_do_not_depend_on_who_is_asked_with_whom(self, fitted: Recommender) -> None:
        alone, together = fitted.scores(np.array([5])), fitted.scores(np.array([9, 5, 9]))
        np.testing.assert_allclose(together[1], alone[0], rtol=1e-5, atol=1e-6)
        np.testing.assert_array_equal(together[0], together[2])

    def test_the_same_seed_gives_the_same_numbers(self, graph: GraphSnapshot) -> None:
        users = np.arange(len(graph.users))
        np.testing.assert_array_equal(self.fit(graph, seed=3).scores(users), self.fit(graph, seed=3).scores(users))

    def test_the_withheld_item_of_the_checkerboard_comes_first(self) -> None:
        board = checkerboard()
        users = np.arange(len(board.items))
        top = self.fit(board).top_k(users, 3, board.seen)
        np.testing.assert_array_equal(top.items[:, 0], users)

    def test_a_user_without_edges_gets_a_full_list(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        lonely = fitted.n_users - 1
        items = fitted.top_k(np.array([lonely]), 10, graph.seen).items[0]
        assert len(set(items.tolist()) - {NO_ITEM}) == 10

    def test_lists_are_sorted_distinct_and_free_of_seen_items(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        users = np.arange(fitted.n_users)
        top = fitted.top_k(users, 10, graph.seen)
        assert top.items.shape == (fitted.n_users, 10)
        for user, items, scores in zip(users, top.items, top.scores, strict=True):
            assert len(set(items.tolist())) == 10
            assert not set(items.tolist()) & set(graph.seen[user].indices.tolist())
            assert (np.diff(scores) <= 0).all()

    def test_list_scores_are_the_models_scores(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        users = np.arange(fitted.n_users - 1)
        top = fitted.top_k(users, 5, graph.seen)
        mine = np.take_along_axis(fitted.scores(users), top.items.astype(np.int64), axis=1)
        np.testing.assert_allclose(top.scores, mine, rtol=1e-5, atol=1e-6)

    def test_more_than_the_catalogue_is_what_there_is(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        items = fitted.top_k(np.array([0]), 10 * fitted.n_items, graph.seen).items[0]
        unseen = set(range(fitted.n_items)) - set(graph.seen[0].indices.tolist())
        assert set(items.tolist()) - {NO_ITEM} == unseen

    @pytest.mark.parametrize("row", [-1, 45])
    def test_unknown_rows_raise(self, fitted: Recommender, row: int) -> None:
        for asked in (lambda: fitted.scores(np.array([row])), lambda: fitted.top_k(np.array([row]), 3)):
            with pytest.raises(ModelError):
                asked()
        with pytest.raises(ModelError):
            fitted.explain(row, 0)
        with pytest.raises(ModelError):
            fitted.explain(0, row)

    def test_save_and_restore_change_nothing(self, fitted: Recommender, graph: GraphSnapshot, tmp_path: Path) -> None:
        fitted.save(tmp_path)
        again = create(self.model, **self.settings).restore(tmp_path)
        users = np.arange(fitted.n_users)
        np.testing.assert_array_equal(again.scores(users), fitted.scores(users))
        np.testing.assert_array_equal(again.top_k(users, 5, graph.seen).items, fitted.top_k(users, 5, graph.seen).items)
        histories = graph.interactions[:4]
        np.testing.assert_array_equal(again.fold_in(histories), fitted.fold_in(histories))
        assert again.explain(2, 3) == fitted.explain(2, 3)

    def test_a_removed_edge_changes_the_answer(self, graph: GraphSnapshot) -> None:
        users = np.arange(len(graph.users))
        before, after = self.fit(graph), self.fit(without_edge(graph, 0))
        assert not np.array_equal(before.scores(users), after.scores(users))

    def test_fold_in_of_a_known_history_ranks_near_the_model(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        users = np.arange(fitted.n_users - 1)
        folded = fitted.fold_in(graph.interactions[users])
        assert folded.shape == (len(users), fitted.n_items)
        assert folded.dtype == np.float32
        assert np.isfinite(folded).all()
        assert _overlap(folded, fitted.scores(users), graph.seen[users].toarray(), 10) >= self.fold_in_overlap

    def test_fold_in_of_an_empty_history_is_finite(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        assert np.isfinite(fitted.fold_in(graph.interactions[fitted.n_users - 1 :])).all()

    def test_fold_in_refuses_a_foreign_catalogue(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        with pytest.raises(ModelError):
            fitted.fold_in(graph.interactions[:2, :-1])

    def test_an_update_places_a_newcomer_and_leaves_alone_whom_it_does_not_reach(
        self, fitted: Recommender, graph: GraphSnapshot
    ) -> None:
        newcomer, like = fitted.n_users - 1, 4
        after = with_newcomer(graph, like)
        changes = GraphChanges.between(graph, after)
        updated = fitted.updated(changes, 0)
        if updated is None:
            pytest.skip("only a fit on everything brings this model up to date")
        users = np.arange(updated.n_users)
        scores, before = updated.scores(users), fitted.scores(users)
        assert np.isfinite(scores).all()
        seen = after.seen[[like]].toarray()
        folded = fitted.fold_in(graph.interactions[[like]])
        assert _overlap(scores[[newcomer]], folded, seen, 10) >= self.fold_in_overlap
        reached = updated.reached(changes)
        if reached is not None:
            assert reached[newcomer]
            np.testing.assert_allclose(scores[~reached], before[~reached], rtol=1e-6, atol=1e-6)
        self.test_explanations_add_up_to_the_score(updated, after)
        assert updated.explain(newcomer, int(updated.top_k(users[-1:], 1, after.seen).items[0, 0])).contributions

    def test_explanations_add_up_to_the_score(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        users = np.arange(fitted.n_users - 1)
        top = fitted.top_k(users, 3, graph.seen)
        for user, items, scores in zip(users.tolist(), top.items.tolist(), top.scores.tolist(), strict=True):
            for item, score in zip(items, scores, strict=True):
                why = fitted.explain(user, item, limit=4)
                assert len(why.contributions) <= 4
                assert why.other + sum(part.score for part in why.contributions) == pytest.approx(why.score, rel=1e-9)
                assert why.score == pytest.approx(score, rel=self.score_error, abs=self.score_error)
                sizes = [part.score for part in why.contributions]
                assert sizes == sorted(sizes, reverse=True)

    def test_many_explanations_are_those_of_each_pair(self, fitted: Recommender, graph: GraphSnapshot) -> None:
        users = np.array([3, 0, 7])
        items = fitted.top_k(users, 4, graph.seen).items
        many = fitted.explain_many(users, items, limit=3)
        for user, of_user, whys in zip(users.tolist(), items.tolist(), many, strict=True):
            for item, why in zip(of_user, whys, strict=True):
                alone = fitted.explain(user, item, limit=3)
                assert [(part.path, part.edges, part.count) for part in why.contributions] == [
                    (part.path, part.edges, part.count) for part in alone.contributions
                ]
                assert why.score == pytest.approx(alone.score, rel=1e-6)

    def test_an_empty_place_has_no_explanation_and_no_item_is_explained_twice(
        self, fitted: Recommender, graph: GraphSnapshot
    ) -> None:
        [item] = fitted.top_k(np.array([3]), 1, graph.seen).items[0].tolist()
        [[nothing, why, nothing_more]] = fitted.explain_many(np.array([3]), np.array([[NO_ITEM, item, NO_ITEM]]))
        assert nothing is nothing_more is None
        assert why is not None
        assert why.score == pytest.approx(fitted.explain(3, item).score, rel=1e-6)
        with pytest.raises(ModelError, match="a list to explain holds an item twice"):
            fitted.explain_many(np.array([3]), np.array([[item, item]]))


def _overlap(one: np.ndarray, other: np.ndarray, seen: np.ndarray, k: int) -> float:
    """Mean share of the k best unseen items that two score tables have in common."""
    best = [np.argsort(np.where(seen > 0, np.inf, -table), axis=1, kind="stable")[:, :k] for table in (one, other)]
    pairs = zip(best[0].tolist(), best[1].tolist(), strict=True)
    return float(np.mean([len(set(mine) & set(theirs)) / k for mine, theirs in pairs]))
