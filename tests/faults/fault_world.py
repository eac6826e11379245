"""A small graph, the generations that are published on it in turn, and what the database must then hold: all of it.

What each generation looks like is taken down once, after a calm sync; whatever happens later, the current run and
the one before must look like one of them, and nothing else of ours may be there.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import neo4j
import numpy as np

from graphrec_neo4j.database import Database
from graphrec_neo4j.queries import load_query, query_names
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.slots import all_properties, slot_names
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.from_generator import generate
from loaders.to_neo4j import to_neo4j

USERS, ITEMS = 100, 60
KINDS = ("RECOMMENDED", "SIMILAR")
_SHOWN = "r.run <= $run AND (r.until IS NULL OR r.until > $run)"

_LISTS = """
MATCH (p:GraphRecRun {number: $run}) MATCH (u:User)
RETURN u.id AS id, u[p.items_in], u[p.scores_in], u[p.reasons_in], u[p.why_in], u[p.walk_items_in], u[p.walk_scores_in],
       u[p.user_vector_in]
ORDER BY id
"""
_SCORES = """
MATCH (p:GraphRecRun {number: $run}) MATCH (i:Item)
RETURN i.id AS id, i[p.item_score_in], i[p.item_vector_in] ORDER BY id
"""
_DRAWN = f"""
MATCH (a)-[r:RECOMMENDED|SIMILAR]->(b) WHERE {_SHOWN}
RETURN type(r) AS type, a.id AS a, b.id AS b, r.rank AS rank, r.score, r.reason, r.count, r.because, r.because_labels
ORDER BY type, a, b, rank
"""
_UNSHOWN = """
MATCH ()-[r:RECOMMENDED|SIMILAR]->()
WHERE NOT any(run IN $runs WHERE r.run <= run AND (r.until IS NULL OR r.until > run)) RETURN count(r)
"""
_ENDED_BY_NOBODY = "MATCH ()-[r:RECOMMENDED|SIMILAR]->() WHERE r.until > $run RETURN count(r)"
_POINTER = "MATCH (p:GraphRecPointer {name: 'current'}) RETURN properties(p)"
_STRAY = """
MATCH (n) WHERE any(key IN keys(n) WHERE key STARTS WITH 'graphrec_' AND NOT key IN $ours)
   OR (NOT n:User AND NOT n:Item AND any(key IN keys(n) WHERE key STARTS WITH 'graphrec_'))
   OR (n:User AND any(key IN keys(n) WHERE key IN $of_items)) OR (n:Item AND any(key IN keys(n) WHERE key IN $of_users))
RETURN count(n)
"""
_NODES = """
MATCH (n) WHERE NOT n:GraphRecRun AND NOT n:GraphRecPointer
RETURN labels(n) AS labels, n.id AS id, [key IN keys(n) WHERE NOT key STARTS WITH 'graphrec_' | [key, toString(n[key])]]
ORDER BY labels, id
"""
_EDGES = """
MATCH (a)-[r]->(b) WHERE NOT type(r) IN $ours
RETURN type(r) AS type, labels(a) AS from, a.id AS a, b.id AS b, [key IN keys(r) | [key, toString(r[key])]]
ORDER BY type, a, b
"""


@dataclass(frozen=True)
class Generation:
    """One way to sync, whose answers are known once it was published in peace."""

    model: str
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.model} {self.seed}"


GENERATIONS = tuple(Generation(*made) for made in (("item-knn",), ("spectral", 1), ("covisit",), ("p3",), ("ials", 2)))
QUICK = tuple(Generation(*made) for made in (("popularity",), ("p3",), ("item-knn",)))


@dataclass(frozen=True)
class Ask:
    """One question of ``cypher/recommend`` (or the stored reason) with its parameters."""

    name: str
    text: str
    parameters: dict[str, Any]


def small_graph() -> GraphSnapshot:
    """The graph of all faults."""
    return generate(USERS, ITEMS, interactions_per_user=12, ties_per_user=5, seed=3).snapshot


class Plain:
    """A driver that knows nothing of ours."""

    def __init__(self, connection: Connection) -> None:
        # A server that is killed on purpose is no news.
        logging.getLogger("neo4j").setLevel(logging.CRITICAL)
        auth = (connection.username, connection.password)
        self._driver = neo4j.GraphDatabase.driver(connection.uri, auth=auth, notifications_min_severity="OFF")

    def __enter__(self) -> Plain:
        return self

    def __exit__(self, *_: object) -> None:
        self._driver.close()

    def session(self) -> neo4j.Session:
        """A session that reads."""
        return self._driver.session(default_access_mode=neo4j.READ_ACCESS)

    def values(self, text: str, **parameters: Any) -> list[list[Any]]:
        """The rows of a statement, retried while the server is away."""
        with self.session() as session:
            return session.execute_read(lambda tx: tx.run(text, parameters).values())

    def value(self, text: str, **parameters: Any) -> Any:
        """The one value of a statement; None where there is no row."""
        rows = self.values(text, **parameters)
        return rows[0][0] if rows else None

    def write(self, text: str, **parameters: Any) -> list[list[Any]]:
        """Write in a managed transaction."""
        with self._driver.session() as session:
            return session.execute_write(lambda tx: tx.run(text, parameters).values())

    def counted_write(self, text: str, attempts: list[int], **parameters: Any) -> None:
        """Write in a managed transaction and add to ``attempts`` how often it had to be tried."""

        def run(tx: neo4j.ManagedTransaction) -> None:
            attempts[0] += 1
            tx.run(text, parameters).consume()

        with self._driver.session() as session:
            session.execute_write(run)


def load(connection: Connection) -> GraphSnapshot:
    """Put the graph into an empty database."""
    snapshot = small_graph()
    with Database(connection) as database:
        to_neo4j(database, snapshot)
    return snapshot


def digest(rows: Any) -> str:
    """One short text that says whether rows are the same."""
    return blake2b(json.dumps(rows, default=str).encode(), digest_size=12).hexdigest()


def graph_digest(plain: Plain) -> str:
    """Whether the user's own graph is the same: all nodes and relationships with all properties that are not ours."""
    edges = [[*row[:4], sorted(row[4])] for row in plain.values(_EDGES, ours=list(KINDS))]
    return digest([[[*row[:2], sorted(row[2])] for row in plain.values(_NODES)], edges])


