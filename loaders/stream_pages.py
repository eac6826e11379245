"""The keys of one node type as pages of a range index: seeds and negatives without a list of all nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import StreamError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import EdgeType, GraphSchema, NodeType
from graphrec_neo4j.snapshot import IntArray

NODES_A_PAGE = 64
PAGES_AT_MOST = 16_384
PAGES_A_CHUNK = 16
LINKS_A_CHUNK = 16_384

_KEYS_A_SCAN = 65_536
_LOWEST: dict[str, Key] = {"string": "", "integer": -(2**63)}


@dataclass(frozen=True)
class KeyPages:
    """Where the pages of one node type begin and end, in the order of keys: at most ``PAGES_AT_MOST`` of equal size.

    Nodes that come later are found in the pages that their keys belong to, or not at all beyond the last key.
    """

    firsts: list[Key]
    lasts: list[Key]
    sizes: IntArray

    @classmethod
    def read(cls, database: Database, kind: NodeType) -> KeyPages:
        """Look once at every key, in the database; only the ends of pages are kept."""
        naming = Naming.for_node(kind)
        nodes = database.read(statement("read/graph_count", naming))[0]["nodes"]
        size = max(NODES_A_PAGE, -(-nodes // PAGES_AT_MOST))
        limit = -(-_KEYS_A_SCAN // size) * size
        query = statement("read/stream_page_ends", naming)
        firsts: list[Key] = []
        lasts: list[Key] = []
        sizes: list[int] = []
        first, skip = _LOWEST[kind.key_type], 0
        while True:
            found = database.read_values(query, first=first, skip=skip, limit=limit, size=size)[0]
            firsts += found[0]
            lasts += found[1]
            sizes += found[2]
            if sum(found[2]) < limit:
                return cls(firsts, lasts, np.array(sizes, dtype=np.int64))
            first, skip = lasts[-1], 1

    def __len__(self) -> int:
        return len(self.firsts)

    def ranges(self, pages: IntArray) -> dict[str, list[Key]]:
        """The parameters that name ``pages`` (n,) in a statement."""
        listed = pages.tolist()
        return {"firsts": [self.firsts[page] for page in listed], "lasts": [self.lasts[page] for page in listed]}


class PageReader:
    """Reads nodes and links by page; an epoch takes every page once, in an order of chance, some at a time."""

    def __init__(self, database: Database, schema: GraphSchema, name: str) -> None:
        self.database, self.schema, self.name, self.kind = database, schema, name, schema.nodes[name]
        self.pages = KeyPages.read(database, self.kind)
        self._keys = statement("read/stream_page_keys", Naming.for_node(self.kind))

    def chunks(self, rng: np.random.Generator, size: int = PAGES_A_CHUNK) -> Iterator[IntArray]:
        """The pages of one epoch in an order of chance, ``size`` at a time."""
        order = rng.permutation(len(self.pages))
        return (order[start : start + size] for start in range(0, len(order), size))

    def pages_a_chunk(self, edge: EdgeType) -> int:
        """How many pages have about ``LINKS_A_CHUNK`` edges of one type, by the count store: 1 to ``PAGES_A_CHUNK``.

        Edges that are paths are not in the count store, so there it is ``PAGES_A_CHUNK``.
        """
        if edge.via:
            return PAGES_A_CHUNK
        naming = Naming.for_edge(self.schema, edge.model_copy(update={"directed": True}))
        links = self.database.read(statement("read/graph_edge_ends", naming))[0]["outgoing"]
        return max(1, min(PAGES_A_CHUNK, LINKS_A_CHUNK * len(self.pages) // max(links, 1)))

    def keys(self, pages: IntArray) -> list[Key]:
        """The keys of all nodes that are now in ``pages``."""
        return self.database.read_values(self._keys, **self.pages.ranges(pages))[0][0]

    def links(self, edge: EdgeType, pages: IntArray) -> tuple[list[Key], list[Key]]:
        """The ends (m,), (m,) of all positive edges of one type from nodes in ``pages``."""
        naming = Naming.for_edge(self.schema, edge.model_copy(update={"directed": True}))
        query = statement("read/stream_page_links", naming)
        sources, targets = self.database.read_values(query, **self.pages.ranges(pages))[0]
        repeated = chain.from_iterable([source] * len(ends) for source, ends in zip(sources, targets, strict=True))
        return list(repeated), list(chain.from_iterable(targets))

    def random_keys(self, count: int, rng: np.random.Generator) -> list[Key]:
        """Return ``count`` keys with replacement, each node as likely as any other.

        They come from ``PAGES_A_CHUNK`` pages, drawn with the chance of their sizes, so that those of one call are
        not independent of each other. Raises StreamError where no node is left.
        """
        if not len(self.pages):
            raise StreamError(f"there is no {self.name} to draw; load a graph first.")
        share = self.pages.sizes / self.pages.sizes.sum()
        drawn = rng.choice(len(self.pages), PAGES_A_CHUNK, p=share)
        keys = self.keys(drawn)
        if not keys:
            raise StreamError(f"the nodes of {self.name} that were there are gone; open the stream anew.")
        return [keys[place] for place in rng.integers(0, len(keys), count).tolist()]
