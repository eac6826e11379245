"""Training with several processes, as torchrun starts them: each takes its share of every batch.

Every process holds the whole graph and all parameters, draws the same batches and shared negatives, and adds up the
gradients with the others before each step; so the parameters stay the same everywhere, and those of one process up to
rounding. Alone, nothing here does anything.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence

import torch
import torch.distributed as distributed
from torch import Tensor


def meet(device: torch.device) -> None:
    """Meet the other processes that torchrun started, by NCCL on GPUs and by gloo elsewhere, until this one ends.

    One meeting serves all trainings of a process: gloo may wait for ever for a second one.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not distributed.is_initialized():
        distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
        atexit.register(distributed.destroy_process_group)


def own_device(device: torch.device) -> torch.device:
    """Return this process's own GPU where there are several processes and ``device`` names none."""
    if device.type != "cuda" or device.index is not None or "LOCAL_RANK" not in os.environ:
        return device
    return torch.device("cuda", int(os.environ["LOCAL_RANK"]))


def share_of(batch: Tensor) -> Tensor:
    """Return this process's part of ``batch`` (b,), all of it alone."""
    if not distributed.is_initialized():
        return batch
    return torch.tensor_split(batch, distributed.get_world_size())[distributed.get_rank()]


def in_step(generator: torch.Generator) -> None:
    """Go on with the first process's random numbers, from which the losses of unequal shares lead away."""
    if distributed.is_initialized():
        state = generator.get_state()
        on_device = state.to("cuda") if distributed.get_backend() == "nccl" else state
        distributed.broadcast(on_device, src=0)
        generator.set_state(on_device.cpu())


def averaged(loss: Tensor, parameters: Sequence[Tensor], weight: float) -> Tensor:
    """Replace all gradients, and return the loss, by the mean over processes that count ``weight`` each."""
    if not distributed.is_initialized():
        return loss
    parts = [loss.reshape(1), *(_gradient(parameter).reshape(-1) for parameter in parameters)]
    flat = torch.cat([torch.ones_like(parts[0]), *parts]) * weight
    distributed.all_reduce(flat)
    flat /= flat[0].clone()
    _, total, *gradients = flat.split([1, *(len(part) for part in parts)])
    for parameter, gradient in zip(parameters, gradients, strict=True):
        parameter.grad = gradient.view_as(parameter)
    return total[0]


def _gradient(parameter: Tensor) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
