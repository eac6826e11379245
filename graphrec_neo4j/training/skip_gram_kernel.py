"""The numba kernels of skip-gram; import this module inside functions only, because numba is slow to import."""

from __future__ import annotations

import math
from typing import NamedTuple

import numba
import numpy as np
import numpy.typing as npt

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]


class Noise(NamedTuple):
    """What negatives are drawn from: for output b a node of ``nodes[kind_of[b]]`` (t,), each place as likely."""

    kind_of: Ints
    nodes: Ints


class Sampling(NamedTuple):
    """Which pairs skip-gram takes from walks: as far as ``window`` steps apart, with ``negatives`` for each."""

    window: int
    negatives: int
    noise: Noise


@numba.njit(cache=True, nogil=True, inline="always")
def _below(state: np.uint64, count: int) -> int:
    """A number from 0 to ``count - 1`` by 32 bits of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014)."""
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state = (state ^ (state >> np.uint64(31))) >> np.uint64(32)
    return int(np.int64((state * np.uint64(count)) >> np.uint64(32)))


@numba.njit(cache=True, nogil=True)
def deal_pairs(
    walks: Ints, sampling: Sampling, state: np.uint64, part_of: Ints, ends: npt.NDArray, inputs: Ints, outputs: Ints
) -> None:
    """Put every pair of a node and one in its window, and its negatives, into the block of both nodes' parts.

    With ``ends`` (parts, parts) at the first place of each block, ``inputs`` and ``outputs`` (m,) are filled and
    ``ends`` moved behind the last; where ``inputs`` is empty, only ``ends`` move. A negative b stands as ``-1 - b``. A
    window reaches 1 to ``window`` steps, drawn anew for each node (Mikolov et al., 2013, footnote to section 2), and
    a node is no context of itself.
    """
    filling = len(inputs) > 0
    for walk in range(len(walks)):
        for place in range(walks.shape[1]):
            node = walks[walk, place]
            if node < 0:
                break
            state += _GOLDEN
            reach = 1 + _below(state, sampling.window)
            for other in range(max(0, place - reach), min(walks.shape[1], place + reach + 1)):
                context = walks[walk, other]
                if context < 0:
                    break
                if context == node:
                    continue
                noise = sampling.noise.nodes[sampling.noise.kind_of[context]]
                for drawn in range(sampling.negatives + 1):
                    output = context
                    if drawn:
                        state += _GOLDEN
                        output = noise[_below(state, len(noise))]
                    at = ends[part_of[node], part_of[output]]
                    if filling:
                        inputs[at], outputs[at] = node, -1 - output if drawn else output
                    ends[part_of[node], part_of[output]] = at + 1


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract"})
def learn_pairs(inputs: Ints, outputs: Ints, rates: tuple[float, float], of_input: Floats, of_output: Floats) -> None:
    """Step down the gradient of ``-log s(x.y)`` for each pair in turn, of ``-log s(-x.y)`` for a negative.

    s is the logistic function. The learning rate goes from the first of ``rates`` to the second.
    """
    dimensions = of_input.shape[1]
    for pair in range(len(inputs)):
        rate = np.float32(rates[0] + (rates[1] - rates[0]) * pair / len(inputs))
        is_near = outputs[pair] >= 0
        mine = of_input[inputs[pair]]
        theirs = of_output[outputs[pair] if is_near else -1 - outputs[pair]]
        score = np.float32(0)
        for d in range(dimensions):
            score += mine[d] * theirs[d]
        likely = np.float32(1) / (np.float32(1) + math.exp(-score))
        step = rate * ((np.float32(1) if is_near else np.float32(0)) - likely)
        for d in range(dimensions):
            before = mine[d]
            mine[d] += step * theirs[d]
            theirs[d] += step * before
