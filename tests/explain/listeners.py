"""Three artists, their listeners and contributions to a score, to be told in sentences."""

import numpy as np

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.results import Contribution, Explanation
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes

MUSIC = """
    recommend_to = "User"
    recommend = "Artist"
    [nodes.User]
    key_type = "integer"
    [nodes.Artist]
    name = "name"
    [nodes.Tag]
    name = "name"
    [edges.LISTENED]
    from = "User"
    to = "Artist"
    [edges.FRIEND_OF]
    from = "User"
    to = "User"
    directed = false
    [edges.TAGGED]
    from = "Artist"
    to = "Tag"
"""


def edges(*pairs: tuple[int, int]) -> Edges:
    table = np.array(sorted(pairs), dtype=np.int32).reshape(-1, 2)
    return Edges(table[:, 0].copy(), table[:, 1].copy())


def named(kind: str, names: list[str | None], keys: list[str | int], key_type: str = "string") -> Nodes:
    return Nodes(IdMap(kind, keys, key_type), np.array(names, dtype=object))  # type: ignore[arg-type]


def music_graph() -> GraphSnapshot:
    return GraphSnapshot(
        GraphSchema.parse(MUSIC),
        {
            "User": Nodes(IdMap("User", [7, 1203], "integer")),
            "Artist": named("Artist", ["Massive Attack", "Portishead", None], ["a", "b", "c"]),
            "Tag": named("Tag", ["trip hop"], ["t"]),
        },
        {"LISTENED": edges((0, 0), (1, 0), (1, 1)), "FRIEND_OF": edges((0, 1)), "TAGGED": edges((0, 0), (1, 0))},
    )


def taste(score: float, count: int = 41, row: int = 0) -> Contribution:
    return Contribution("taste", score, (("Artist", row),), count, ("LISTENED", "LISTENED", "LISTENED"))


def tie(score: float) -> Contribution:
    return Contribution("tie", score, (("User", 1),), 1, ("FRIEND_OF", "LISTENED"))


def category(score: float, count: int = 5) -> Contribution:
    return Contribution("category", score, (("Tag", 0),), count, ("LISTENED", "TAGGED", "TAGGED"))


def of(*parts: Contribution, score: float = 100.0, exact: bool = True) -> Explanation:
    return Explanation(score, parts, score - sum(part.score for part in parts), exact)
