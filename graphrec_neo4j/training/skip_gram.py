"""Skip-gram with negative sampling, on walks over a graph instead of sentences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.threads import in_threads

if TYPE_CHECKING:
    from graphrec_neo4j.training.skip_gram_kernel import Noise, Sampling

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

NOISE_EXPONENT = 0.75
NOISE_PLACES = 4
LEAST_PLACES = 2**16
"""Places in a table of noise, for each node and at least; what lies between two is settled by chance, each round."""

CHUNK = 2**22
PAIRS_A_NODE = 64
"""About how many pairs, of 8 bytes, are held at once: at most, and for each node where there are blocks. These are
learnt one after the other, so with too many pairs in each the last would have the last word."""

PARTS = 8
WORTH_PARTS = 2**12
"""Nodes from which the pairs are dealt into blocks, which keep to rows that fit into a cache."""


@dataclass(frozen=True)
class SkipGramSettings:
    """``dimensions`` of a vector; pairs up to ``window`` steps apart, each against ``negatives``; ``rounds`` of walks.

    The ``learning_rate`` falls linearly to zero over all rounds.
    """

    dimensions: int = 64
    window: int = 5
    negatives: int = 5
    rounds: int = 10
    learning_rate: float = 0.015

    def __post_init__(self) -> None:
        if min(self.dimensions, self.window, self.negatives, self.rounds) < 1:
            raise ModelError("dimensions, window, negatives and rounds must be at least 1.")
        if not 0 < self.learning_rate < math.inf:
            raise ModelError("learning_rate must be above 0 and finite.")


@dataclass(frozen=True, eq=False)
class SkipGram:
    """What was learnt of n nodes: ``inputs`` and ``outputs`` (n, d), and how often walks came to each, ``visits`` (n,).

    With vectors as long as it takes, ``inputs[a] . outputs[b]`` is the log of how often b stands near a over how often
    it is drawn as a negative for a: the shifted pointwise mutual information, where noise goes by frequency (Levy and
    Goldberg, NIPS 2014, equation 7).
    """

    inputs: Floats
    outputs: Floats
    visits: npt.NDArray[np.int64]


def skip_gram_bytes(settings: SkipGramSettings, nodes: int, words: int) -> float:
    """About how much memory learning takes on a graph of so many nodes, from rounds of so many ``words`` at most."""
    pairs = min(words * (settings.window + 1) * (settings.negatives + 1), _pairs_held(nodes))
    return nodes * (8.0 * settings.dimensions + 8.0 * NOISE_PLACES + 40.0) + 8.0 * pairs + 16.0 * words


def learn_skip_gram(
    sentences: Callable[[int], Ints],
    n_nodes: int,
    settings: SkipGramSettings,
    seed: int,
    *,
    kinds: Ints | None = None,
    threads: int | None = None,
    progress: Progress = silent,
) -> SkipGram:
    """Learn from ``settings.rounds`` of walks, ``sentences(round)`` (w, length) being ended by negative numbers.

    Negatives are drawn by ``visits ** 0.75`` of the rounds so far, among all nodes; with ``kinds`` (n_nodes,) among
    those of the kind of the node they stand against (Dong et al.: metapath2vec, KDD 2017, section 3.3). The answer is
    the same for any number of ``threads``, on one machine. Raises ModelError where vectors grow beyond all bounds.
    """
    learner = _Learner.begin(n_nodes, settings, seed, kinds, threads)
    for done in range(settings.rounds):
        rates = [settings.learning_rate * (1 - (done + part) / settings.rounds) for part in (0, 1)]
        learner.learn(sentences(done), rates[0], rates[1])
        if not np.isfinite(learner.made.inputs.sum()):
            raise ModelError(
                f"skip-gram broke down in round {done + 1}: a vector is infinite; lower the learning rate."
            )
        progress("walking and learning", done + 1, settings.rounds)
    return learner.made


@dataclass(frozen=True, eq=False)
class _Learner:
    """Vectors in the making. Nodes are in ``parts``, and blocks of pairs that share no part are learnt side by side.

    This is the schedule of Zhu et al., GraphVite, WWW 2019, section 3.2, but negatives are dealt out as pairs of their
    own, so that all of them are drawn from the noise of the whole graph.
    """

    made: SkipGram
    settings: SkipGramSettings
    random: np.random.Generator
    kinds: Ints
    part_of: Ints
    parts: int
    threads: int | None

    @classmethod
    def begin(
        cls, n_nodes: int, settings: SkipGramSettings, seed: int, kinds: Ints | None, threads: int | None
    ) -> _Learner:
        random, shape = np.random.default_rng(seed), (n_nodes, settings.dimensions)
        inputs = (random.random(shape, dtype=np.float32) - np.float32(0.5)) / np.float32(settings.dimensions)
        made = SkipGram(inputs, np.zeros(shape, dtype=np.float32), np.zeros(n_nodes, dtype=np.int64))
        parts = PARTS if n_nodes >= WORTH_PARTS else 1
        part_of = random.integers(parts, size=n_nodes, dtype=np.int32)
        kinds = np.zeros(n_nodes, dtype=np.int32) if kinds is None else kinds
        return cls(made, settings, random, kinds, part_of, parts, threads)

    def learn(self, walks: Ints, first_rate: float, last_rate: float) -> None:
        """Learn from one round of ``walks``, chunk by chunk."""
        from graphrec_neo4j.training.skip_gram_kernel import Sampling

        settings = self.settings
        self.made.visits[:] += np.bincount(walks[walks >= 0], minlength=len(self.made.visits))
        sampling = Sampling(settings.window, settings.negatives, self._noise())
        pairs_a_walk = walks.shape[1] * (settings.window + 1) * (settings.negatives + 1)
        chunks = max(1, len(walks) * pairs_a_walk // _pairs_held(len(self.part_of)))
        rates = np.linspace(first_rate, last_rate, chunks + 1).tolist()
        for number, chunk in enumerate(np.array_split(walks, chunks)):
            self._learn_chunk(chunk, sampling, (rates[number], rates[number + 1]))

    def _learn_chunk(self, walks: Ints, sampling: Sampling, rates: tuple[float, float]) -> None:
        from graphrec_neo4j.training.skip_gram_kernel import deal_pairs, learn_pairs

        parts, none = self.parts, np.zeros(0, dtype=np.int32)
        state = self.random.integers(2**64, dtype=np.uint64)
        sizes = np.zeros((parts, parts), dtype=np.int64)
        deal_pairs(walks, sampling, state, self.part_of, sizes, none, none)
        ends = sizes.cumsum().reshape(parts, parts) - sizes
        inputs, outputs = np.empty((2, sizes.sum()), dtype=np.int32)
        deal_pairs(walks, sampling, state, self.part_of, ends, inputs, outputs)
        for shift in range(parts):

            def work(first: int, stop: int, shift: int = shift) -> None:
                for row in range(first, stop):
                    column = (row + shift) % parts
                    block = slice(ends[row, column] - sizes[row, column], ends[row, column])
                    learn_pairs(inputs[block], outputs[block], rates, self.made.inputs, self.made.outputs)

            in_threads(work, parts, 1, self.threads)

    def _noise(self) -> Noise:
        """One table for each kind, in which a node stands as often as its chance says."""
        from graphrec_neo4j.training.skip_gram_kernel import Noise

        weights, number = self.made.visits**NOISE_EXPONENT, int(self.kinds.max(initial=0)) + 1
        places = max(LEAST_PLACES, NOISE_PLACES * len(weights))
        nodes = np.zeros((number, places), dtype=np.int32)
        for kind in range(number):
            sums = np.where(self.kinds == kind, weights, 0.0).cumsum()
            shares = (np.arange(places) + self.random.random()) / places
            nodes[kind] = np.searchsorted(sums, shares * sums[-1], side="right").clip(max=len(sums) - 1)
        return Noise(self.kinds, nodes)


def _pairs_held(nodes: int) -> int:
    return CHUNK if nodes < WORTH_PARTS else min(CHUNK, PAIRS_A_NODE * nodes)
