"""The one training loop: batches in, a loss made small, the best parameters kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.training.checkpoint import Checkpoint
from graphrec_neo4j.training.options import Epoch, is_first_process, nobody
from graphrec_neo4j.training.parallel import averaged, in_step, share_of
from graphrec_neo4j.training.seeds import put_back, random_states
from graphrec_neo4j.training.settings import TrainingSettings

LARGEST_GRADIENT = 10.0


def shuffled(rows: Tensor, batches: int, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Deal ``rows`` (n,) in random order into at most ``batches`` parts whose sizes differ by one at most."""
    order = torch.randperm(len(rows), generator=generator, device=rows.device)
    return torch.tensor_split(rows[order], max(1, min(batches, len(rows))))


@dataclass(frozen=True, eq=False)
class Task:
    """What is learnt: ``network``, this epoch's ``batches()``, the ``loss_of`` one, and who tells how good it is.

    ``judge`` (larger is better) is asked after every epoch. ``generator`` is what batches and losses draw from.
    ``weight_of`` a batch is of how many terms its loss is the mean, which tells how shares of a batch count.
    ``begin`` is told before each epoch what share of them is done.
    """

    network: nn.Module
    batches: Callable[[], Sequence[Tensor]]
    loss_of: Callable[[Tensor], Tensor]
    generator: torch.Generator = field(default_factory=torch.Generator)
    judge: Callable[[], float] | None = None
    weight_of: Callable[[Tensor], float] = len
    begin: Callable[[float], None] = lambda done: None


@dataclass
class Trained:
    """What a training did: each epoch, and the number of the one whose parameters were kept."""

    epochs: list[Epoch] = field(default_factory=list)
    best_epoch: int = 0

    @property
    def losses(self) -> tuple[float, ...]:
        """The mean loss of each epoch."""
        return tuple(epoch.loss for epoch in self.epochs)

    @property
    def scores(self) -> tuple[float, ...]:
        """The judge's score of each epoch; none without a judge."""
        return tuple(epoch.score for epoch in self.epochs if not math.isnan(epoch.score))

    def best_score(self) -> float:
        """The judge's score of the best epoch so far; minus infinity before the first."""
        return self.epochs[self.best_epoch - 1].score if self.best_epoch else -math.inf


def train(
    task: Task,
    settings: TrainingSettings,
    checkpoint: Checkpoint | None = None,
    watch: Callable[[Epoch], None] = nobody,
    progress: Progress = silent,
) -> Trained:
    """Make ``task.loss_of`` small over ``settings.epochs`` with Adam, and leave the best parameters in the network.

    Gradients are clipped to a norm of 10. With a judge, training stops once ``settings.patience`` epochs have brought
    nothing better, and the best epoch's parameters are put back; without one the last epoch is the best.
    Within an epoch nothing is read back from the device. On a CPU the same seed, threads and machine give the
    same numbers, and so does a run that goes on from a ``checkpoint``. Raises ModelError naming the step and the batch
    where a loss is not a number.
    """
    run = _Run(task, settings)
    state = checkpoint.read() if checkpoint else None
    if state:
        run.take(state)
    while not run.is_over():
        run.epoch()
        if checkpoint and is_first_process():
            checkpoint.write(run.state())
        watch(run.trained.epochs[-1])
        progress("train", len(run.trained.epochs), settings.epochs)
    if run.best:
        task.network.load_state_dict(run.best)
    return run.trained


class _Run:
    def __init__(self, task: Task, settings: TrainingSettings) -> None:
        self.task, self.settings = task, settings
        self.parameters = [parameter for parameter in task.network.parameters() if parameter.requires_grad]
        rate, l2 = settings.learning_rate, settings.l2
        self.optimiser = torch.optim.Adam(self.parameters, lr=rate, weight_decay=l2, fused=True)
        self.trained = Trained()
        self.best: dict[str, Any] = {}

    def is_over(self) -> bool:
        """Whether all epochs are done, or so many in vain that patience is at an end."""
        done = len(self.trained.epochs)
        in_vain = done - self.trained.best_epoch
        return done >= self.settings.epochs or in_vain >= max(1, self.settings.patience)

    def epoch(self) -> None:
        """One pass through the batches, and the judge's word on it."""
        started, number = perf_counter(), len(self.trained.epochs) + 1
        in_step(self.task.generator)
        self.task.begin((number - 1) / self.settings.epochs)
        batches = self.task.batches()
        self.task.network.train()
        losses = torch.stack([self._step(batch, place, len(batches)) for place, batch in enumerate(batches)]).cpu()
        _must_be_numbers(losses, batches, number)
        score = math.nan
        if self.task.judge is not None:
            self.task.network.eval()
            with torch.no_grad():
                score = self.task.judge()
        better = self.task.judge is None or score > self.trained.best_score()
        rate = float(self.optimiser.param_groups[0]["lr"])
        mean, seconds = float(losses.mean()), perf_counter() - started
        self.trained.epochs.append(Epoch(number, self.settings.epochs, mean, score, rate, seconds))
        if better:
            self.trained.best_epoch = number
            if self.task.judge is not None:
                self.best = {name: value.detach().clone() for name, value in self.task.network.state_dict().items()}

    def _step(self, batch: Tensor, place: int, batches: int) -> Tensor:
        done = (len(self.trained.epochs) + place / batches) / self.settings.epochs
        self.optimiser.param_groups[0]["lr"] = self.settings.rate_at(done)
        self.optimiser.zero_grad()
        share = share_of(batch)
        loss = self.task.loss_of(share) if len(share) else 0 * self.parameters[0].sum()
        loss.backward()
        loss = averaged(loss.detach(), self.parameters, self.task.weight_of(share))
        torch.nn.utils.clip_grad_norm_(self.parameters, LARGEST_GRADIENT)
        self.optimiser.step()
        return loss

    def state(self) -> dict[str, Any]:
        """Everything that the epochs to come depend on."""
        return {
            "network": self.task.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "best": self.best,
            "best_epoch": self.trained.best_epoch,
            "epochs": [asdict(epoch) for epoch in self.trained.epochs],
            "random": random_states(self.task.generator),
        }

    def take(self, state: dict[str, Any]) -> None:
        """Stand where :meth:`state` was asked."""
        self.task.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.best = state["best"]
        self.trained = Trained([Epoch(**epoch) for epoch in state["epochs"]], state["best_epoch"])
        put_back(state["random"], self.task.generator)


def _must_be_numbers(losses: Tensor, batches: Sequence[Tensor], epoch: int) -> None:
    broken = torch.nonzero(~torch.isfinite(losses))
    if len(broken):
        at = int(broken[0])
        raise ModelError(
            f"training broke down in epoch {epoch}, step {at + 1} of {len(batches)}: the loss is {losses[at]:g} "
            f"for a batch of {len(batches[at])} beginning with row {int(batches[at][0])}; lower the learning rate."
        )
