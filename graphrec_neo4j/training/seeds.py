"""Random numbers that a run can be repeated, and taken up again, with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[torch.Generator]:
    """Seed torch's global generators within the block, restore them after it, and give one of the run's own.

    Networks draw from the global ones, batches and negatives from the run's own.
    """
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        torch.manual_seed(seed)
        yield torch.Generator(device).manual_seed(seed)


def global_generator(device: torch.device) -> torch.Generator:
    """Return torch's global generator of ``device``, for what asks for one and belongs to a network."""
    if device.type == "cuda":
        return torch.cuda.default_generators[torch.cuda.current_device() if device.index is None else device.index]
    return torch.default_generator


def random_states(generator: torch.Generator) -> dict[str, Tensor]:
    """Return what :func:`put_back` takes: the states of the global generators and of ``generator``."""
    states = {"global": torch.get_rng_state(), "own": generator.get_state()}
    if generator.device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(generator.device)
    return states


def put_back(states: dict[str, Tensor], generator: torch.Generator) -> None:
    """Go on with the random numbers that followed ``states``."""
    torch.set_rng_state(states["global"])
    generator.set_state(states["own"])
    if "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], generator.device)
