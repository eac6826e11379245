"""From a snapshot and a network to learnt parameters: device, validation part, objective and loop put together."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models.networks.encoder import Encoder
from graphrec_neo4j.progress import Progress, silent
from graphrec_neo4j.ranking.metrics import hits_of, ndcg
from graphrec_neo4j.ranking.splits import Split, random_split
from graphrec_neo4j.ranking.topk import top_k_of_vectors
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.training.checkpoint import Checkpoint
from graphrec_neo4j.training.graph import TrainingGraph
from graphrec_neo4j.training.loop import Task, Trained, shuffled, train
from graphrec_neo4j.training.multi_task import multi_task
from graphrec_neo4j.training.options import TrainingOptions
from graphrec_neo4j.training.parallel import meet, own_device
from graphrec_neo4j.training.seeds import seeded
from graphrec_neo4j.training.settings import TrainingSettings
from graphrec_neo4j.training.smoothing import smoothing_of

SMALL_GRAPH = 200_000
"""Interactions below which training runs on one thread."""

JUDGE_DEPTH = 20
MOST_JUDGED = 4000

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Learnt:
    """The vectors of all users (n_users, d) and items (n_items, d), the ``network`` that made them, and how.

    ``held_out`` says on what the best epoch was chosen, and is empty where the last was taken. ``smoothing`` is the
    mean cosine of two users, or of two items, after each layer; ``weights`` what each type of interactions weighed.
    """

    network: Encoder
    users: Floats
    items: Floats
    trained: Trained
    held_out: str
    smoothing: tuple[float, ...]
    weights: Mapping[str, float]


def learn(
    build: Callable[[TrainingGraph], Encoder],
    snapshot: GraphSnapshot,
    settings: TrainingSettings,
    *,
    name: str,
    seed: int,
    device: str = "auto",
    options: TrainingOptions | None = None,
    progress: Progress = silent,
) -> Learnt:
    """Train what ``build`` makes on ``snapshot``, or with a ``patience`` on the part of it that is not held out.

    The vectors are those over the whole graph, whatever was held out. Raises ModelError where nothing can be learnt.
    """
    options = options or TrainingOptions()
    where = own_device(torch.device(chosen_device(device)))
    meet(where)
    held = random_split(snapshot, settings.validation, seed) if settings.patience else None
    with fitting_threads(snapshot.interactions.nnz), seeded(seed, where) as generator:
        graph = TrainingGraph.of(held.train if held else snapshot, seed, where)
        objective = multi_task(settings, graph, generator).to(where)
        learners = objective.learners()
        if not len(learners):
            raise ModelError(
                f"every user with interactions likes every item, so {name} has no order of items to learn."
            )
        network = build(graph).to(where)
        task = Task(
            nn.ModuleList([network, objective]),
            lambda: shuffled(learners, settings.batches, generator),
            lambda batch: _loss(network, objective, batch),
            generator,
            _judge_of(network, settings, held) if held else None,
            objective.pairs_of,
            begin=lambda done: objective.begin(done, lambda: _now(network)),
        )
        checkpoint = _checkpoint(options, settings, name, seed, snapshot)
        trained = train(task, settings, checkpoint, options.watch, progress)
        if held:
            network = _moved(network, build(TrainingGraph.of(snapshot, seed, where)).to(where))
        users, items = vectors_of(network)
        about, smoothing = held.about if held else "", smoothing_of(network)
        return Learnt(network, users, items, trained, about, smoothing, objective.weights())


def _loss(network: Encoder, objective: Callable[[Tensor, Tensor, Tensor], Tensor], batch: Tensor) -> Tensor:
    users, items = network()
    loss = objective(users, items, batch)
    beside = network.auxiliary(users, items, batch)
    return loss if beside is None else loss + beside


def vectors_of(network: Encoder) -> tuple[Floats, Floats]:
    """Return what ``network`` makes of its graph, without dropout, as (users, items)."""
    users, items = _now(network)
    return users.cpu().numpy(), items.cpu().numpy()


def _now(network: Encoder) -> tuple[Tensor, Tensor]:
    network.eval()
    with torch.no_grad():
        users, items = network()
    return users.detach(), items.detach()


def _moved(trained: Encoder, other: Encoder) -> Encoder:
    other.load_state_dict(trained.state_dict())
    return other


def _judge_of(network: Encoder, settings: TrainingSettings, held: Split) -> Callable[[], float]:
    """NDCG of at most MOST_JUDGED users of the part that is held out."""
    users = held.users
    if len(users) > MOST_JUDGED:
        users = np.sort(np.random.default_rng(0).choice(users, MOST_JUDGED, replace=False))
    truth = held.test[users]

    def judge() -> float:
        mine, items = network()
        kept = settings.item_length if settings.learns_cosines else 1.0
        scaled = normalize(items) * items.norm(dim=1, keepdim=True) ** kept
        of_users, of_items = (table.cpu().float().numpy() for table in (mine, scaled))
        top = top_k_of_vectors(of_users, of_items, users, JUDGE_DEPTH, held.train.seen)
        return float(np.nanmean(ndcg(hits_of(top.items, truth), np.diff(truth.indptr))))

    return judge


def _checkpoint(
    options: TrainingOptions, settings: TrainingSettings, name: str, seed: int, snapshot: GraphSnapshot
) -> Checkpoint | None:
    if options.checkpoint is None:
        return None
    told = {"model": name, "settings": asdict(settings), "seed": seed, "graph": snapshot.digest}
    return Checkpoint(options.checkpoint, json.dumps(told, sort_keys=True))


def chosen_device(wanted: str) -> str:
    """Return ``wanted``, or for ``"auto"`` a GPU where there is one and else the CPU."""
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def room_on(wanted: str) -> float:
    """Return how many bytes training on ``wanted`` may take of a GPU, with what PyTorch keeps there; else infinity."""
    device = torch.device(chosen_device(wanted))
    if device.type != "cuda":
        return math.inf
    kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return float(torch.cuda.mem_get_info(device)[0] + kept)


@contextmanager
def fitting_threads(interactions: int) -> Iterator[None]:
    """One thread for a small graph: its steps are over before others wake up, and waiting threads spin."""
    before = torch.get_num_threads()
    if interactions < SMALL_GRAPH:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
