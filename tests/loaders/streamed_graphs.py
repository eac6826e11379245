"""Graphs to stream: one with everything that a schema allows, one large enough to count what is drawn."""

from __future__ import annotations

import numpy as np

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes, merge_parallel

SHOP = """
recommend_to = "Customer"
recommend = "Product"
[nodes.Customer]
label = "The `Customer`"
key = "customer no"
key_type = "integer"
[nodes.Product]
key = "sku"
features = ["price", "net weight"]
[nodes.Brand]
[edges.rated]
from = "Customer"
to = "Product"
type = "GAVE STARS"
weight = "stars"
time = "at"
time_unit = "datetime"
positive_from = 3
[edges.ordered]
from = "Customer"
to = "Product"
via = { label = "Order", first = "PLACED", second = "CONTAINS" }
weight = { on = "second", property = "quantity" }
time = { on = "node", property = "placed" }
[edges.KNOWS]
from = "Customer"
to = "Customer"
directed = false
[edges.MADE_BY]
from = "Product"
to = "Brand"
"""

RATED = """
recommend_to = "User"
recommend = "Item"
[nodes.User]
key_type = "integer"
[nodes.Item]
features = ["price"]
[edges.RATED]
from = "User"
to = "Item"
weight = "stars"
time = "at"
"""


def shop(customers: int = 40, products: int = 30, seed: int = 0) -> GraphSnapshot:
    """A shop in which the last customer, the last product and the last brand have no edge."""
    random = np.random.default_rng(seed)
    prices = random.normal(size=(products, 2)).round(3)
    prices[random.random((products, 2)) < 0.2] = np.nan
    nodes = {
        "Customer": Nodes(IdMap("Customer", [7 * n - 50 for n in range(customers)], "integer")),
        "Product": Nodes(IdMap("Product", [f"sku {n:03}" for n in range(products)], "string"), features=prices),
        "Brand": Nodes(IdMap("Brand", ["", "Ünïcode", "c"], "string")),
    }
    edges = {
        "rated": random_edges(random, customers - 1, products - 1, 200, times=1000),
        "ordered": random_edges(random, customers - 1, products - 1, 80, times=1, missing=0.0),
        "KNOWS": merge_parallel(_plain(random, customers - 1, customers - 1, 60), "last")[0],
        "MADE_BY": merge_parallel(_plain(random, products - 1, 2, 30), "last")[0],
    }
    return GraphSnapshot(GraphSchema.parse(SHOP), nodes, edges)


def rated(users: int = 60, items: int = 50, edges: int = 900, seed: int = 0) -> GraphSnapshot:
    """Users rate items, at random; prices are whole numbers."""
    random = np.random.default_rng(seed)
    prices = np.arange(items, dtype=np.float64)[:, None]
    nodes = {
        "User": Nodes(IdMap("User", list(range(users)), "integer")),
        "Item": Nodes(IdMap("Item", [f"i{n:05}" for n in range(items)], "string"), features=prices),
    }
    return GraphSnapshot(GraphSchema.parse(RATED), nodes, {"RATED": random_edges(random, users, items, edges, times=1)})


def random_edges(
    random: np.random.Generator, sources: int, targets: int, count: int, *, times: int, missing: float = 0.1
) -> Edges:
    """Up to ``count`` edges; a share of weights and of times is missing, times are multiples of ``times`` ms."""
    plain = _plain(random, sources, targets, count)
    weight, time = random.integers(1, 6, count).astype(np.float64), random.integers(1, 10**9, count) * times
    weight[random.random(count) < missing] = np.nan
    time[random.random(count) < missing] = MISSING_TIME
    return merge_parallel(Edges(plain.source, plain.target, weight, time), "last")[0]


def _plain(random: np.random.Generator, sources: int, targets: int, count: int) -> Edges:
    ends = random.integers(0, sources, count), random.integers(0, targets, count)
    return Edges(*(rows.astype(np.int32) for rows in ends))
