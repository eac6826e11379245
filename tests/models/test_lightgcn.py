import sys
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from scipy import sparse
from toy_graphs import checkerboard, communities, snapshot_of

from graphrec_neo4j.errors import MissingExtraError, ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.lightgcn import LightGCN, LightGCNSettings

QUICK = {"epochs": 5, "batches": 10}


class TestLightGCN(RecommenderContract):
    model = "lightgcn"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10}


class TestLightGCNWithLearnedWeights(RecommenderContract):
    model = "lightgcn"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10, "layer_weights": "learned", "edge_dropout": 0.1}


class TestLightGCNWithThePapersLoss(RecommenderContract):
    model = "lightgcn"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"loss": "bpr", "epochs": 10}


@pytest.fixture
def fitted() -> LightGCN:
    pytest.importorskip("torch_geometric")
    return create("lightgcn", **QUICK).fit(communities())


def dense_final(liked: np.ndarray, embeddings: np.ndarray, layers: int) -> np.ndarray:
    """The paper's equations 3 and 4 on a dense matrix: the mean of A^l E for l = 0..layers."""
    users, items = liked.shape
    adjacency = np.zeros((users + items, users + items))
    adjacency[:users, users:], adjacency[users:, :users] = liked, liked.T
    degrees = adjacency.sum(axis=1)
    root = np.diag(np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, 1)), 0))
    step = root @ adjacency @ root
    return sum(np.linalg.matrix_power(step, layer) @ embeddings for layer in range(layers + 1)) / (layers + 1)


class TestNetwork:
    """The propagation against PyTorch Geometric's own and against dense arithmetic."""

    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        pytest.importorskip("torch_geometric")

    def network(self, liked: np.ndarray, layers: int = 3):
        import torch

        from graphrec_neo4j.models.networks.light_gcn import SymmetricLightGCN
        from graphrec_neo4j.models.networks.propagation import normalised_adjacency
        from graphrec_neo4j.training.graph import bipartite_edges

        edges = torch.from_numpy(bipartite_edges(sparse.csr_matrix(liked)))
        network = SymmetricLightGCN(sum(liked.shape), 8, layers, torch.Generator().manual_seed(0))
        return network, edges, normalised_adjacency(edges, sum(liked.shape))

    @pytest.mark.parametrize("layers", [0, 1, 3])
    def test_vectors_are_those_of_pygs_lgconv_stack(self, layers: int) -> None:
        import torch
        from torch_geometric.nn import LightGCN as Reference

        network, edges, adjacency = self.network(communities().interactions.toarray() > 0, layers)
        with torch.no_grad():
            expected = Reference.get_embedding(network, edges)
            torch.testing.assert_close(network.get_embedding(adjacency), expected, rtol=0, atol=1e-6)

    @pytest.mark.parametrize("layers", [0, 1, 3])
    def test_vectors_are_those_of_the_papers_equations(self, layers: int) -> None:
        liked = communities().interactions.toarray() > 0
        network, _, adjacency = self.network(liked, layers)
        embeddings = network.embedding.weight.detach().numpy().astype(np.float64)
        mine = network.get_embedding(adjacency).detach().numpy()
        np.testing.assert_allclose(mine, dense_final(liked, embeddings, layers), rtol=0, atol=1e-6)

    def test_the_gradient_is_that_of_dense_autograd(self) -> None:
        import torch

        network, _, adjacency = self.network(communities().interactions.toarray() > 0)
        weight, dense = network.embedding.weight, adjacency.to_dense()
        target = torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
        (network.get_embedding(adjacency) * target).sin().sum().backward()
        other = weight.detach().clone().requires_grad_()
        layers = [other, dense @ other, dense @ dense @ other, dense @ dense @ dense @ other]
        (sum(layers) / 4 * target).sin().sum().backward()
        torch.testing.assert_close(weight.grad, other.grad, rtol=0, atol=1e-6)

    def test_an_isolated_node_keeps_a_share_of_its_own_embedding_and_gets_no_other(self) -> None:
        network, _, adjacency = self.network(np.array([[1, 0], [0, 0]]))
        final = network.get_embedding(adjacency)
        np.testing.assert_allclose(final[1].detach(), network.embedding.weight[1].detach() / 4, rtol=1e-6)


def learnt_embeddings(settings: LightGCNSettings) -> np.ndarray:
    """What training on the communities ends with, before any propagation."""
    from graphrec_neo4j.training.learning import learn

    build = LightGCN(settings)._network
    learnt = learn(build, communities(), settings, name="lightgcn", seed=0, device="cpu")
    return learnt.network.embeddings().numpy().astype(np.float64)


