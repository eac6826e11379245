"""TransE, DistMult and RotatE against PyTorch Geometric's own, and what they learn from any schema."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from knowledge_graphs import jobs, network_of
from toy_graphs import checkerboard, communities, edges_of, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.models import create
from graphrec_neo4j.models.knowledge_graph import KnowledgeGraphModel
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes
from graphrec_neo4j.training.options import Epoch, TrainingOptions

torch = pytest.importorskip("torch")
kge = pytest.importorskip("torch_geometric.nn.kge")

from graphrec_neo4j.training.learning import learn  # noqa: E402

NAMES = ("transe", "distmult", "rotate")
DISTANCES = ("transe", "rotate")
QUICK = {"epochs": 10, "batches": 5, "learning_rate": 0.05}


class TestTransE(RecommenderContract):
    model = "transe"
    settings: ClassVar[dict[str, Any]] = QUICK


class TestTransEByMargin(RecommenderContract):
    model = "transe"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "loss": "margin"}


class TestDistMult(RecommenderContract):
    model = "distmult"
    settings: ClassVar[dict[str, Any]] = QUICK


class TestDistMultOfDotProducts(RecommenderContract):
    model = "distmult"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "loss": "bpr"}


class TestRotatE(RecommenderContract):
    model = "rotate"
    settings: ClassVar[dict[str, Any]] = QUICK


class TestRotatEAgainstItself(RecommenderContract):
    model = "rotate"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "loss": "self-adversarial"}


class TestScores:
    """Of random triples, PyTorch Geometric's score of a triple is told by a query and its answer, from both sides."""

    def triples(self) -> tuple[Any, Any, Any]:
        generator = torch.Generator().manual_seed(1)
        return tuple(torch.randint(high, (200,), generator=generator) for high in (30, 4, 30))

    def queries(self, name: str, vectors: Any, relations: Any, *, backwards: bool) -> Any:
        network = network_of(name, communities(), dimensions=vectors.shape[1])
        asked = [network.query(one[None], r, backwards=backwards) for one, r in zip(vectors, relations, strict=True)]
        return torch.cat(asked)

    def distances(self, name: str, heads: Any, relations: Any, tails: Any, *, backwards: bool) -> Any:
        asked, answer = (tails, heads) if backwards else (heads, tails)
        return (self.queries(name, asked, relations, backwards=backwards) - answer).norm(dim=1)

    @pytest.mark.parametrize("backwards", [False, True])
    @torch.no_grad()
    def test_transe(self, backwards: bool) -> None:
        head, relation, tail = self.triples()
        reference = kge.TransE(30, 4, 16, p_norm=2.0)
        nodes = torch.nn.functional.normalize(reference.node_emb.weight)
        found = self.distances("transe", nodes[head], reference.rel_emb(relation), nodes[tail], backwards=backwards)
        torch.testing.assert_close(-found, reference(head, relation, tail))

    @pytest.mark.parametrize("backwards", [False, True])
    @torch.no_grad()
    def test_rotate(self, backwards: bool) -> None:
        head, relation, tail = self.triples()
        reference = kge.RotatE(30, 4, 8, margin=0.0)
        nodes = torch.cat([reference.node_emb.weight, reference.node_emb_im.weight], dim=1)
        apart = self.distances("rotate", nodes[head], reference.rel_emb(relation), nodes[tail], backwards=backwards)
        one_by_one = [reference(h[None], r[None], t[None]) for h, r, t in zip(head, relation, tail, strict=True)]
        torch.testing.assert_close(-apart, torch.cat(one_by_one))

    @pytest.mark.parametrize("backwards", [False, True])
    @torch.no_grad()
    def test_distmult(self, backwards: bool) -> None:
        head, relation, tail = self.triples()
        reference = kge.DistMult(30, 4, 16)
        asked, answer = (tail, head) if backwards else (head, tail)
        nodes = reference.node_emb.weight
        queries = self.queries("distmult", nodes[asked], reference.rel_emb(relation), backwards=backwards)
        torch.testing.assert_close((queries * nodes[answer]).sum(1), reference(head, relation, tail))


@pytest.mark.parametrize("name", DISTANCES)
def test_scores_are_distances_but_for_what_is_the_same_for_all_items_of_a_user(name: str) -> None:
    """``-|q - e_i|^2 = 2 |q| score - |q|^2 - 1`` for items of length one, and so the nearest item is the best."""
    graph = communities()
    model = create(name, epochs=2, batches=5).fit(graph)
    learnt = learn(model._network, graph, model.settings, name=name, seed=0, device="cpu")
    queries, items = learnt.users.astype(np.float64), learnt.items.astype(np.float64)
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    apart = ((queries[:44, None] - items[None]) ** 2).sum(axis=2)
    length = np.linalg.norm(queries[:44], axis=1, keepdims=True)
    np.testing.assert_allclose(-apart, 2 * length * model.scores(np.arange(44)) - length**2 - 1, atol=1e-5)


def test_turning_keeps_the_length_of_a_user() -> None:
    network = network_of("rotate", communities())
    users, _ = network()
    torch.testing.assert_close(users.norm(dim=1), network.of_type("User").norm(dim=1))


