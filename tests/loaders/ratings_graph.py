"""A graph of three users and three items with everything that can be missing missing somewhere."""

from __future__ import annotations

import numpy as np

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes

RATINGS = """
recommend_to = "User"
recommend = "Item"
[nodes.User]
name = "name"
[nodes.Item]
key_type = "integer"
features = ["price"]
[edges.RATED]
from = "User"
to = "Item"
weight = "rating"
time = "at"
positive_from = 4
"""


def ratings(schema: str = RATINGS) -> GraphSnapshot:
    """Ann and Bob rated 1 and 2; Cid and item 3 have no edge."""
    return GraphSnapshot(
        GraphSchema.parse(schema),
        {
            "User": Nodes(IdMap("User", ["ann", "bob", "cid"], "string"), np.array(["Ann", None, "Cid"], object)),
            "Item": Nodes(IdMap("Item", [1, 2, 3], "integer"), features=np.array([[1.5], [np.nan], [3.0]])),
        },
        {
            "RATED": Edges(
                np.array([0, 0, 1], np.int32),
                np.array([0, 1, 1], np.int32),
                np.array([5.0, np.nan, 2.5]),
                np.array([1_700_000_000_123, 5, MISSING_TIME]),
            )
        },
    )
