"""``Why``: one explained pair together with the paths of its picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graphrec_neo4j.asking import Explained, explain, name_of
from graphrec_neo4j.database import Database
from graphrec_neo4j.explain.stored import Reason
from graphrec_neo4j.ids import Key
from graphrec_neo4j.picture.paths import ITEM, USER, NodeKey, PathGraph, PathNode, path_graph
from graphrec_neo4j.queries import statement
from graphrec_neo4j.schema import GraphSchema


@dataclass(frozen=True)
class Why:
    """What ``explain`` says about a pair, and the graph that its Browser link draws."""

    explained: Explained
    graph: PathGraph

    @property
    def user_name(self) -> str:
        """The display name of the user, else her key."""
        return self.graph.nodes[USER].name

    @property
    def title(self) -> str:
        """The display name of the item, else its key."""
        return self.graph.nodes[ITEM].name

    def paths_of(self, reason: Reason) -> tuple[int, ...]:
        """Return the numbers of the drawn paths that go through the node which a reason names."""
        place = self._places.get((reason.node.type, reason.node.key)) if reason.node else None
        return tuple(number for number, path in enumerate(self.graph.paths) if place in path.nodes[1:-1])

    @cached_property
    def shares(self) -> Mapping[NodeKey, float]:
        """The share of the score that goes through each node that a reason names."""
        found: dict[NodeKey, float] = {}
        for reason in self.explained.described.reasons:
            if reason.node:
                node = (reason.node.type, reason.node.key)
                found[node] = found.get(node, 0.0) + self.explained.described.share(reason)
        return found

    @cached_property
    def _places(self) -> Mapping[NodeKey, int]:
        return {node.identity: place for place, node in enumerate(self.graph.nodes)}


def explain_with_paths(database: Database, schema: GraphSchema, user: Key, item: Key) -> Why:
    """Explain a pair as ``asking.explain`` does, and read the paths that its Browser link draws.

    Raises UnknownIdError for a user or an item that is not there.
    """
    explained = explain(database, schema, user, item)
    ends = [
        PathNode(kind, key, name_of(database, schema, kind, key))
        for kind, key in ((schema.recommend_to, user), (schema.recommend, item))
    ]
    records = database.paths(statement("explain/why", schema), user_id=user, item_id=item)
    found = [record["path"] for record in records]
    return Why(explained, path_graph(found, schema, ends[USER], ends[ITEM]))
