import numpy as np
import pytest
from contract import RecommenderContract
from scipy import sparse
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.models import create
from graphrec_neo4j.models.factorise import truncated_svd


class TestSpectral(RecommenderContract):
    model = "spectral"


def dense_scores(matrix: np.ndarray, dimensions: int, exponent: float, softness: float) -> np.ndarray:
    """The formula of the class in float64, by LAPACK's full decomposition."""
    of_user, of_item = matrix.sum(axis=1), matrix.sum(axis=0)
    left, right = (np.where(d > 0, np.maximum(d, 1) ** -exponent, 0) for d in (of_user, of_item))
    _, values, waves = np.linalg.svd(left[:, None] * matrix * right)
    values, waves = values[:dimensions], waves[:dimensions]
    back = np.where(of_item > 0, np.maximum(of_item, 1) ** exponent, 0)
    return (matrix * right) @ waves.T @ np.diag((values / values[0]) ** softness) @ waves * back


@pytest.mark.parametrize("exponent", [0.5, 0.3])
@pytest.mark.parametrize("dimensions", [3, 100])
def test_scores_are_those_of_the_full_decomposition(exponent: float, dimensions: int) -> None:
    graph = communities()
    exponents = {"user_exponent": exponent, "item_exponent": exponent, "scale_exponent": exponent}
    model = create("spectral", dimensions=dimensions, softness=1.0, **exponents).fit(graph)
    expected = dense_scores(graph.interactions.toarray(), dimensions, exponent, 1.0)
    np.testing.assert_allclose(model.scores(np.arange(45)), expected, atol=2e-5)


def test_dot_products_of_the_vectors_are_the_scores() -> None:
    model = create("spectral", dimensions=4).fit(communities())
    vectors = model.vectors()
    assert vectors.dimensions == 4
    np.testing.assert_allclose(vectors.users @ vectors.items.T, model.scores(np.arange(45)), rtol=1e-6)


def test_vectors_keep_their_width_on_a_graph_of_lower_rank() -> None:
    vectors = create("spectral").fit(snapshot_of(2, 3, [(0, 0), (1, 2)])).vectors()
    assert vectors.users.shape == (2, 64)
    assert vectors.items.shape == (3, 64)


def test_vectors_are_nearest_by_cosine_within_a_community() -> None:
    items = create("spectral", dimensions=3).fit(communities()).vectors().items[:-1]
    unit = items / np.linalg.norm(items, axis=1, keepdims=True)
    likeness = unit @ unit.T
    np.fill_diagonal(likeness, -1.0)
    assert np.mean(likeness.argmax(axis=1) % 3 == np.arange(35) % 3) == 1.0


def test_a_graph_without_interactions_scores_nothing() -> None:
    model = create("spectral").fit(snapshot_of(2, 3, []))
    assert model.scores(np.array([0, 1])).tolist() == [[0, 0, 0], [0, 0, 0]]
    why = model.explain(0, 1)
    assert (why.score, why.contributions, why.other) == (0, (), 0)


def test_a_contribution_counts_the_users_who_like_both_items() -> None:
    graph = snapshot_of(5, 4, [(0, 0), (1, 0), (1, 1), (2, 0), (2, 1), (3, 1), (4, 2)])
    parts = create("spectral", dimensions=2).fit(graph).explain(0, 1).contributions
    assert [(part.kind, part.path, part.count) for part in parts] == [("taste", (("Item", 0),), 2)]


def test_what_speaks_against_an_item_is_in_the_rest() -> None:
    graph = communities()
    model = create("spectral").fit(graph)
    history, item = graph.interactions[1].indices, 3
    terms = model.parts.through[history].astype(np.float64) @ model.parts.items[item]
    why = model.explain(1, item, limit=100)
    assert (terms < 0).any()
    assert [part.score for part in why.contributions] == pytest.approx(sorted(terms[terms > 0], reverse=True))
    assert why.other == pytest.approx(terms[terms < 0].sum())


def test_randomised_values_are_those_of_lapack() -> None:
    matrix = sparse.random(80, 50, 0.2, format="csr", random_state=3)
    values, waves = truncated_svd(matrix, 10, seed=1)
    _, expected, expected_waves = np.linalg.svd(matrix.toarray())
    np.testing.assert_allclose(values, expected[:10], rtol=1e-4)
    np.testing.assert_allclose(np.abs(np.diag(waves.T @ expected_waves[:10].T))[:3], 1.0, atol=1e-3)


def test_signs_do_not_depend_on_the_seed() -> None:
    matrix = sparse.random(80, 50, 0.2, format="csr", random_state=3)
    one, other = (truncated_svd(matrix, 4, seed=seed)[1] for seed in (1, 2))
    assert (np.diag(one[:, :2].T @ other[:, :2]) > 0.99).all()