def look(plain: Plain, run: int) -> str:
    """Everything that readers of ``run`` can ever see, as one digest."""
    return digest([plain.values(_LISTS, run=run), plain.values(_SCORES, run=run), plain.values(_DRAWN, run=run)])


def pointer(plain: Plain) -> dict[str, Any]:
    """The properties of the pointer node."""
    return plain.value(_POINTER) or {}


def orphans(plain: Plain, known: set[str], indexes: Sequence[str], *, kept: bool = True) -> list[str]:
    """What is there of ours and belongs to no generation, in words; ``kept``: the one before must be there too."""
    points, found = pointer(plain), []
    runs = [points["run"], *([points["previous"]] if "previous" in points else [])]
    if kept and len(runs) < 2:
        found.append("the generation before is gone")
    found += [f"run {run} looks like no generation" for run in runs if look(plain, run) not in known]
    counted = {
        "relationships that no kept run shows": plain.value(_UNSHOWN, runs=runs),
        "relationships that end with no known run": plain.value(_ENDED_BY_NOBODY, run=points["run"]),
        "runs called writing": plain.value("MATCH (r:GraphRecRun {state: 'writing'}) RETURN count(r)"),
        "runs too many": max(0, plain.value("MATCH (r:GraphRecRun) RETURN count(r)") - 52),
        "nodes with stray properties": stray(plain),
        "leases": sum(name in points for name in ("lease", "lease_until")),
    }
    found += [f"{count} {what}" for what, count in counted.items() if count]
    if not kept:
        # Where a run was broken off, its slot, indexes included, waits for the next one.
        return found
    there = plain.values(
        "SHOW INDEXES YIELD name, state, type WHERE type = 'VECTOR' RETURN name + ' ' + state AS i ORDER BY i"
    )
    if [row[0] for row in there] != [f"{name} ONLINE" for name in sorted(indexes)]:
        found.append(f"vector indexes {there}")
    return found


def unseen(plain: Plain) -> int:
    """How many relationships are there that the current run does not show and the one before did not."""
    points = pointer(plain)
    return plain.value(_UNSHOWN, runs=[points["run"], points.get("previous", points["run"])])


def stray(plain: Plain) -> int:
    """How many nodes hold properties of ours that they should not."""
    names = [slot_names(slot) for slot in ("a", "b")]
    of_items = [name for slot in names for what, name in slot.items() if what in ("item_vector", "item_score")]
    of_users = [slot[what] for slot in names for what in ("items", "scores", "reasons", "why", "user_vector")]
    return int(plain.value(_STRAY, ours=all_properties(), of_items=of_items, of_users=of_users))


def asks(snapshot: GraphSnapshot, lists: dict[str, list[str]], users: int = 5, seed: int = 0) -> list[Ask]:
    """Every file of ``cypher/recommend`` with all its parameters, and the stored reason of pairs that are listed.

    ``lists`` are, by user, what some generation gave her.
    """
    random = np.random.default_rng(seed)
    degrees = np.bincount(snapshot.edges["INTERACTED"].source, minlength=len(snapshot.users))
    able = np.flatnonzero(degrees > 3)
    who = [str(snapshot.users.ids.key(int(row))) for row in random.choice(able, users, replace=False)]
    what = [str(snapshot.items.ids.key(int(row))) for row in random.choice(len(snapshot.items), users, replace=False)]
    where = [str(key) for key in snapshot.nodes["Category"].ids.keys[:2]]
    made = []
    for name in query_names("recommend"):
        query = load_query(name)
        takes = [parameter.name for parameter in query.parameters]
        values = {
            "user_id": [*who, *([None] if "user_id" in takes and _optional(name) else [])],
            "item_id": what,
            "category_id": where,
            "k": [1, 10, 20],
        }
        made += [Ask(name, query.body, given) for given in _products([(take, values[take]) for take in takes])]
    why = load_query("explain/stored_why")
    for user in who:
        made += [Ask(why.name, why.body, {"user_id": user, "item_id": item}) for item in lists[user][:3]]
    return made


def _optional(name: str) -> bool:
    return any(parameter.name == "user_id" and parameter.default for parameter in load_query(name).parameters)


def _products(given: list[tuple[str, list[Any]]]) -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = [{}]
    for name, values in given:
        made = [{**one, name: value} for one in made for value in values]
    return made
