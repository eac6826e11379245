"""A small graph of readers and books with every kind of edge, published twice, and its edges as plain sets."""

from __future__ import annotations

from typing import Any

import numpy as np

from graphrec_neo4j.database import Database
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.to_neo4j import to_neo4j

SCHEMA = GraphSchema.parse(
    """
    recommend_to = "Reader"
    recommend = "Book"
    [nodes.Reader]
    key = "no"
    name = "called"
    [nodes.Book]
    key = "isbn"
    name = "title"
    [nodes.Shelf]
    [edges.RATED]
    from = "Reader"
    to = "Book"
    weight = "stars"
    time = "at"
    positive_from = 3
    [edges.KNOWS]
    from = "Reader"
    to = "Reader"
    [edges.ON]
    from = "Book"
    to = "Shelf"
    [edges.BROWSES]
    from = "Reader"
    to = "Shelf"
    """
)
READERS, BOOKS, SHELVES = 16, 22, 4


class World:
    """The graph as sets of pairs of ids; ``liked`` are positive ratings, ``rated`` all of them."""

    def __init__(self) -> None:
        random = np.random.default_rng(11)
        self.readers = [f"r{n:02d}" for n in range(READERS)]
        self.books = [f"b{n:02d}" for n in range(BOOKS)]
        # r00 rates nothing, r01 one book, b00 is rated by nobody.
        pairs = [(u, i) for u in range(2, READERS) for i in range(1, BOOKS) if random.random() < 0.25]
        pairs = sorted([*pairs, (1, 5)])
        stars = random.integers(1, 6, len(pairs))
        self.rated = {(self.readers[u], self.books[i]) for u, i in pairs}
        self.liked = {
            (self.readers[u], self.books[i]) for (u, i), given in zip(pairs, stars, strict=True) if given >= 3
        }
        ties = {(u, v) for u in range(READERS) for v in range(READERS) if u != v and random.random() < 0.15}
        shelved = {(i, int(n)) for i in range(BOOKS) for n in random.permutation(SHELVES)[: 1 + i % 2]}
        browsed = {(u, int(random.integers(SHELVES))) for u in range(READERS)}
        self.ties = {(self.readers[u], self.readers[v]) for u, v in ties}
        self.shelved = {(self.books[i], f"s{n}") for i, n in shelved}
        self.browsed = {(self.readers[u], f"s{n}") for u, n in browsed}
        edges = {
            "RATED": _edges(pairs, weight=stars.astype(np.float32), time=np.arange(len(pairs), dtype=np.int64)),
            "KNOWS": _edges(sorted(ties)),
            "ON": _edges(sorted(shelved)),
            "BROWSES": _edges(sorted(browsed)),
        }
        nodes = {
            "Reader": Nodes(IdMap("Reader", self.readers, "string"), np.array(self.readers, dtype=object)),
            "Book": Nodes(IdMap("Book", self.books, "string"), np.array(self.books, dtype=object)),
            "Shelf": Nodes(IdMap("Shelf", [f"s{n}" for n in range(SHELVES)], "string")),
        }
        self.snapshot = GraphSnapshot(SCHEMA, nodes, edges)

    def books_of(self, reader: str) -> set[str]:
        return {book for who, book in self.liked if who == reader}

    def fans_of(self, book: str) -> set[str]:
        return {who for who, what in self.liked if what == book}

    def friends_of(self, reader: str) -> set[str]:
        return {other for who, other in self.ties if who == reader}

    def shelves_of(self, book: str) -> set[str]:
        return {shelf for what, shelf in self.shelved if what == book}

    def popularity(self, book: str) -> int:
        return sum(what == book for _, what in self.rated)


def _edges(pairs: list[tuple[int, int]], **values: Any) -> Edges:
    table = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return Edges(table[:, 0].copy(), table[:, 1].copy(), **values)


def publish_readers(connection: Connection) -> World:
    """Load the graph into an empty database and publish two runs on it: popularity, then the walk."""
    world = World()
    with Database(connection) as database:
        to_neo4j(database, world.snapshot)
        for model in ("popularity", "p3"):
            sync(database, SCHEMA, SyncRequest(model=model))
    return world
