from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from toy_graphs import communities

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create


class TestMatrixFactorisation(RecommenderContract):
    model = "mf"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10}


class TestMatrixFactorisationByPairs(RecommenderContract):
    model = "mf"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"loss": "bpr", "epochs": 20}


class TestMatrixFactorisationWithHistories(RecommenderContract):
    model = "mf"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"history": 0.5, "epochs": 10}


class TestHistories:
    """The network of SimpleX against the same sums on dense matrices."""

    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        pytest.importorskip("torch_geometric")

    def test_vectors_and_gradients_are_those_of_dense_means(self) -> None:
        import torch

        from graphrec_neo4j.models.networks.history import HistoryEmbeddings
        from graphrec_neo4j.training.graph import TrainingGraph

        graph = communities()
        network = HistoryEmbeddings(TrainingGraph.of(graph, 0, "cpu"), 8, 0.3)
        users, items = network()
        liked = torch.from_numpy((graph.interactions.toarray() > 0).astype(np.float32))
        means = liked / liked.sum(1, keepdim=True).clamp(min=1)
        own, theirs = (table.detach().clone().requires_grad_() for table in (network.users, network.items))
        expected = 0.7 * own + 0.3 * means @ theirs
        torch.testing.assert_close(users, expected)
        torch.testing.assert_close(items, theirs)
        for mine, table in ((users, items), (expected, theirs)):
            (mine @ table.T).sin().sum().backward()
        torch.testing.assert_close(network.users.grad, own.grad)
        torch.testing.assert_close(network.items.grad, theirs.grad)

    @pytest.mark.parametrize("history", [-0.1, 1.1, float("nan")])
    def test_what_is_no_share_is_refused(self, history: float) -> None:
        with pytest.raises(ModelError, match="between 0 and 1"):
            create("mf", history=history)