@pytest.mark.parametrize("name", NAMES)
def test_edges_of_other_types_make_nodes_without_interactions_known(name: str) -> None:
    """User 3 has only a friend and item 3 only a category; user 4 and item 4 have nothing at all."""
    graph = snapshot_of(
        5, 5, [(0, 0), (1, 1), (2, 2), (0, 1)], friends=[(0, 3)], categories=2, filed=[(0, 0), (3, 0), (1, 1)]
    )
    vectors = create(name, epochs=2, batches=2).fit(graph).vectors()
    assert vectors.users.any(axis=1).tolist() == [True, True, True, True, False]
    assert vectors.items.any(axis=1).tolist() == [True, True, True, True, False]
    alone = create(name, epochs=2, batches=2, relations_weight=0.0).fit(graph).vectors()
    assert alone.users.any(axis=1).tolist() == [True, True, True, False, False]
    assert alone.items.any(axis=1).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("name", NAMES)
def test_a_type_that_joins_everything_tells_nothing(name: str) -> None:
    graph = snapshot_of(2, 2, [(0, 0)], categories=1, filed=[(0, 0), (1, 0)])
    assert create(name, epochs=1).fit(graph).vectors().items.any(axis=1).tolist() == [True, False]


@pytest.mark.parametrize("name", NAMES)
def test_an_item_that_nobody_likes_is_ranked_by_its_category(name: str) -> None:
    """Item 35 is of category 2, which the users 2, 5, 8, ... like."""
    graph = communities()
    scores = create(name, **QUICK).fit(graph).scores(np.arange(44))[:, 35]
    assert scores[2::3].mean() > scores[0::3].mean() + 0.05
    assert scores[2::3].mean() > scores[1::3].mean() + 0.05


@pytest.mark.parametrize("name", NAMES)
def test_any_schema_is_learnt_from_and_published(name: str) -> None:
    graph = jobs()
    model = create(name, epochs=2, dimensions=8).fit(graph)
    assert isinstance(model, KnowledgeGraphModel)
    vectors = model.vectors()
    assert (vectors.users.shape, vectors.items.shape) == ((5, 8), (4, 8))
    assert vectors.users.any(axis=1).all()
    assert set(model.top_k(np.array([4]), 4).items[0].tolist()) == {0, 1, 2, 3}


def test_people_who_are_recommended_people_have_one_vector() -> None:
    schema = GraphSchema.parse(
        """
        recommend_to = "Person"
        recommend = "Person"
        [nodes.Person]
        key_type = "integer"
        [edges.FOLLOWS]
        from = "Person"
        to = "Person"
        """
    )
    nodes = {"Person": Nodes(IdMap("Person", range(4), "integer"))}
    graph = GraphSnapshot(schema, nodes, {"FOLLOWS": edges_of([(0, 1), (1, 2), (2, 0)])})
    assert len(network_of("transe", graph).entities) == 1
    assert create("transe", epochs=1).fit(graph).top_k(np.arange(4), 2, graph.seen).items.shape == (4, 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_checkerboard_is_learnt_from_any_start(name: str) -> None:
    board, users = checkerboard(), np.arange(16)
    for seed in (1, 2):
        top = create(name, **QUICK).fit(board, seed=seed).top_k(users, 1, board.seen)
        assert top.items[:, 0].tolist() == users.tolist()


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("rotate", {"dimensions": 63}, "even number"),
        ("transe", {"loss": "bpr"}, "no distances"),
        ("rotate", {"loss": "constraint"}, "no distances"),
        ("distmult", {"relations_weight": -0.1}, "relations_weight"),
        ("distmult", {"relations_negatives": 0}, "relations_negatives"),
    ],
)
def test_settings_that_mean_nothing_are_refused(name: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        create(name, **settings)


MEMORY = """
import sys
sys.path[:0] = {paths!r}
import numpy as np
from test_memory import large, told
from toy_graphs import communities
from graphrec_neo4j.models import create
from graphrec_neo4j.ranking.peak_memory import peak_mib, reset_peak
from graphrec_neo4j.snapshot import Edges

create("transe", epochs=1, batches=2).fit(communities())
graph, model = large(10_000, 3_000, 100_000), create("transe", epochs=1, batches=4)
pairs = np.unique(np.random.default_rng(0).integers(0, 10**8, 300_000))
ties = Edges((pairs // 10**4).astype(np.int32), (pairs % 10**4).astype(np.int32))
graph = graph.with_edges(FOLLOWS=ties)
reset_peak()
before = peak_mib()
model.fit(graph)
print((peak_mib() - before) * 2**20 / told(model, graph))
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs the peak memory of Linux")
def test_what_is_foreseen_is_within_a_factor_of_two_of_what_the_process_takes() -> None:
    code = MEMORY.format(paths=[str(Path(__file__).parent)])
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert 1 / 2 < float(done.stdout) < 2


class Cut(Exception):
    """The end of a run before its time."""


def test_a_run_that_was_cut_off_goes_on_with_the_same_questions(tmp_path: Path) -> None:
    """What is asked beside interactions is drawn from torch's global numbers, which a checkpoint keeps."""
    graph, users = communities(), np.arange(45)
    whole = create("rotate", **QUICK, patience=9).fit(graph)

    def cut(epoch: Epoch) -> None:
        if epoch.number == 4:
            raise Cut

    parts = create("rotate", **QUICK, patience=9)
    parts.options = TrainingOptions(tmp_path / "checkpoint", cut)
    with pytest.raises(Cut):
        parts.fit(graph)
    parts.options = TrainingOptions(tmp_path / "checkpoint")
    np.testing.assert_array_equal(parts.fit(graph).scores(users), whole.scores(users))
    assert parts.trained["epochs"] == whole.trained["epochs"]
