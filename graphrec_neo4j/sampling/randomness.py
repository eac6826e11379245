"""Where samplers get their randomness: one generator a batch, from the sampler's seed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch.utils.data import get_worker_info


class BatchGenerators:
    """The generators of one sampler: the n-th batch that it draws always gets the same one.

    A worker process of a ``DataLoader`` holds a copy of the sampler, so there the worker's own seed counts too:
    workers and epochs differ, and ``torch.manual_seed`` before the loop (or the loader's ``generator``) fixes them.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._batches = 0

    def next(self) -> np.random.Generator:
        """Return the generator of the next batch."""
        worker = get_worker_info()
        self._batches += 1
        return np.random.default_rng([self.seed, 0 if worker is None else worker.seed, self._batches])


@contextmanager
def torch_follows(rng: np.random.Generator) -> Iterator[None]:
    """Let what draws from torch's global generator inside follow ``rng``, and leave that generator as it was."""
    state = torch.get_rng_state()
    torch.default_generator.manual_seed(int(rng.integers(2**63)))
    try:
        yield
    finally:
        torch.set_rng_state(state)
