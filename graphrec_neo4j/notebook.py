"""Explanations in a notebook: an inline page, a data frame, a networkx graph, and a py2neo ``Subgraph``.

    from graphrec_neo4j import notebook
    database = notebook.connect()
    why = notebook.explain(database, "ada-ibarra", "jade-storm")
    why

Nodes go by business ids. Other users have a stand-in instead, the same in all explanations of one session.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any

from graphrec_neo4j import __version__, asking
from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import MissingExtraError, PublishError
from graphrec_neo4j.explain.words import told
from graphrec_neo4j.ids import Key
from graphrec_neo4j.picture import Why, explain_with_paths, page
from graphrec_neo4j.runs import current_run
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import given_connection

if TYPE_CHECKING:
    import networkx
    import pandas

    from graphrec_neo4j.subgraph import ExplanationSubgraph

_HEIGHT = 760
_COLUMNS = ("share", "score", "kind", "type", "id", "name", "path", "text")


def connect() -> Database:
    """Connect to the database that ``NEO4J_URI`` and its siblings name, else to the running local server.

    Raises DatabaseError, or ServerError where no local server runs.
    """
    from graphrec_neo4j.server import LocalServer

    return Database(given_connection() or LocalServer().connection())


def recommend(database: Database, user: Key, k: int = 10) -> pandas.DataFrame:
    """Return the published list of ``user`` as the command ``recommend`` does, one row an item; needs pandas."""
    schema = _published_schema(database)
    return _data_frame(asking.recommend(database, schema, asking.user_key(schema, str(user)), k).rows)


def explain(database: Database, user: Key, item: Key) -> ExplainedPair:
    """Explain why ``item`` has its score for ``user``, as the command ``explain`` does.

    Keys may be given as texts. Raises PublishError where nothing is published and UnknownIdError for a user or an
    item that is not there.
    """
    schema = _published_schema(database)
    keys = asking.user_key(schema, str(user)), asking.item_key(schema, str(item))
    return ExplainedPair(explain_with_paths(database, schema, *keys), schema)


@dataclass(frozen=True, repr=False)
class ExplainedPair:
    """One pair explained; shows itself as a page in a notebook, and as sentences elsewhere."""

    why: Why
    schema: GraphSchema

    def __repr__(self) -> str:
        described = self.why.explained.described
        first = f"{self.why.title} for {self.why.user_name}: score {described.score:.4g}"
        return "\n".join([first, *(f"  {words}" for words, _ in told(described, self.why.title))])

    def _repr_html_(self) -> str:
        """The page of ``explain --html`` in a frame of its own, where its style and its script stay."""
        text = escape(page(self.why, version=__version__, made_on=date.today()))
        style = f"width: 100%; height: {_HEIGHT}px; border: 0"
        return f'<iframe sandbox="allow-scripts allow-popups" style="{style}" srcdoc="{text}"></iframe>'

    def to_data_frame(self) -> pandas.DataFrame:
        """Return one row a reason, and one of the kind ``other`` for the rest, so that scores add up to the score.

        Raises MissingExtraError without pandas.
        """
        return _data_frame([dict(zip(_COLUMNS, row, strict=True)) for row in self._rows()])

    def to_networkx(self) -> networkx.MultiDiGraph:
        """Return the drawn paths; a node is ``(type, key)``, an edge's key is its relationship type.

        Nodes have the attributes ``type``, ``name``, ``named`` (False for a stand-in) and ``share`` (of the score, if
        a reason names the node); the graph has ``user``, ``item``, ``score`` and ``exact``. Raises MissingExtraError
        without networkx.
        """
        try:
            from networkx import MultiDiGraph
        except ImportError as error:
            raise MissingExtraError("to_networkx", "notebook") from error
        explained, nodes = self.why.explained, self.why.graph.nodes
        ends = {"user": explained.user, "item": explained.item}
        graph = MultiDiGraph(**ends, score=explained.described.score, exact=explained.described.exact)
        for node in nodes:
            share = {"share": self.why.shares[node.identity]} if node.identity in self.why.shares else {}
            graph.add_node(node.identity, type=node.type, name=node.name, named=node.named, **share)
        for step in self.why.graph.steps:
            graph.add_edge(nodes[step.source].identity, nodes[step.target].identity, key=step.type)
        return graph

    def to_subgraph(self) -> ExplanationSubgraph:
        """Return the drawn paths as a py2neo ``Subgraph``, with its set operations and ``to_data_frame()``.

        Its nodes are unbound: nothing in them reads from or writes to a database by itself. Raises MissingExtraError
        without py2neo.
        """
        try:
            from graphrec_neo4j.subgraph import subgraph_of
        except ImportError as error:
            raise MissingExtraError("to_subgraph", "notebook") from error
        return subgraph_of(self.why.graph, self.schema)

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        described, title = self.why.explained.described, self.why.title
        for reason in described.reasons:
            node = (reason.node.type, reason.node.key, reason.node.name) if reason.node else (None, None, None)
            yield described.share(reason), reason.score, reason.kind, *node, reason.path(title), reason.text(title)
        rest = described.other / described.score if described.score > 0 else 0.0
        yield round(rest, 4), described.other, "other", None, None, None, None, None


def _published_schema(database: Database) -> GraphSchema:
    run = current_run(database)
    if run is None:
        raise PublishError("nothing is published in this database yet: run graphrec-neo4j sync first.")
    return run.schema


def _data_frame(rows: list[dict[str, Any]]) -> pandas.DataFrame:
    try:
        from pandas import DataFrame
    except ImportError as error:
        raise MissingExtraError("a data frame", "notebook") from error
    return DataFrame(rows)
