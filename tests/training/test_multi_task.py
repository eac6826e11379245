"""Several types of interactions learnt at once, against the same worked out pair by pair."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_graphs import Pairs, communities, edges_of, snapshot_of

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from graphrec_neo4j.errors import ModelError  # noqa: E402
from graphrec_neo4j.models import create  # noqa: E402
from graphrec_neo4j.models.base import Recommender  # noqa: E402
from graphrec_neo4j.schema import GraphSchema  # noqa: E402
from graphrec_neo4j.snapshot import GraphSnapshot  # noqa: E402
from graphrec_neo4j.training.graph import TrainingGraph  # noqa: E402
from graphrec_neo4j.training.loss_settings import LOSSES  # noqa: E402
from graphrec_neo4j.training.multi_task import MultiTask, multi_task  # noqa: E402
from graphrec_neo4j.training.objectives import objective_for  # noqa: E402
from graphrec_neo4j.training.options import Epoch, TrainingOptions  # noqa: E402
from graphrec_neo4j.training.settings import TrainingSettings  # noqa: E402
from graphrec_neo4j.training.task_settings import TASKS, weights_of  # noqa: E402

BOUGHT = [(0, 0), (0, 4), (1, 1), (3, 5)]
VIEWED = [(0, 1), (0, 4), (1, 2), (2, 0), (2, 3), (3, 4)]
TYPES = {"BOUGHT": BOUGHT, "VIEWED": VIEWED}
BATCHES = [[2, 0, 1], [0, 1, 2, 3], [2], [3, 1]]
QUICK: dict[str, Any] = {"epochs": 4, "batches": 5, "dimensions": 8}


def shop_of(users: int, items: int, bought: Pairs, viewed: Pairs, backwards: bool = False) -> GraphSnapshot:
    """Users buy and view items; ``backwards``, views are stored from the item to the user."""
    plain = snapshot_of(users, items, [])
    ends = {"from": "User", "to": "Item"}
    schema = plain.schema.model_dump(by_alias=True)
    schema["edges"] = {"BOUGHT": ends, "VIEWED": {"from": "Item", "to": "User"} if backwards else ends}
    views = [(item, user) for user, item in viewed] if backwards else viewed
    edges = {"BOUGHT": edges_of(bought), "VIEWED": edges_of(views)}
    return GraphSnapshot(GraphSchema.model_validate(schema), plain.nodes, edges)


def task_of(bought: Pairs = BOUGHT, viewed: Pairs = VIEWED, **settings: Any) -> MultiTask:
    """With more negatives than there are items, so that nothing is left to chance."""
    graph = TrainingGraph.of(shop_of(5, 6, bought, viewed), 0, "cpu")
    task = multi_task(TrainingSettings(**settings), graph, torch.Generator().manual_seed(0))
    task.begin(0.0, lambda: tuple(table.detach() for table in vectors()))
    return task


def vectors() -> tuple[torch.Tensor, torch.Tensor]:
    drawn = torch.randn(11, 3, generator=torch.Generator().manual_seed(0))
    return drawn[:5].clone().requires_grad_(), drawn[5:].clone().requires_grad_()


def pair_by_pair(users: torch.Tensor, items: torch.Tensor, batch: list[int]) -> list[torch.Tensor]:
    """``n / n_t`` times the sum of each type's softmax losses at temperature .3, over the batch's pairs of all types.

    What either type joins to a user is no negative of hers.
    """
    odds = (torch.nn.functional.cosine_similarity(users[:, None], items[None], dim=2) / 0.3).exp()
    joined, pairs = {*BOUGHT, *VIEWED}, len(BOUGHT) + len(VIEWED)
    found = []
    for known in TYPES.values():
        terms = [users.sum() * 0]
        for user, item in known:
            if user in batch:
                others = sum(odds[user, other] for other in range(6) if (user, other) not in joined)
                terms.append(-(odds[user, item] / (odds[user, item] + others)).log())
        found.append(torch.stack(terms).sum() * pairs / len(known))
    of_batch = sum(user in batch for user, _ in [*BOUGHT, *VIEWED])
    return [each / of_batch for each in found]


@pytest.mark.parametrize("batch", BATCHES)
@pytest.mark.parametrize(("tasks", "shares"), [("equal", (1 / 2, 1 / 2)), ("BOUGHT:3+VIEWED:1", (3 / 4, 1 / 4))])
def test_the_loss_and_its_gradient_are_those_of_a_weighted_mean(
    batch: list[int], tasks: str, shares: tuple[float, float]
) -> None:
    mine, theirs = vectors(), vectors()
    value = task_of(tasks=tasks, temperature=0.3)(*mine, torch.tensor(batch))
    bought, viewed = pair_by_pair(*theirs, batch)
    expected = shares[0] * bought + shares[1] * viewed
    value.backward()
    expected.backward()
    torch.testing.assert_close(value, expected)
    for one, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("batch", BATCHES)
def test_learnt_weights_are_those_of_the_paper(batch: list[int]) -> None:
    """Half of ``exp(-s) L + s`` for each of two types, whose slope in s is half of ``1 - exp(-s) L``."""
    task = task_of(tasks="learned", temperature=0.3)
    scales = torch.tensor([0.4, -0.7])
    assert task.log_variances is not None
    torch.testing.assert_close(task.log_variances.detach(), torch.zeros(2))
    task.log_variances.data = scales.clone()
    losses = torch.stack(pair_by_pair(*vectors(), batch)).detach()
    value = task(*vectors(), torch.tensor(batch))
    value.backward()
    torch.testing.assert_close(value.detach(), ((-scales).exp() * losses + scales).mean())
    torch.testing.assert_close(task.log_variances.grad, (1 - (-scales).exp() * losses) / 2)
    assert task.weights() == pytest.approx({"BOUGHT": 1 / (1 + np.exp(1.1)), "VIEWED": 1 / (1 + np.exp(-1.1))})


def test_the_loss_of_a_batch_is_the_mean_of_its_parts_by_their_pairs() -> None:
    """As processes that train together take it."""
    task, batch = task_of(tasks="learned"), torch.tensor([3, 0, 2, 1])
    assert [task.pairs_of(part) for part in batch.split(1)] == [2, 4, 2, 2]
    parts = [(task(*vectors(), part), task.pairs_of(part)) for part in batch.split([1, 3])]
    mean = sum(loss * pairs for loss, pairs in parts) / 10
    torch.testing.assert_close(mean, task(*vectors(), batch))


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_takes_a_batch_in_which_nobody_bought(loss: str) -> None:
    task = task_of(tasks="equal", loss=loss)
    users, items = vectors()
    task(users, items, torch.tensor([2])).backward()
    assert torch.isfinite(users.grad).all()
    assert torch.isfinite(items.grad).all()
    assert users.grad[2].any()


def test_a_gpu_finds_the_same_loss() -> None:
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    settings, values = TrainingSettings(tasks="learned", temperature=0.3), []
    for device in ("cpu", "cuda"):
        graph = TrainingGraph.of(shop_of(5, 6, BOUGHT, VIEWED), 0, device)
        task = multi_task(settings, graph, torch.Generator(device)).to(device)
        users, items = (table.detach().to(device) for table in vectors())
        values.append(task(users, items, torch.tensor([2, 0, 1], device=device)).item())
    assert values[1] == pytest.approx(values[0], rel=1e-4)


def test_who_has_a_pair_of_a_type_that_weighs_something_learns() -> None:
    assert task_of().learners().tolist() == [0, 1, 2, 3]
    assert task_of(tasks="BOUGHT").learners().tolist() == [0, 1, 3]
    everything = [(3, item) for item in range(6)]
    assert task_of(viewed=[*VIEWED, *everything], tasks="BOUGHT").learners().tolist() == [0, 1]


@pytest.mark.parametrize("loss", LOSSES)
def test_with_weights_of_1_and_0_only_one_type_is_learnt(loss: str) -> None:
    task, settings = task_of(tasks="BOUGHT:1+VIEWED:0", loss=loss), TrainingSettings(loss=loss)
    graph = TrainingGraph.of(shop_of(5, 6, BOUGHT, []), 0, "cpu")
    alone = objective_for(settings, graph.known, torch.Generator().manual_seed(0))
    object.__setattr__(alone, "negatives", task.objective.negatives)
    values = []
    for objective in (task, alone):
        task.objective.generator.manual_seed(0)
        values.append(objective(*vectors(), torch.tensor([1, 0, 3])))
    assert values[0].item() == values[1].item()


@pytest.mark.parametrize("model", ["mf", "lightgcn"])
def test_a_type_of_weight_0_leaves_no_trace_where_it_joins_nothing_new(model: str) -> None:
    liked = list(zip(*(end.tolist() for end in communities().interactions.nonzero()), strict=True))
    fitted = create(model, tasks="BOUGHT:2+VIEWED:0", **QUICK).fit(shop_of(45, 36, liked, liked[::3]))
    alone = create(model, **QUICK).fit(communities())
    np.testing.assert_array_equal(fitted.scores(np.arange(45)), alone.scores(np.arange(45)))


@pytest.mark.parametrize("tasks", [*TASKS, "BOUGHT", "BOUGHT:7", "BOUGHT:2+VIEWED:1"])
def test_a_single_type_is_learnt_as_ever_however_it_is_asked_for(tasks: str) -> None:
    liked = list(zip(*(end.tolist() for end in communities().interactions.nonzero()), strict=True))
    fitted = create("lightgcn", tasks=tasks, **QUICK).fit(shop_of(45, 36, liked, []))
    np.testing.assert_array_equal(
        fitted.scores(np.arange(45)), create("lightgcn", **QUICK).fit(communities()).scores(np.arange(45))
    )
    assert "weights" not in fitted.trained


def test_a_type_that_is_stored_from_items_to_users_is_the_same() -> None:
    fitted = [create("mf", tasks="equal", **QUICK).fit(shop_of(5, 6, BOUGHT, VIEWED, way)) for way in (False, True)]
    scores = [each.scores(np.arange(5)) for each in fitted]
    np.testing.assert_array_equal(*scores)
    assert fitted[0].trained["weights"] == {"BOUGHT": 0.5, "VIEWED": 0.5}


def with_noise(users: int = 300) -> GraphSnapshot:
    """Each user buys 4 of the 6 items of her taste, and views 4 of all 60 at random."""
    random, bought, viewed = np.random.default_rng(0), [], []
    for user in range(users):
        bought += [(user, int(item)) for item in random.permutation(np.arange(user % 10, 60, 10))[:4]]
        viewed += [(user, int(item)) for item in random.choice(60, 4, replace=False)]
    return shop_of(users, 60, bought, viewed)


def test_learning_trusts_random_views_less_than_purchases() -> None:
    told = create("mf", tasks="learned", dimensions=8, epochs=30, batches=8).fit(with_noise()).trained
    assert sum(told["weights"].values()) == pytest.approx(1)
    assert told["weights"]["VIEWED"] < 0.7 * told["weights"]["BOUGHT"]


@pytest.mark.parametrize("settings", [{}, {"patience": 2, "validation": 0.2}])
def test_learnt_weights_go_on_from_a_checkpoint(tmp_path: Path, settings: dict[str, Any]) -> None:
    def model(options: TrainingOptions | None = None) -> Recommender:
        made = create("lightgcn", tasks="learned", **QUICK, **settings)
        made.options = options or TrainingOptions()
        return made

    def stop(epoch: Epoch) -> None:
        if epoch.number == 2:
            raise KeyboardInterrupt

    graph, path = with_noise(40), tmp_path / "checkpoint.safetensors"
    whole = model().fit(graph)
    with pytest.raises(KeyboardInterrupt):
        model(TrainingOptions(path, stop)).fit(graph)
    again = model(TrainingOptions(path)).fit(graph)
    np.testing.assert_array_equal(again.scores(np.arange(40)), whole.scores(np.arange(40)))
    assert again.trained == whole.trained
    assert whole.trained["weights"]["BOUGHT"] != 0.5


def test_few_purchases_beside_many_views_that_sell_nothing_are_best_learnt_as_a_task_of_their_own() -> None:
    """Half of what is viewed nobody buys. Of each user's taste 2 purchases are known, and a third is asked for."""
    hits = {"one": 0.0, "BOUGHT": 0.0, "equal": 0.0, "learned": 0.0}
    for seed in range(3):
        graph, wanted = window_shopping(seed)
        for tasks in hits:
            model = create("mf", tasks=tasks, dimensions=16, epochs=12, batches=8).fit(graph, seed=seed)
            top = model.top_k(np.arange(len(wanted)), 5, graph.seen).items
            hits[tasks] += float((top == wanted[:, None]).any(axis=1).mean()) / 3
    assert hits["equal"] > max(hits["one"], hits["BOUGHT"]) + 0.05
    assert hits["learned"] > max(hits["one"], hits["BOUGHT"]) + 0.05


