"""A small music graph with awkward names, loaded and published once; what the commands are then asked about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

import numpy as np

from graphrec_neo4j.database import Database
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from graphrec_neo4j.sync import SyncRequest, sync
from loaders.to_neo4j import to_neo4j

AWKWARD_USER = 'o\'Brien \\u0041 `x` "y" & #1? \\&\\'
AWKWARD_ITEM = "it'em \\1\t\n\\"
AWKWARD_TITLE = "The \\0 of\tall \\b \\2 things"
LONELY = "zz lonely"
PUBLISHED = 20

Ask = Callable[..., tuple[int, str, str]]

SCHEMA = GraphSchema.parse(
    """
    recommend_to = "Listener"
    recommend = "Artist"
    [nodes.Listener]
    key = "no"
    [nodes.Artist]
    key = "no"
    name = "called"
    [nodes.Tag]
    key_type = "integer"
    [edges.LISTENED]
    from = "Listener"
    to = "Artist"
    time = "at"
    [edges.FRIEND_OF]
    from = "Listener"
    to = "Listener"
    directed = false
    [edges.TAGGED]
    from = "Artist"
    to = "Tag"
    """
)


def music(users: int = 40, items: int = 45, tags: int = 4) -> GraphSnapshot:
    """Listeners who keep to one of four tags in most cases; one has no edges, nor has the artist a00."""
    random = np.random.default_rng(5)
    listened = {
        (user, int(item))
        for user in range(users - 1)
        for item in random.permutation(np.arange(1, items))[:30]
        if item % tags == user % tags or random.random() < 0.1
    }
    friends = {(user, (user + tags) % (users - 1)) for user in range(users - 1)}
    tagged = {(item, item % tags) for item in range(items)}
    listeners = [*(f"u{row:02d}" for row in range(users - 2)), AWKWARD_USER, LONELY]
    artists = [*(f"a{row:02d}" for row in range(items - 1)), AWKWARD_ITEM]
    called = np.array([None if row % 5 == 0 else f"Artist {row}" for row in range(items)], dtype=object)
    made = IdMap("Artist", artists, "string")
    called[made.row(AWKWARD_ITEM)] = AWKWARD_TITLE
    nodes = {
        "Listener": Nodes(IdMap("Listener", listeners, "string")),
        "Artist": Nodes(made, called),
        "Tag": Nodes(IdMap("Tag", range(tags), "integer")),
    }
    edges = {"LISTENED": _edges(listened, timed=True), "FRIEND_OF": _edges(friends), "TAGGED": _edges(tagged)}
    return GraphSnapshot(SCHEMA, nodes, edges)


def publish_music(connection: Connection) -> GraphSnapshot:
    """Load the graph into an empty database and publish walks on it."""
    snapshot = music()
    with Database(connection) as database:
        to_neo4j(database, snapshot)
        sync(database, SCHEMA, SyncRequest(model="p3"))
    return snapshot


def _edges(pairs: set[tuple[int, int]], *, timed: bool = False) -> Edges:
    table = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    time = 1_700_000_000_000 + 1000 * np.arange(len(table), dtype=np.int64) if timed else None
    return Edges(table[:, 0].copy(), table[:, 1].copy(), time=time)


def walk_parts(music: GraphSnapshot, user: int) -> np.ndarray:
    """P3 by its definition, dense: row a is the part of every item's score that goes through item a."""
    liked = music.interactions.toarray()
    from_user = liked / np.maximum(1, liked.sum(axis=1, keepdims=True))
    from_item = (liked / np.maximum(1, liked.sum(axis=0, keepdims=True))).T
    return from_user[user][:, None] * (from_item @ from_user)


def liked_by(music: GraphSnapshot) -> dict[str, set[str]]:
    pairs = music.interactions.tocoo()
    made = defaultdict(set)
    for user, item in zip(pairs.row, pairs.col, strict=True):
        made[music.users.ids.key(user)].add(music.items.ids.key(item))
    return made
