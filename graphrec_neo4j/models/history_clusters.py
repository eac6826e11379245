"""The tastes of one history, each by the item in its middle, so that the largest does not crowd out the others.

Pal, Eksombatchai, Zhou, Zhao, Rosenberg, Leskovec: PinnerSage: multi-modal user embedding framework for
recommendations at Pinterest, KDD 2020, sections 4.1 to 4.3: Ward's clusters, their medoids, the weightiest of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import sparse

from graphrec_neo4j.progress import Progress, silent

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]

MOST_ITEMS = 1000
EVERY = 1000


def clustered(
    weights: sparse.csr_matrix, ties: sparse.csr_matrix, distance: float, most: int | None, progress: Progress = silent
) -> sparse.csr_matrix:
    """Return 1 for the medoids of each history's clusters, (n_users, n_items), at most the ``most`` weightiest.

    ``weights`` (n_users, n_items) says how much each item of a history weighs; only the 1,000 heaviest are looked
    at. Two items are as far apart as the unit vectors of their rows of ``ties`` (n_items, n_items).
    """
    lengths = np.sqrt(np.asarray(ties.multiply(ties).sum(axis=1), dtype=np.float64).ravel())
    unit = (sparse.diags(1 / np.where(lengths > 0, lengths, 1)) @ ties).tocsr()
    kept = []
    for user in range(weights.shape[0]):
        part = slice(weights.indptr[user], weights.indptr[user + 1])
        heaviest = np.argsort(-weights.data[part], kind="stable")[:MOST_ITEMS]
        items, weight = weights.indices[part][heaviest], weights.data[part][heaviest]
        vectors = unit[items]
        kept.append(np.sort(items[medoids((vectors @ vectors.T).toarray(), weight, distance, most)]))
        if user % EVERY == 0:
            progress("clustering histories", user, weights.shape[0])
    pointers = np.cumsum([0, *map(len, kept)])
    indices = np.concatenate([*kept, np.zeros(0, dtype=np.int32)]).astype(np.int32)
    return sparse.csr_matrix((np.ones(len(indices), dtype=np.float32), indices, pointers), shape=weights.shape)


def medoids(cosines: Floats, weights: Floats, distance: float, most: int | None) -> Places:
    """Return the places of the medoids of Ward's clusters of h unit vectors, the weightiest cluster first.

    ``cosines`` (h, h) of all pairs; clusters further apart than ``distance`` (Ward's, which is Euclid's between
    two vectors) stay apart. A medoid has the least sum of squared distances to its cluster, ties to the lower place.
    """
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    if len(weights) < 2:
        return np.arange(len(weights))
    # A vector of an item without ties is all zero; it is taken as one that no other shares a direction with.
    squares = np.maximum(2 - 2 * cosines.astype(np.float64), 0)
    np.fill_diagonal(squares, 0)
    label = fcluster(linkage(squareform(np.sqrt(squares), checks=False), "ward"), distance, "distance") - 1
    within = (squares * (label[:, None] == label)).sum(axis=1)
    order = np.lexsort((np.arange(len(label)), within, label))
    first = order[np.diff(label[order], prepend=-1) != 0]
    weightiest = np.argsort(-np.bincount(label, weights), kind="stable")[:most]
    return first[weightiest]
