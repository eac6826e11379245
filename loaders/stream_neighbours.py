"""One edge type walked from seeds to sampled neighbours, in Cypher: the draws are ours, the sample is the server's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from graphrec_neo4j.cypher_names import Naming
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import BadInputError, SnapshotError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.queries import Statement, statement
from graphrec_neo4j.schema import EdgeType, GraphSchema
from graphrec_neo4j.snapshot import Edges, FloatArray, IntArray, merge_parallel
from loaders.stored_numbers import from_stored as numbers_from_stored
from loaders.stored_times import from_stored as times_from_stored

REVERSED = "rev_"
"""How PyTorch Geometric's ``ToUndirected`` begins the name of an edge type turned round."""


@dataclass(frozen=True)
class Sampled:
    """The k edges that were drawn: ``place`` (k,) of the seed, ``neighbour`` its key, ``weight``, ``time`` or None.

    ``found`` counts the seeds that are still in the database.
    """

    place: IntArray
    neighbour: list[Key]
    weight: FloatArray | None
    time: IntArray | None
    found: int


class Neighbours:
    """Draws neighbours over one edge type: of its targets along it, or of its sources where it is ``reverse``.

    Edges run as they are stored, also where the schema says that they have no direction; each way round is an edge
    type of its own, ``(source, name, target)`` and ``(target, rev_name, source)``.
    """

    def __init__(self, database: Database, schema: GraphSchema, name: str, *, reverse: bool, scan: int) -> None:
        self.database, self.name, self.kind = database, name, schema.edges[name]
        ends = self.kind.source, self.kind.target
        self.start, self.end = ends if reverse else ends[::-1]
        self.edge_type = (self.end, f"{REVERSED}{name}" if reverse else name, self.start)
        self._scan, self._statement = scan, _statement(schema, self.kind, reverse)

    def sample(self, keys: Sequence[Key], count: int, rng: np.random.Generator) -> Sampled:
        """Return at most ``count`` distinct neighbours of each of ``keys``, every subset as likely as any other.

        Of a node with more than ``scan`` edges only so many, as the server finds them, have a chance. Parallel edges
        are one, by the schema's rule. Raises BadInputError where a sampled weight or time is none, and SnapshotError
        for parallel edges that the schema forbids.
        """
        draws = rng.random(len(keys) * count).tolist()
        given = {"keys": list(keys), "k": count, "draws": draws, "scan": self._scan}
        row = self.database.read_values(self._statement, **given)[0]
        place = np.repeat(np.array(row[0], dtype=np.int64), [len(of_seed) for of_seed in row[1]])
        neighbour = list(chain.from_iterable(row[1]))
        weight, time = self._values(row[2], row[3], neighbour) if len(row) > 2 else (None, None)
        if None in neighbour:
            # A node that is deleted while the statement runs has no key any more.
            there = [n for n, key in enumerate(neighbour) if key is not None]
            place, neighbour = place[there], [neighbour[n] for n in there]
            weight, time = None if weight is None else weight[there], None if time is None else time[there]
        return Sampled(place, neighbour, weight, time, len(row[0]))

    def _values(
        self, weights: list[list[list[Any]]], times: list[list[list[Any]]], neighbour: list[Key]
    ) -> tuple[FloatArray | None, IntArray | None]:
        of_edge = list(chain.from_iterable(weights))
        parallel = np.fromiter(map(len, of_edge), dtype=np.int64, count=len(of_edge))
        weight = time = None
        if self.kind.weight:
            weight, bad, _ = numbers_from_stored(list(chain.from_iterable(of_edge)))
            self._refuse("weight", bad, parallel, neighbour)
        if self.kind.time:
            stored = list(chain.from_iterable(chain.from_iterable(times)))
            time, bad, _ = times_from_stored(stored, self.kind.time_unit)
            self._refuse("time", bad, parallel, neighbour)
        return self._merged(parallel, weight, time)

    def _merged(
        self, parallel: IntArray, weight: FloatArray | None, time: IntArray | None
    ) -> tuple[FloatArray | None, IntArray | None]:
        if (parallel == 1).all():
            return weight, time
        edge = np.repeat(np.arange(len(parallel), dtype=np.int32), parallel)
        try:
            merged, _ = merge_parallel(Edges(edge, np.zeros_like(edge), weight, time), self.kind.duplicate_rule)
        except SnapshotError as error:
            raise SnapshotError(f"{self.name}: {error}") from None
        return merged.weight if self.kind.weight else None, merged.time

    def _refuse(self, what: str, bad: dict[int, str], parallel: IntArray, neighbour: list[Key]) -> None:
        if bad:
            position, why = next(iter(bad.items()))
            edge = int(np.searchsorted(np.cumsum(parallel), position, side="right"))
            raise BadInputError(
                f"a {what} of {self.name}, of an edge at the {self.end} {neighbour[edge]!r}, cannot be read: {why}. "
                "Mend it in the database or take the property out of graphrec.toml."
            )


def _statement(schema: GraphSchema, kind: EdgeType, reverse: bool) -> Statement:
    as_stored = kind.model_copy(update={"directed": True})
    ends = (kind.source, kind.target) if reverse else (kind.target, kind.source)
    start, end = (schema.nodes[name] for name in ends)
    edges = ((as_stored, reverse),)
    naming = Naming(nodes={"User": (start,), "Item": (end,)}, edges={"INTERACTED": edges}, seen=edges)
    if not (kind.weight or kind.time):
        return statement("read/stream_neighbours", naming)
    return statement("read/stream_neighbours_of_paths" if kind.via else "read/stream_neighbours_with_values", naming)
