"""The graph that a sync works on: read whole, or beside the one before where watermarks say what may differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from graphrec_neo4j.database import Database
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.progress import Progress
from graphrec_neo4j.run_cache import keep_watermarks, kept_snapshot, kept_watermarks
from graphrec_neo4j.runs import Run
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.from_neo4j import read_graph
from loaders.loaded import LoadedGraph


@dataclass(frozen=True, eq=False)
class GraphReading:
    """A graph as it was ``loaded``, ``reads`` after one that read all of it; ``before`` is that of the current run.

    ``before`` is None where nobody needed it yet, or where it is not kept.
    """

    loaded: LoadedGraph
    reads: int = 0
    before: GraphSnapshot | None = None

    @classmethod
    def of(
        cls, database: Database, schema: GraphSchema, current: Run | None, whole_every: int, progress: Progress
    ) -> Self:
        """Read the graph; every ``whole_every`` times all of it, and so where nothing tells what may differ."""
        if current and whole_every > 1 and any(edge.watermark for edge in schema.edges.values()):
            before = kept_snapshot(database, current)
            found = kept_watermarks(database, current, before) if before and before.schema == schema else None
            if found and found[1] + 1 < whole_every:
                known, reads = found
                return cls(read_graph(database, schema, known=known, progress=progress), reads + 1, before)
        return cls(read_graph(database, schema, progress=progress))

    @property
    def snapshot(self) -> GraphSnapshot:
        """The graph."""
        return self.loaded.snapshot

    def keep_marks(self, database: Database, uuid: str) -> None:
        """Save beside what run ``uuid`` keeps up to where its graph was read."""
        keep_watermarks(database, uuid, self.loaded.marks, self.reads)

    def changes(self, database: Database, current: Run | None) -> GraphChanges | None:
        """What became of the graph since the current run; None where its graph is not kept, or of another schema."""
        before = self.before or (kept_snapshot(database, current) if current else None)
        if before is None or before.schema != self.snapshot.schema:
            return None
        return GraphChanges.between(before, self.snapshot)

    def to_json(self) -> dict[str, Any]:
        """What ``SyncReport.read`` tells; ``read_again`` where edges have a watermark: from how many sources."""
        told: dict[str, Any] = {
            "nodes": {name: len(nodes) for name, nodes in self.snapshot.nodes.items()},
            "edges": {name: len(edges) for name, edges in self.snapshot.edges.items()},
        }
        return told | ({"read_again": dict(self.loaded.read_again)} if self.loaded.read_again else {})
