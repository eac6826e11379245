"""A generated but lifelike graph of people and records, together with the preferences that it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema, default_schema
from graphrec_neo4j.snapshot import Edges, FloatArray, GraphSnapshot, IntArray, Nodes
from loaders import generator_words as words
from loaders.builder import fitting_schema, isolated_notes
from loaders.generator_model import Preferences, chosen_items, friendships, influenced, mixtures, taste_items
from loaders.loaded import LoadedGraph

_END = 1_767_225_600_000
"""2026-01-01 in UTC milliseconds; the graph covers the two years before."""

_SPAN = 2 * 365 * 86_400_000
_SESSION = 2_400_000


@dataclass(frozen=True, eq=False)
class GeneratedGraph:
    """A generated graph and, in its row order, the true preferences of its users."""

    snapshot: GraphSnapshot
    preferences: Preferences


def generate(
    users: int = 1000,
    items: int = 600,
    *,
    interactions_per_user: float = 25.0,
    ties_per_user: float = 8.0,
    tastes: int | None = None,
    seed: int = 7,
) -> GeneratedGraph:
    """Generate listeners, records, genres, plays over two years and who follows whom; the same for the same seed.

    Communities of taste overlap, friends share tastes and influence each other, activity, popularity and
    fame are heavy-tailed. ``tastes`` grows with the fourth root of the items if not given. Time and memory
    grow with the number of edges. Raises BadInputError for fewer than 2 users or items.
    """
    if users < 2 or items < 2:
        raise BadInputError("a generated graph needs at least 2 users and 2 items.")
    tastes = tastes or round(3 * items**0.25)
    naming, taste, tying, choosing, timing = np.random.default_rng(seed).spawn(5)
    user_keys, user_names = words.people(users, naming)
    item_keys, titles = words.records(items, naming)
    own, mixed_items = mixtures(taste, users, tastes, 0.6), mixtures(taste, items, tastes, 0.5)
    source, target = friendships(tying, own, ties_per_user)
    preferences = Preferences(influenced(own, source, target), taste_items(taste, mixed_items))
    schema = generated_schema()
    nodes = {
        "User": _nodes("User", user_keys, user_names),
        "Item": _nodes("Item", item_keys, titles),
        "Category": _nodes("Category", [words.slug(genre) for genre in sorted(words.GENRES)], sorted(words.GENRES)),
    }
    edges = {
        "INTERACTED": _plays(choosing, timing, preferences, _activity(choosing, users, items, interactions_per_user)),
        "FOLLOWS": Edges(source.astype(np.int32), target.astype(np.int32)),
        "IN_CATEGORY": _genres(mixed_items),
    }
    return GeneratedGraph(GraphSnapshot(schema, nodes, edges), preferences)


def load_generated(path: Path | None = None, schema: GraphSchema | None = None) -> LoadedGraph:
    """Return the graph of :func:`generate` with its defaults, as the other loaders do; there is no file to it."""
    if path is not None:
        raise BadInputError(f"'generated' reads no file, so {str(path)!r} has no meaning here; leave it out.")
    snapshot = generate().snapshot
    fitting = fitting_schema(schema, snapshot.schema, "the generated graph")
    made = GraphSnapshot(fitting, snapshot.nodes, snapshot.edges)
    return LoadedGraph(made, notes=tuple(isolated_notes(made)))


def generated_schema() -> GraphSchema:
    """The default schema with plays that count by their logarithm, as counts with heavy tails should."""
    plain = default_schema()
    interacted = plain.edges["INTERACTED"].model_copy(update={"strength": "log"})
    return plain.model_copy(update={"edges": {**plain.edges, "INTERACTED": interacted}})


def _nodes(name: str, keys: list[str], names: list[str]) -> Nodes:
    return Nodes(IdMap(name, keys, "string"), np.array(names, dtype=object))


def _activity(rng: np.random.Generator, users: int, items: int, mean: float) -> IntArray:
    """Return how many items each user has: log-normal around ``mean``, at least 1, at most a third of all."""
    spread = 0.9
    drawn = rng.lognormal(np.log(mean) - spread**2 / 2, spread, users)
    return np.clip(np.rint(drawn), 1, max(1, items // 3)).astype(np.int64)


def _plays(
    choosing: np.random.Generator, timing: np.random.Generator, preferences: Preferences, activity: IntArray
) -> Edges:
    """Return the interactions: who plays what, how often, and when last."""
    blocks = []
    for source, target in chosen_items(choosing, preferences, activity):
        liking = preferences.of_pairs(source, target)
        weight = _counts(choosing, liking)
        time = _moments(timing, source)
        blocks.append((source, target, weight, time))
    source, target, weight, time = (np.concatenate([block[part] for block in blocks]) for part in range(4))
    return Edges(source.astype(np.int32), target.astype(np.int32), weight, time)


def _counts(rng: np.random.Generator, liking: FloatArray) -> FloatArray:
    """Return heavy-tailed play counts (n,) that grow with how much a record is liked."""
    typical = np.sqrt(liking / max(float(liking.mean()), np.finfo(float).tiny))
    return 1.0 + np.floor(rng.lognormal(0.5, 1.1, len(liking)) * typical)


def _moments(rng: np.random.Generator, users: IntArray) -> IntArray:
    """Return the time of each play of (sorted) ``users``: in sessions of about five, more of them lately."""
    names, counts = np.unique(users, return_counts=True)
    sessions = np.maximum(1, counts // 5)
    first_session = np.cumsum(sessions) - sessions
    joined = np.repeat(rng.random(len(names)) * 0.8, sessions)
    moment = joined + (1 - joined) * rng.beta(1.6, 1.0, len(joined))
    begin = _END - _SPAN + (moment * (_SPAN - 86_400_000)).astype(np.int64)
    session = np.repeat(first_session, counts) + (rng.random(len(users)) * np.repeat(sessions, counts)).astype(np.int64)
    return (begin[session] + rng.integers(0, _SESSION, len(users))) // 1000 * 1000


def _genres(items: FloatArray) -> Edges:
    """Return the genre of each item's main taste, and a second one where its next taste is strong too."""
    genres = len(words.GENRES)
    best_two = np.argsort(-items, axis=1)[:, :2]
    strength = np.take_along_axis(items, best_two, axis=1)
    first, second = best_two[:, 0] % genres, best_two[:, -1] % genres
    both = np.flatnonzero((strength[:, -1] > 0.25) & (first != second))
    source = np.append(np.arange(len(items)), both)
    target = np.append(first, second[both])
    order = np.lexsort((target, source))
    return Edges(source[order].astype(np.int32), target[order].astype(np.int32))
