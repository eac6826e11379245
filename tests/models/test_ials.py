import sys
from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from toy_graphs import communities

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.models import create


class TestIALS(RecommenderContract):
    model = "ials"
    settings: ClassVar[dict[str, Any]] = {"dimensions": 8}
    requires = ("implicit",)


def fitted(**settings: object):
    pytest.importorskip("implicit")
    return create("ials", dimensions=4, **settings).fit(communities())


def loss(model, users: np.ndarray, items: np.ndarray) -> float:
    """The sum over all pairs, as in the class's docstring."""
    liked = (communities().interactions.toarray() > 0).astype(float)
    weight = 1 + liked / model.settings.unobserved
    return float(
        (weight * (liked - users @ items.T) ** 2).sum() + model.strength * ((users**2).sum() + (items**2).sum())
    )


def test_users_are_where_the_loss_has_no_slope() -> None:
    model = fitted()
    liked = (communities().interactions.toarray() > 0).astype(float)
    weight = 1 + liked / model.settings.unobserved
    users, items = model.users.astype(float), model.items.astype(float)
    slope = (weight * (users @ items.T - liked)) @ items + model.strength * users
    np.testing.assert_allclose(slope, 0, atol=2e-4)


def test_items_are_near_the_minimum_too() -> None:
    model = fitted(rounds=40)
    users, items = model.users.astype(float), model.items.astype(float)
    best = loss(model, users, items)
    random = np.random.default_rng(0)
    for _ in range(20):
        assert loss(model, users, items + random.normal(0, 0.02, items.shape)) > best


def test_the_strength_is_that_of_a_pair_times_the_mean_weight_of_a_row() -> None:
    # 44 users with 9 items each at most, 45 users and 36 items in all; 1 / unobserved = 4.
    model = fitted(unobserved=0.25, l2=0.01)
    likes = communities().interactions.nnz
    of_users, of_items = 36 + 4 * likes / 45, 45 + 4 * likes / 36
    assert model.strength == pytest.approx(0.01 * np.sqrt(of_users * of_items))


def test_contributions_are_the_terms_of_hu_koren_and_volinsky() -> None:
    model, graph = fitted(), communities()
    history, item, items = graph.interactions[1].indices, 3, model.items.astype(float)
    mine, weight = items[history], model.confidence
    inverse = np.linalg.inv(items.T @ items + (weight - 1) * mine.T @ mine + model.strength * np.eye(4))
    terms = weight * items[item] @ inverse @ mine.T
    why = model.explain(1, item, limit=100)
    assert [part.score for part in why.contributions] == pytest.approx(sorted(terms[terms > 0], reverse=True))
    assert why.other == pytest.approx(terms[terms < 0].sum())
    assert why.score == pytest.approx(model.scores(np.array([1]))[0, item], abs=1e-5)


def test_a_known_history_folds_in_exactly() -> None:
    model, graph = fitted(), communities()
    np.testing.assert_array_equal(model.fold_in(graph.interactions), model.scores(np.arange(45)))


def test_without_the_library_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "implicit.cpu.als", None)
    with pytest.raises(MissingExtraError, match=r"ials needs the \[ials\] extra"):
        create("ials").fit(communities())


@pytest.mark.parametrize("wrong", [{"dimensions": 0}, {"rounds": 0}, {"unobserved": 0.0}, {"l2": -1.0}])
def test_settings_out_of_range_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="ials"):
        create("ials", **wrong)
