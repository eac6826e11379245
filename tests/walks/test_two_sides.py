"""Sides against networkx, and the sums across them against dense products."""

from __future__ import annotations

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec_neo4j.walks.panel_sums import weighted_rows
from graphrec_neo4j.walks.two_sides import AHEAD, Side, TwoSides

N = 9


@st.composite
def graphs(draw: st.DrawFn) -> np.ndarray:
    """Symmetric weights (N, N), mostly sparse enough to be bipartite now and then."""
    ends = draw(
        st.lists(st.tuples(st.integers(0, N - 1), st.integers(0, N - 1), st.sampled_from([1, 0.1, 3])), max_size=9)
    )
    dense = np.zeros((N, N))
    for one, other, weight in ends:
        dense[one, other] = dense[other, one] = weight
    return dense


def sides_of(dense: np.ndarray) -> TwoSides:
    return TwoSides.of(sparse.csr_matrix(dense), dense.sum(axis=1))


def unfolded(side: Side, m: int) -> np.ndarray:
    """A side's edges as a dense array."""
    edges = side.neighbours[: len(side.weights)].astype(np.int64)
    return sparse.csr_matrix(
        (side.weights, edges, side.pointers.astype(np.int64)), shape=(len(side.degrees), m)
    ).toarray()


@given(dense=graphs())
@settings(max_examples=60, deadline=None)
def test_a_graph_has_two_sides_where_networkx_says_so_and_a_double_cover_elsewhere(dense: np.ndarray) -> None:
    found, walked = sides_of(dense), dense.sum(axis=1) > 0
    assert found.covers == (not nx.is_bipartite(nx.from_numpy_array(dense)))
    np.testing.assert_array_equal((found.positions >= 0).sum(axis=0), walked * (2 if found.covers else 1))


@given(dense=graphs())
@settings(max_examples=60, deadline=None)
def test_every_edge_leads_across_both_ways_with_its_weight(dense: np.ndarray) -> None:
    found = sides_of(dense)
    left, right = found.sides
    ours = [np.flatnonzero(positions >= 0) for positions in found.positions]
    places = [positions[positions >= 0] for positions in found.positions]
    across = dense[np.ix_(*ours)]
    expected = np.zeros_like(across)
    expected[np.ix_(*places)] = across
    np.testing.assert_allclose(unfolded(left, len(ours[1])), expected)
    np.testing.assert_allclose(unfolded(right, len(ours[0])), expected.T)
    assert across.sum() * (1 if found.covers else 2) == pytest.approx(dense.sum())


def test_weights_are_short_only_where_that_loses_nothing() -> None:
    path = np.array([[0.0, 0.5], [0.5, 0.0]])
    assert sides_of(path).sides[0].weights.dtype == np.float32
    assert sides_of(path / 5).sides[0].weights.dtype == np.float64


@pytest.mark.parametrize("width", [2, 8, 32])
@pytest.mark.parametrize(("panel_type", "total_type"), [("f4", "f4"), ("f4", "f8"), ("f8", "f8")])
@pytest.mark.parametrize("weight_type", ["f4", "f8"])
def test_sums_of_weighted_rows(width: int, panel_type: str, total_type: str, weight_type: str) -> None:
    random = np.random.default_rng(width)
    panel = random.random((20, width)).astype(panel_type)
    weights, neighbours = random.random(50).astype(weight_type), random.integers(0, 20, 50).astype(np.uint32)
    total, lanes = np.full(width, 7, dtype=total_type), (0,) * width

    @numba.njit
    def sums(neighbours, weights, start, stop, panel, lanes, total):  # type: ignore[no-untyped-def]
        weighted_rows(neighbours, weights, start, stop, panel, lanes, total)

    sums(np.pad(neighbours, (0, AHEAD)), weights, np.uint64(3), np.uint64(41), panel, lanes, total)
    expected = weights[3:41].astype("f8") @ panel[neighbours[3:41]].astype("f8")
    np.testing.assert_allclose(total, expected, rtol=1e-5 if total_type == "f4" else 1e-14)
