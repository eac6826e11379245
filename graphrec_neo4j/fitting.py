"""One model fitted on a snapshot, judged, and saved into a folder: what ``graphrec-neo4j train`` does."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.learning import judged
from graphrec_neo4j.models import create, model_class
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.models.trained_model import TrainedModel
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.journal import Journal
from graphrec_neo4j.training.options import Epoch, TrainingOptions, is_first_process, nobody
from graphrec_neo4j.tuning import tuned

CHECKPOINT, JOURNAL = "checkpoint.safetensors", "training.jsonl"


@dataclass(frozen=True)
class FitRequest:
    """Which ``model`` with which ``settings`` to fit, and into which ``folder``.

    ``judge``: whether to fit it once more without a tenth of each user's edges, to tell how good it is. ``resume``:
    whether to go on from the folder's checkpoint. ``trials``: how many settings to try before.
    """

    model: str
    folder: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    judge: bool = True
    resume: bool = False
    trials: int = 0


@dataclass(frozen=True)
class FitReport:
    """What was fitted, how good it is where that was asked for, and where it lies."""

    model: Recommender
    metrics: Mapping[str, float]
    told: Mapping[str, Any]
    seconds: float
    path: Path

    def to_json(self) -> dict[str, Any]:
        """The contract of ``train --json``, and what else there is to tell."""
        return {
            "model": self.model.name,
            "settings": asdict(self.model.settings),
            "metrics": dict(self.metrics),
            "seconds": round(self.seconds, 2),
            "path": str(self.path),
            "chosen_on": self.model.chosen_on,
            **self.told,
        }


def fit_and_save(
    snapshot: GraphSnapshot,
    request: FitRequest,
    watch: Callable[[Epoch], None] = nobody,
    progress: Progress = silent,
) -> FitReport:
    """Fit what is asked for on all of ``snapshot`` and save it.

    A trained model writes a line an epoch into the folder's journal, and a checkpoint, which is removed when the
    model is saved. Where torchrun started several processes, all of them learn and the first one writes. Raises
    ModelError for a model that cannot be fitted, tuned or taken up again.
    """
    started = time.perf_counter()
    _must_be_trained(request)
    settings, told = dict(request.settings), {}
    if request.trials:
        found = tuned(snapshot, request.model, settings, request.trials, request.seed, progress)
        settings, told = dict(found.settings), {"tuned": found.report()}
    model = create(request.model, **settings)
    checkpoint = request.folder / CHECKPOINT
    if isinstance(model, TrainedModel):
        model.options = _options(request, checkpoint, watch)
    model.fit(snapshot, seed=request.seed, progress=progress)
    if is_first_process():
        model.save(request.folder)
        checkpoint.unlink(missing_ok=True)
    told |= {"trained": dict(getattr(model, "trained", {}))} if isinstance(model, TrainedModel) else {}
    metrics: Mapping[str, float] = {}
    if request.judge:
        report = judged(snapshot, request.model, settings, request.seed, progress)
        metrics, told["judged_on"] = report["metrics"], report["judged_on"]
    return FitReport(model, metrics, told, time.perf_counter() - started, request.folder)


def _must_be_trained(request: FitRequest) -> None:
    if issubclass(model_class(request.model), TrainedModel):
        return
    if request.trials or request.resume:
        raise ModelError(f"{request.model} is not trained in epochs, so there is nothing to tune or to take up again.")


def _options(request: FitRequest, checkpoint: Path, watch: Callable[[Epoch], None]) -> TrainingOptions:
    if request.resume and not checkpoint.exists():
        raise ModelError(f"{checkpoint} is not there, so there is nothing to go on from; leave out --resume.")
    if not request.resume and is_first_process():
        checkpoint.unlink(missing_ok=True)
    journal = Journal(request.folder / JOURNAL)

    def both(epoch: Epoch) -> None:
        if is_first_process():
            journal.note(epoch)
            watch(epoch)

    return TrainingOptions(checkpoint, both)
