"""Users near users and items near items along meta-paths, cut to the nearest."""

from __future__ import annotations

from functools import reduce

from scipy import sparse

from graphrec_neo4j.meta_path import MetaPath, Step, quote
from graphrec_neo4j.models.item_products import best_products
from graphrec_neo4j.models.ties import normalised
from graphrec_neo4j.progress import silent
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot

Steps = tuple[Step, ...]


def closed_paths(schema: GraphSchema) -> tuple[dict[str, Steps], dict[str, Steps]]:
    """Return what the schema's default user-item paths say of two users, and of two items, by their spelling.

    A path to items says of users: its longest part that leads from a user to another, or where there is none, its
    first step there and back. Of items likewise from its end: user-item-user-item gives user-item-user and
    item-user-item, user-friend-item gives user-friend, user-item-category-item gives item-category-item.
    """
    users, items = {}, {}
    for text in schema.default_meta_paths().values():
        steps = schema.meta_path(text).steps
        of_users, of_items = closed(steps), _back(closed(_back(steps)))
        users[spelt(of_users)], items[spelt(of_items)] = of_users, of_items
    return users, items


def closed(steps: Steps) -> Steps:
    """Return the longest proper part from the beginning that ends where it began, or the first step and back."""
    start = steps[0].source
    ends = [length for length in range(1, len(steps)) if steps[length - 1].target == start]
    return steps[: ends[-1]] if ends else (steps[0], *_back(steps[:1]))


def neighbours(snapshot: GraphSnapshot, steps: Steps, k: int) -> sparse.csr_matrix:
    """Return the k others that each node reaches most by ``steps``, as CSR (n, n) of how much.

    Every step is normalised by the roots of both ends' degrees, so that a path through a hub counts little. The
    product is held row by row.
    """
    matrices = [normalised(matrix) for matrix in snapshot.step_matrices(steps)]
    *first, last = [*matrices, sparse.identity(matrices[0].shape[0], format="csr")] if len(matrices) == 1 else matrices
    return best_products(reduce(lambda left, right: (left @ right).tocsr(), first), last, k, silent)


def spelt(steps: Steps) -> str:
    """Return the meta-path of ``steps`` as it is written."""
    text = quote(steps[0].source)
    for step in steps:
        edge = step.edge if step.edge == "*" else quote(step.edge)
        text += (f"-{edge}->" if step.forward else f"<-{edge}-") + quote(step.target)
    return MetaPath.parse(text).text


def _back(steps: Steps) -> Steps:
    return tuple(Step(step.edge, not step.forward, step.target, step.source) for step in reversed(steps))