def window_shopping(seed: int, users: int = 120) -> tuple[GraphSnapshot, np.ndarray]:
    """Items 0 to 39 are of 4 tastes and are bought; 40 to 59 are only looked at."""
    random = np.random.default_rng(seed)
    bought, viewed, wanted = [], [], []
    for user in range(users):
        own = np.arange(user % 4, 40, 4)
        first, second, third = random.permutation(own)[:3].tolist()
        bought += [(user, first), (user, second)]
        wanted.append(third)
        looked_at = [*random.permutation(own[own != third])[:4], *(40 + random.permutation(20)[:6])]
        viewed += [(user, int(item)) for item in looked_at]
    return shop_of(users, 60, bought, viewed), np.array(wanted)


def test_weights_are_read_with_a_name_that_has_a_colon_or_is_a_word_of_ours() -> None:
    assert weights_of(" BOUGHT:3 + VIEWED") == {"BOUGHT": 3, "VIEWED": 1}
    assert weights_of("shop:BOUGHT:.5") == {"shop:BOUGHT": 0.5}
    assert TrainingSettings(tasks="equal:1").weights_among(["equal", "VIEWED"]) == {"equal": 1, "VIEWED": 0}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"tasks": "BOUGHT:x"}, "a number of 0 or more"),
        ({"tasks": "BOUGHT:-1"}, "a number of 0 or more"),
        ({"tasks": "BOUGHT:nan"}, "a number of 0 or more"),
        ({"tasks": "BOUGHT:0+VIEWED:0"}, "all weights"),
        ({"tasks": "learned", "loss": "bsl"}, "never below 0"),
        ({"tasks": "learned", "loss": "directau"}, "never below 0"),
    ],
)
def test_tasks_that_make_no_sense_are_refused(wrong: dict[str, str], told: str) -> None:
    with pytest.raises(ModelError, match=told):
        TrainingSettings(**wrong)


@pytest.mark.parametrize(
    ("tasks", "told"), [("BOUGTH:2", "the nearest is 'BOUGHT'"), ("equl", "the nearest is 'equal'")]
)
def test_a_type_that_is_not_there_is_named_with_the_nearest(tasks: str, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        create("mf", tasks=tasks, **QUICK).fit(shop_of(5, 6, BOUGHT, VIEWED))


def test_a_type_that_nobody_has_cannot_be_learnt_alone() -> None:
    with pytest.raises(ModelError, match="no user has a positive interaction"):
        create("mf", tasks="BOUGHT", **QUICK).fit(shop_of(5, 6, [], VIEWED))
