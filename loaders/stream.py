"""A graph that stays in Neo4j, as mini-batches for PyTorch Geometric: no more of it is here than a few batches.

``Neo4jStream`` joins a ``FeatureStore``, a ``GraphStore`` and a ``BaseSampler`` over one database and one schema, for
PyTorch Geometric's own loaders, and makes batches from seeds that are streamed too, ahead of their consumer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import SchemaError, StreamError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import IntArray
from loaders.check_schema import check_names
from loaders.keys import unindexed
from loaders.stream_ahead import Ahead
from loaders.stream_features import NodeFeatures
from loaders.stream_neighbours import Neighbours
from loaders.stream_numbers import NodeNumbers
from loaders.stream_pages import PageReader
from loaders.stream_sampler import FanOut, MakeBatch, Neo4jSampler, as_tensor, fan_out_by_type, link_maker, node_maker
from loaders.stream_sampling import SubgraphReader, no_edges
from loaders.stream_seeds import Columns, Seeds, seed_batches
from loaders.stream_stores import KEPT_BATCHES, EdgeValues, Neo4jFeatureStore, Neo4jGraphStore

if TYPE_CHECKING:
    import torch
    from torch_geometric.data import HeteroData
    from torch_geometric.sampler import NegativeSampling

CACHE_BYTES = 16 * 2**20
REMEMBERED = 65_536
SCAN = 10_000


@dataclass(frozen=True)
class StreamReport:
    """What a stream has done: batches made, seeds that were gone, and how the feature cache fares."""

    batches: int
    gone_seeds: int
    cache_bytes: int
    cached_rows: int
    cache_hits: int
    cache_misses: int

    @property
    def hit_rate(self) -> float:
        """The share of feature rows that came from the cache; NaN before the first."""
        looked = self.cache_hits + self.cache_misses
        return self.cache_hits / looked if looked else float("nan")


class Neo4jStream:
    """A typed graph in Neo4j, sampled in Cypher. Use as a context manager; the database stays the caller's to close.

    * ``fan_out``: how many neighbours a node gets in each hop, for every edge type or by edge type (one that is left
      out is not walked);
    * ``reverse``: whether every edge type is there turned round too, as ``(target, rev_name, source)``;
    * ``cache_bytes``: the size of the feature cache, shared evenly by the node types with features;
    * ``remembered``: how many string ids of a type can be told from their numbers at least (:class:`NodeNumbers`);
    * ``exclude_targets``: whether seed links are kept out of the edges that were sampled;
    * ``scan``: how many edges of one node are looked at before some are drawn, which bounds the work on a hub; a node
      with more is sampled from the first that the server finds.

    ``features``, ``graph`` and ``sampler`` go to ``NodeLoader`` and ``LinkLoader`` as they are. Outside are business
    ids, in tensors their numbers: :meth:`numbers` and :meth:`ids`. Everything random follows ``seed``: a batch is the
    same in every run while the database is. Raises SchemaError where the schema does not fit or a key has no index,
    and StreamError for a fan-out that is no bound.
    """

    def __init__(
        self,
        database: Database,
        schema: GraphSchema,
        fan_out: FanOut,
        *,
        reverse: bool = True,
        cache_bytes: int = CACHE_BYTES,
        remembered: int = REMEMBERED,
        exclude_targets: bool = True,
        scan: int = SCAN,
        seed: int = 0,
    ) -> None:
        self.database, self.schema, self.seed = database, schema, seed
        self.notes = tuple(check_names(database, schema))
        _check_indexes(database, schema)
        ways = (False, True) if reverse else (False,)
        neighbours = [
            Neighbours(database, schema, name, reverse=way, scan=scan) for name in schema.edges for way in ways
        ]
        self.node_types, self.edge_types = list(schema.nodes), [one.edge_type for one in neighbours]
        self._numbers = {name: NodeNumbers(name, kind.key_type, remembered) for name, kind in schema.nodes.items()}
        self._cache_bytes, self._features = cache_bytes, self._with_cache(cache_bytes)
        values = EdgeValues({one.edge_type: no_edges(one) for one in neighbours})
        reader = SubgraphReader(neighbours, self._numbers, fan_out_by_type(fan_out, self.edge_types))
        self.features = Neo4jFeatureStore(self._features, values)
        self.graph = Neo4jGraphStore(self.edge_types)
        self.sampler = Neo4jSampler(reader, self.pages, values, exclude_targets=exclude_targets, seed=seed)
        self._pages: dict[str, PageReader] = {}
        self._lock = threading.Lock()
        self._running: list[Ahead[Any, Any]] = []
        self._batches = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End all threads that make batches, and the iterators that they make them for."""
        for running in self._running:
            running.close()

    def numbers(self, name: str, ids: Sequence[Key]) -> torch.Tensor:
        """Return the numbers (n,) int64 of business ids of one node type, whether they are in the database or not."""
        return as_tensor(self._numbers[name].of_keys(ids))

    def ids(self, name: str, numbers: torch.Tensor) -> list[Key]:
        """Return the business ids of numbers (n,); raises StreamError for one that is not remembered any more."""
        return self._numbers[name].keys_of(numbers.cpu().numpy())

    def pages(self, name: str) -> PageReader:
        """The key pages of one node type, found when first needed."""
        with self._lock:
            if name not in self._pages:
                self._pages[name] = PageReader(self.database, self.schema, name)
            return self._pages[name]

    def node_batches(
        self, name: str, batch_size: int, *, epoch: int = 0, sessions: int = 2, waiting: int = 4
    ) -> Ahead[Seeds, HeteroData]:
        """Iterate over all nodes of one type in an order of chance, ``batch_size`` seeds a batch.

        A batch is what ``NodeLoader`` makes, with ``edge_weight`` and ``edge_time``. ``sessions`` threads work, at
        most ``waiting`` batches ahead.
        """
        reader = self.pages(name)

        def read(pages: IntArray) -> Columns:
            return (self._numbers[name].of_keys(reader.keys(pages)),)

        make = node_maker((self.features, self.graph), self.sampler, name)
        rng = np.random.default_rng([self.seed, epoch, 0])
        return self._ahead(make, reader.chunks(rng), read, batch_size, rng, epoch, sessions, waiting)

    def link_batches(
        self,
        edge: str,
        batch_size: int,
        *,
        neg_sampling: NegativeSampling | str | None = "triplet",
        epoch: int = 0,
        sessions: int = 2,
        waiting: int = 4,
    ) -> Ahead[Seeds, HeteroData]:
        """Iterate over all positive edges of one type in an order of chance, ``batch_size`` links a batch.

        A batch is what ``LinkLoader`` makes, with ``edge_weight`` and ``edge_time``. The links come from some random
        pages of sources at a time (:class:`PageReader`), among which they are shuffled.
        """
        kind = self.schema.edges[edge]
        reader = self.pages(kind.source)

        def read(pages: IntArray) -> Columns:
            sources, targets = reader.links(kind, pages)
            return self._numbers[kind.source].of_keys(sources), self._numbers[kind.target].of_keys(targets)

        edge_type = (kind.source, edge, kind.target)
        make = link_maker((self.features, self.graph), self.sampler, edge_type, neg_sampling)
        rng = np.random.default_rng([self.seed, epoch, 0])
        chunks = reader.chunks(rng, reader.pages_a_chunk(kind))
        return self._ahead(make, chunks, read, batch_size, rng, epoch, sessions, waiting)

    def report(self) -> StreamReport:
        """Say what has been done so far."""
        caches = [one.cache for one in self._features.values() if one is not None]
        cached = sum(map(len, caches))
        hits, misses = sum(cache.hits for cache in caches), sum(cache.misses for cache in caches)
        return StreamReport(self._batches, self.sampler.gone, self._cache_bytes, cached, hits, misses)

    def _with_cache(self, cache_bytes: int) -> dict[str, NodeFeatures | None]:
        share = cache_bytes // max(1, sum(bool(kind.features) for kind in self.schema.nodes.values()))
        return {
            name: NodeFeatures(self.database, name, kind, self._numbers[name], share) if kind.features else None
            for name, kind in self.schema.nodes.items()
        }

    def _ahead(
        self,
        make: MakeBatch,
        chunks: Iterator[IntArray],
        read: Callable[[IntArray], Columns],
        batch_size: int,
        rng: np.random.Generator,
        epoch: int,
        sessions: int,
        waiting: int,
    ) -> Ahead[Seeds, HeteroData]:
        if not 1 <= sessions <= KEPT_BATCHES:
            raise StreamError(f"sessions must be between 1 and {KEPT_BATCHES}, not {sessions}.")

        def work(seeds: Seeds) -> HeteroData:
            batch = make(seeds, np.random.default_rng([self.seed, epoch, 1 + seeds.number]))
            with self._lock:
                self._batches += 1
            return batch

        seeds = seed_batches(chunks, read, batch_size, rng)
        made = Ahead(work, seeds, sessions=sessions, waiting=max(waiting, sessions))
        # A loop that is left by an error drops its iterator, whose threads would outlive the database.
        self._running = [one for one in self._running if not one.closed] + [made]
        return made


def _check_indexes(database: Database, schema: GraphSchema) -> None:
    bare = unindexed(database, schema)
    if bare:
        kind = schema.nodes[bare[0]]
        raise SchemaError(
            f"no index covers the key {kind.key!r} of the nodes {kind.label!r}, so every batch would scan them all; "
            "graphrec-neo4j init makes one."
        )