def final_vectors(settings: LightGCNSettings) -> np.ndarray:
    """What the network ends with on the communities, by dense arithmetic from the learnt embeddings."""
    liked = (communities().interactions > 0).astype(np.float64)
    return dense_final(liked.toarray(), learnt_embeddings(settings), settings.layers)


@pytest.mark.parametrize("kept", [0.0, 0.5, 1.0])
def test_scores_are_dot_products_with_the_users_length_taken_out_and_part_of_the_items(kept: float) -> None:
    """The model propagates in NumPy so that a restored one needs no torch; the dense form is the judge of both."""
    pytest.importorskip("torch_geometric")
    model = create("lightgcn", **QUICK, item_length=kept).fit(communities())
    users, items = np.split(final_vectors(model.settings), [45])
    users /= np.linalg.norm(users, axis=1, keepdims=True)
    items /= np.linalg.norm(items, axis=1, keepdims=True) ** (1 - kept)
    np.testing.assert_allclose(model.scores(np.arange(44))[:, :-1], (users @ items.T)[:44, :-1], rtol=0, atol=1e-6)


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_learned_weights_weigh_the_layers_that_are_published(dropout: float) -> None:
    """The network's own vectors, the dense sum of the layers by what it learnt, and the model's must be the same."""
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.training.learning import learn

    settings = LightGCNSettings(**QUICK, layer_weights="learned", edge_dropout=dropout, item_length=1.0)
    build = LightGCN(settings)._network
    learnt = learn(build, communities(), settings, name="lightgcn", seed=0, device="cpu")
    weights = learnt.network.weights().detach().numpy().astype(np.float64)
    assert weights.sum() == pytest.approx(1)
    assert np.ptp(weights) > 0.01
    liked = (communities().interactions > 0).astype(np.float64).toarray()
    embeddings = learnt.network.embeddings().numpy().astype(np.float64)
    sums = [(layer + 1) * dense_final(liked, embeddings, layer) for layer in range(4)]
    layers = [sums[0], *(after - before for before, after in pairwise(sums))]
    users, items = np.split(sum(weight * layer for weight, layer in zip(weights, layers, strict=True)), [45])
    np.testing.assert_allclose(learnt.users, users, rtol=0, atol=1e-5)
    np.testing.assert_allclose(learnt.items, items, rtol=0, atol=1e-5)
    users /= np.linalg.norm(users, axis=1, keepdims=True)
    model = LightGCN(settings).fit(communities())
    np.testing.assert_allclose(model.scores(np.arange(44))[:, :-1], (users @ items.T)[:44, :-1], rtol=0, atol=1e-5)


def test_equal_weights_are_where_learned_ones_begin() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.training.graph import TrainingGraph

    graph = TrainingGraph.of(communities(), 0, "cpu")
    equal, learned = (LightGCN(LightGCNSettings(layer_weights=name))._network(graph) for name in ("equal", "learned"))
    torch.testing.assert_close(torch.cat(learned()), torch.cat(equal()))


def test_scores_of_the_papers_loss_are_plain_dot_products() -> None:
    pytest.importorskip("torch_geometric")
    model = create("lightgcn", **QUICK, loss="bpr").fit(communities())
    users, items = np.split(final_vectors(model.settings), [45])
    np.testing.assert_allclose(model.scores(np.arange(44))[:, :-1], (users @ items.T)[:44, :-1], rtol=1e-5, atol=1e-5)


def test_nodes_without_interactions_have_zero_vectors(fitted: LightGCN) -> None:
    assert not fitted.vectors().users[-1].any()
    assert not fitted.vectors().items[-1].any()


def test_a_user_without_interactions_gets_the_most_popular_items(fitted: LightGCN) -> None:
    graph = communities()
    expected = np.lexsort((np.arange(36), -fitted.popularity))[:5]
    assert fitted.top_k(np.array([44]), 5, graph.seen).items[0].tolist() == expected.tolist()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_checkerboard_is_learnt_from_any_start(seed: int) -> None:
    pytest.importorskip("torch_geometric")
    board = checkerboard()
    users = np.arange(16)
    top = create("lightgcn", epochs=10).fit(board, seed=seed).top_k(users, 1, board.seen)
    assert top.items[:, 0].tolist() == users.tolist()


def test_how_often_a_pair_interacted_does_not_matter() -> None:
    pytest.importorskip("torch_geometric")
    graph = communities()
    liked = graph.edges["INTERACTED"]
    often = graph.with_edges(INTERACTED=type(liked)(liked.source, liked.target, np.arange(1.0, len(liked) + 1)))
    users = np.arange(45)
    once, many = (create("lightgcn", **QUICK).fit(each).scores(users) for each in (graph, often))
    np.testing.assert_array_equal(once, many)


