"""Small snapshots with everything that a schema allows, for the loaders out to frameworks."""

from __future__ import annotations

import numpy as np

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes

TOURS = """
recommend_to = "Guest"
recommend = "Tour"
[nodes.Guest]
key_type = "integer"
name = "full name"
[nodes.Tour]
features = ["price", "days"]
text = ["about"]
[nodes.Place]
[edges.BOOKED]
from = "Guest"
to = "Tour"
weight = "stars"
time = "at"
positive_from = 2.0
properties = ["device"]
[edges.KNOWS]
from = "Guest"
to = "Guest"
[edges.LEADS_TO]
from = "Tour"
to = "Place"
"""


def tour_graph() -> GraphSnapshot:
    """Three guests (the last with no edge), four tours (one with none), two places; missing values of every kind."""
    nan = np.nan
    nodes = {
        "Guest": Nodes(IdMap("Guest", [7, 8, 9], "integer"), names=_objects("Ann", None, "Åsa")),
        "Tour": Nodes(
            IdMap("Tour", ["a", "b", "c", "d"], "string"),
            features=np.array([[10, 1], [nan, 2], [0, nan], [40, 4.0]]),
            texts={"about": _objects("hills", None, "sea", "")},
        ),
        "Place": Nodes(IdMap("Place", ["North", "a"], "string")),
    }
    booked = Edges(
        _rows(0, 0, 1),
        _rows(0, 2, 3),
        weight=np.array([5, nan, 1.0]),
        time=np.array([1_700_000_000_123, MISSING_TIME, 0]),
        properties={"device": _objects("phone", None, 0)},
    )
    edges = {"BOOKED": booked, "KNOWS": Edges(_rows(), _rows()), "LEADS_TO": Edges(_rows(0, 3), _rows(1, 0))}
    return GraphSnapshot(GraphSchema.parse(TOURS), nodes, edges)


def people_graph() -> GraphSnapshot:
    """Three people who follow each other in a ring, and are recommended to each other."""
    schema = GraphSchema.parse(
        'recommend_to = "Person"\nrecommend = "Person"\n[nodes.Person]\n'
        '[edges.FOLLOWS]\nfrom = "Person"\nto = "Person"\n'
    )
    people = Nodes(IdMap("Person", ["x", "y", "z"], "string"))
    return GraphSnapshot(schema, {"Person": people}, {"FOLLOWS": Edges(_rows(0, 1, 2), _rows(1, 2, 0))})


def _rows(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int32)


def _objects(*values: object) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column
