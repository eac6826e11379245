"""Small snapshots with known right answers, for every model's tests."""

from __future__ import annotations

import numpy as np

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import default_schema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

Pairs = list[tuple[int, int]]


def snapshot_of(
    users: int, items: int, liked: Pairs, friends: Pairs = (), categories: int = 0, filed: Pairs = ()
) -> GraphSnapshot:
    """A snapshot of the default schema with integer ids equal to the rows."""
    schema = default_schema("integer", "integer")
    names = [f"category {number:03d}" for number in range(categories)]
    nodes = {
        "User": Nodes(IdMap("User", range(users), "integer")),
        "Item": Nodes(IdMap("Item", range(items), "integer")),
        "Category": Nodes(IdMap("Category", names, "string")),
    }
    edges = {"INTERACTED": edges_of(liked), "FOLLOWS": edges_of(friends), "IN_CATEGORY": edges_of(filed)}
    return GraphSnapshot(schema, nodes, edges)


def edges_of(pairs: Pairs) -> Edges:
    """Unweighted edges, sorted and unique."""
    table = np.array(sorted(set(pairs)), dtype=np.int32).reshape(-1, 2)
    return Edges(table[:, 0].copy(), table[:, 1].copy())


def checkerboard(size: int = 16) -> GraphSnapshot:
    """User u likes every item of her own parity except item u; the last user, of row ``size``, has no edges."""
    liked = [(user, item) for user in range(size) for item in range(user % 2, size, 2) if item != user]
    return snapshot_of(size + 1, size, liked)


def communities(seed: int = 0, groups: int = 3, users: int = 45, items: int = 36) -> GraphSnapshot:
    """Communities of taste with friends and a category each; a fifth of all interactions strays.

    The last user has no edges and the last item has no interactions.
    """
    random = np.random.default_rng(seed)
    liked, friends = [], []
    for user in range(users - 1):
        own = [item for item in range(items - 1) if item % groups == user % groups]
        strays = random.choice(items - 1, size=2, replace=False)
        liked += [(user, int(item)) for item in random.choice(own, size=7, replace=False)]
        liked += [(user, int(item)) for item in strays]
        friends += [(user, (user + groups * int(hop)) % (users - 1)) for hop in (1, random.integers(2, 5))]
    filed = [(item, item % groups) for item in range(items)]
    return snapshot_of(users, items, liked, [pair for pair in friends if pair[0] != pair[1]], groups, filed)


def with_newcomer(snapshot: GraphSnapshot, like: int) -> GraphSnapshot:
    """The same graph, in which the last user, who had no interaction, likes what the user of row ``like`` does."""
    edges, newcomer = snapshot.edges["INTERACTED"], len(snapshot.users) - 1
    pairs = list(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
    return snapshot.with_edges(INTERACTED=edges_of(pairs + [(newcomer, item) for user, item in pairs if user == like]))


def without_edge(snapshot: GraphSnapshot, position: int) -> GraphSnapshot:
    """The same graph without the interaction at ``position``."""
    kept = np.arange(len(snapshot.edges["INTERACTED"])) != position
    return snapshot.with_edges(INTERACTED=snapshot.edges["INTERACTED"].take(kept))
