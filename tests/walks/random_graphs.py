"""Random small graphs with weights, ties and categories, and walks over them by plain dense algebra."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

SIZES = {"User": 6, "Item": 7, "Category": 3}
ENDS = {
    "LIKES": ("User", "Item"),
    "FOLLOWS": ("User", "User"),
    "IN": ("Item", "Category"),
    "WANTS": ("User", "Category"),
}
TASTE = "User-LIKES->Item<-LIKES-User-LIKES->Item"
CATEGORY = "User-LIKES->Item-IN->Category<-IN-Item"
WANTED = "User-WANTS->Category<-IN-Item"
FRIEND = "User-FOLLOWS->User-LIKES->Item"
LONG = "User<-FOLLOWS-User-LIKES->Item-IN->Category<-IN-Item<-LIKES-User-LIKES->Item"
PATHS = (TASTE, CATEGORY, WANTED, FRIEND, LONG)

SCHEMA = GraphSchema.model_validate(
    {
        "recommend_to": "User",
        "recommend": "Item",
        "nodes": {name: {"key_type": "integer"} for name in SIZES},
        "edges": {name: {"from": ends[0], "to": ends[1], "weight": "weight"} for name, ends in ENDS.items()},
    }
)

Dense = dict[str, np.ndarray]


@st.composite
def strengths(draw: st.DrawFn) -> Dense:
    """A dense matrix of strengths for every edge type: mostly nothing, else small whole numbers, or all ones."""
    dense = {}
    for name, (source, target) in ENDS.items():
        values = st.sampled_from(draw(st.sampled_from([(0, 0, 1), (0, 0, 1, 2, 5)])))
        count = SIZES[source] * SIZES[target]
        drawn = draw(st.lists(values, min_size=count, max_size=count))
        dense[name] = np.array(drawn, dtype=np.float64).reshape(SIZES[source], SIZES[target])
    return dense


def snapshot_of(dense: Dense, every: bool = False) -> GraphSnapshot:
    """The graph of these strengths; with ``every``, strengths of 0 are edges too."""
    nodes = {name: Nodes(IdMap(name, range(size), "integer")) for name, size in SIZES.items()}
    return GraphSnapshot(SCHEMA, nodes, {name: _edges(matrix, every) for name, matrix in dense.items()})


def _edges(matrix: np.ndarray, every: bool) -> Edges:
    source, target = np.nonzero(np.ones_like(matrix) if every else matrix)
    return Edges(source.astype(np.int32), target.astype(np.int32), matrix[source, target])


def step_probabilities(dense: Dense, path: str, alphas: Sequence[float] = (1.0,) * 9) -> list[np.ndarray]:
    """The dense transition matrix of each step."""
    made = []
    for step, alpha in zip(SCHEMA.meta_path(path).steps, alphas, strict=False):
        matrix = dense[step.edge] if step.forward else dense[step.edge].T
        sums = matrix.sum(axis=1, keepdims=True)
        made.append((matrix / np.where(sums > 0, sums, 1)) ** alpha * (matrix > 0))
    return made


def walked(dense: Dense, path: str, alphas: Sequence[float] = (1.0,) * 9) -> np.ndarray:
    """The probability of arriving at each item from each user: the product of the steps."""
    return np.linalg.multi_dot([np.eye(SIZES["User"]), *step_probabilities(dense, path, alphas)])
