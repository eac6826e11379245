"""What walks in torch share: matrices and panels (nodes, b) of b users on a device, and exact top-k lists there.

Import this module inside functions only, because torch is slow to import. Numbers have 64 bits, as on the processor:
so lists and their ties are the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse

from graphrec_neo4j.results import NO_ITEM

MOST_USERS = 2048
PROCESSOR_BYTES = 2**28
LOW_BITS = 2**32 - 1


def on_device(matrix: sparse.csr_matrix, device: str) -> torch.Tensor:
    """A CSR matrix in torch."""
    whole = np.int32 if matrix.nnz < 2**31 else np.int64
    pointers, columns = (torch.from_numpy(part.astype(whole)).to(device) for part in (matrix.indptr, matrix.indices))
    values = torch.from_numpy(matrix.data.astype(np.float64)).to(device)
    with warnings.catch_warnings():
        # CSR in torch is announced as beta by a warning each time that one is made.
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(pointers, columns, values, matrix.shape)


def panel_of(columns: sparse.csr_matrix, device: str) -> torch.Tensor:
    """The dense panel (n, b) of b sparse ``columns`` (b, n)."""
    entries = columns.tocoo()
    nodes, users = (torch.from_numpy(ends.astype(np.int64)).to(device) for ends in (entries.col, entries.row))
    panel = torch.zeros(columns.shape[1], columns.shape[0], dtype=torch.float64, device=device)
    return panel.index_put_((nodes, users), torch.from_numpy(entries.data.astype(np.float64)).to(device), True)


def user_blocks(users: int, bytes_a_user: float, device: str) -> Iterator[slice]:
    """Cut so many users into slices that together with their panels fit into half of the memory that is free."""
    size = int(min(MOST_USERS, max(1, _room(device) // bytes_a_user)))
    for start in range(0, users, size):
        yield slice(start, min(start + size, users))


def _room(device: str) -> float:
    """Half of the bytes that are free on a GPU, what torch keeps for itself there included."""
    if torch.device(device).type != "cuda":
        return PROCESSOR_BYTES
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return (torch.cuda.mem_get_info(device)[0] + kept) / 2


def fill_lists(scores: torch.Tensor, seen: sparse.csr_matrix | None, items: npt.NDArray, best: npt.NDArray) -> None:
    """Write the best positive unseen ``scores`` (b, n) of 32 bits into lists ``items``, ``best`` (b, k), ties by row.

    Changes ``scores``. The bits of a positive float, read as a whole number, are in the order of the floats; so one
    whole number holds a score and, below it, the row counted down.
    """
    if seen is not None:
        users, rows = (torch.from_numpy(ends.astype(np.int64)).to(scores.device) for ends in seen.nonzero())
        scores[users, rows] = 0.0
    k = min(items.shape[1], scores.shape[1])
    keys = scores.view(torch.int32).long() << 32
    keys += LOW_BITS - torch.arange(scores.shape[1], device=scores.device)
    top = keys.topk(k, dim=1).values
    chosen = (top >> 32).int().view(torch.float32)
    there = (chosen > 0).cpu().numpy()
    items[:, :k] = np.where(there, (LOW_BITS - (top & LOW_BITS)).int().cpu().numpy(), NO_ITEM)
    best[:, :k] = np.where(there, chosen.cpu().numpy(), -np.inf)
