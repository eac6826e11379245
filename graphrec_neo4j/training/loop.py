"""The one training loop: batches in, a loss made small, the best parameters kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.progress import Progress, silent

LARGEST_GRADIENT = 10.0


@dataclass(frozen=True)
class Trained:
    """What a training did: mean ``losses`` and the judge's ``scores`` of each epoch, and the ``best_epoch`` kept."""

    losses: tuple[float, ...]
    scores: tuple[float, ...]
    best_epoch: int


def shuffled(rows: Tensor, batches: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Deal ``rows`` (n,) in random order into at most ``batches`` parts whose sizes differ by one at most."""
    order = torch.randperm(len(rows), generator=generator, device=rows.device)
    return torch.tensor_split(rows[order], max(1, min(batches, len(rows))))


def train(
    parameters: Sequence[Tensor],
    batches: Callable[[], Sequence[Tensor]],
    loss_of: Callable[[Tensor], Tensor],
    *,
    epochs: int,
    learning_rate: float,
    judge: Callable[[], float] | None = None,
    patience: int = 0,
    progress: Progress = silent,
) -> Trained:
    """Make ``loss_of`` small over ``epochs`` passes through ``batches()`` with Adam, and leave the best ``parameters``.

    The learning rate falls linearly to zero over all steps; gradients are clipped to a norm of 10. With a
    ``judge`` (larger is better, asked after every epoch) training stops once ``patience`` epochs have brought
    nothing better, and the best epoch's parameters are put back; without one the last epoch is the best.
    Within an epoch nothing is read back from the device. On a CPU the same seed, threads and machine give the
    same numbers. Raises ModelError naming the step and the batch where a loss is not a number.
    """
    optimiser = torch.optim.Adam(parameters, lr=learning_rate, fused=True)
    losses: list[float] = []
    scores: list[float] = []
    best: list[Tensor] = []
    best_epoch = 0
    for epoch in range(epochs):
        losses.append(_epoch(optimiser, batches(), loss_of, epoch, epochs, learning_rate))
        progress("train", epoch + 1, epochs)
        if judge is None:
            continue
        with torch.no_grad():
            scores.append(judge())
        if not best or scores[-1] > scores[best_epoch]:
            best, best_epoch = [parameter.detach().clone() for parameter in parameters], epoch
        elif epoch - best_epoch >= patience:
            break
    with torch.no_grad():
        for parameter, kept in zip(parameters, best, strict=False):
            parameter.copy_(kept)
    return Trained(tuple(losses), tuple(scores), best_epoch if judge else epochs - 1)


def _epoch(
    optimiser: torch.optim.Optimizer,
    batches: Sequence[Tensor],
    loss_of: Callable[[Tensor], Tensor],
    epoch: int,
    epochs: int,
    learning_rate: float,
) -> float:
    """One pass through ``batches``; returns the mean loss."""
    parameters = optimiser.param_groups[0]["params"]
    losses = []
    for number, batch in enumerate(batches):
        optimiser.param_groups[0]["lr"] = learning_rate * (1 - (epoch + number / len(batches)) / epochs)
        optimiser.zero_grad()
        loss = loss_of(batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, LARGEST_GRADIENT)
        optimiser.step()
        losses.append(loss.detach())
    of_epoch = torch.stack(losses).cpu()
    broken = torch.nonzero(~torch.isfinite(of_epoch))
    if len(broken):
        at = int(broken[0])
        raise ModelError(
            f"training broke down in epoch {epoch + 1}, step {at + 1} of {len(batches)}: the loss is {of_epoch[at]:g} "
            f"for a batch of {len(batches[at])} beginning with row {int(batches[at][0])}; lower the learning rate."
        )
    return float(of_epoch.mean())