def test_a_reason_counts_those_who_like_both_items(fitted: LightGCN) -> None:
    graph = communities()
    liked = graph.interactions.toarray() > 0
    item = int(fitted.top_k(np.array([0]), 1, graph.seen).items[0, 0])
    why = fitted.explain(0, item, limit=5)
    assert why.exact
    assert len(why.contributions) == 5
    for part in why.contributions:
        ((node_type, row),) = part.path
        assert (part.kind, node_type, part.edges) == ("taste", "Item", ("INTERACTED",) * 3)
        assert liked[0, row]
        assert part.count == (liked[:, row] & liked[:, item]).sum()


@pytest.mark.parametrize("loss", ["softmax", "bpr"])
def test_the_contribution_of_a_history_item_is_what_the_score_loses_without_it(loss: str) -> None:
    """The step from item j to user 0 carries P_j / sqrt(d_0 d_j), on the dense form of the propagation.

    After softmax what is left of her vector has length one again; after bpr vectors are as long as they are.
    """
    pytest.importorskip("torch_geometric")
    model, graph = create("lightgcn", **QUICK, loss=loss).fit(communities()), communities()
    liked = (graph.interactions > 0).astype(np.float32)
    embeddings = learnt_embeddings(model.settings)
    final, sums = dense_final(liked.toarray(), embeddings, 3), 3 * dense_final(liked.toarray(), embeddings, 2)
    degree = np.concatenate([liked.sum(axis=1).A1, liked.sum(axis=0).A1])
    item = int(model.top_k(np.array([0]), 1, graph.seen).items[0, 0])
    asked = final[45 + item]
    if loss == "softmax":
        asked = asked / np.linalg.norm(asked) ** (1 - model.settings.item_length)
    why = model.explain(0, item)
    assert why.exact
    assert len(why.contributions) == 5
    for part in why.contributions:
        node = 45 + part.path[0][1]
        left = final[0] - sums[node] / 4 / np.sqrt(degree[0] * degree[node])
        lengths = [np.linalg.norm(each) if loss == "softmax" else 1.0 for each in (final[0], left)]
        assert part.score == pytest.approx(final[0] @ asked / lengths[0] - left @ asked / lengths[1], abs=1e-6)


def test_without_interactions_there_is_nothing_to_learn() -> None:
    pytest.importorskip("torch_geometric")
    with pytest.raises(ModelError, match="learns from interactions"):
        create("lightgcn").fit(snapshot_of(2, 2, []))


def test_one_user_who_likes_everything_is_refused_in_one_sentence() -> None:
    pytest.importorskip("torch_geometric")
    with pytest.raises(ModelError, match="every item"):
        create("lightgcn").fit(snapshot_of(1, 2, [(0, 0), (0, 1)]))


def test_without_torch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in [name for name in sys.modules if name.startswith("graphrec_neo4j.training.learning")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"lightgcn model needs the \[gnn\] extra"):
        create("lightgcn").fit(communities())


def test_a_restored_model_needs_no_torch(fitted: LightGCN, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted.save(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    again = create("lightgcn", **QUICK).restore(tmp_path)
    assert again.top_k(np.array([0]), 3).items.tolist() == fitted.top_k(np.array([0]), 3).items.tolist()
    assert again.explain(0, 1) == fitted.explain(0, 1)


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"layers": -1}, {"learning_rate": 0}, {"loss": "hinge"}, {"temperature": 0.01}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ModelError):
        LightGCNSettings(**wrong)


def test_a_gpu_learns_what_the_cpu_learns() -> None:
    """The starts are the same and the draws are not, so lists agree and numbers do not; the network's numbers do."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    graph = communities()
    models = [LightGCN(), LightGCN()]
    models[0].device, models[1].device = "cpu", "cuda"
    users = np.arange(44)
    lists = [model.fit(graph).top_k(users, 10, graph.seen).items for model in models]
    shared = [len(set(one) & set(other)) / 10 for one, other in zip(*(each.tolist() for each in lists), strict=True)]
    assert np.mean(shared) > 0.7
    network, _, adjacency = TestNetwork().network(graph.interactions.toarray() > 0)
    with torch.no_grad():
        on_cpu = network.get_embedding(adjacency)
        on_gpu = network.to("cuda").get_embedding(adjacency.to("cuda")).cpu()
    torch.testing.assert_close(on_gpu, on_cpu, rtol=0, atol=1e-5)
