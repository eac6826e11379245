"""The contract of the convolutional models, with fewer and shorter steps than their defaults."""

from typing import Any, ClassVar

import pytest
from contract import RecommenderContract
from toy_graphs import communities

from graphrec_neo4j.models import create

QUICK: dict[str, Any] = {"epochs": 8, "batches": 10, "dimensions": 32, "layers": 2}


class NetworkContract(RecommenderContract):
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = QUICK


class TestGCN(NetworkContract):
    model = "gcn"


class TestGCNOfOneLayer(NetworkContract):
    model = "gcn"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "layers": 1}


class TestGAT(NetworkContract):
    model = "gat"


class TestDynamicGAT(NetworkContract):
    model = "gat"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "dynamic": True}


class TestGraphSAGE(NetworkContract):
    model = "graphsage"


class TestGraphSAGEByMaxima(NetworkContract):
    model = "graphsage"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "aggregator": "max"}


class TestGraphSAGEByLSTM(NetworkContract):
    model = "graphsage"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "aggregator": "lstm"}


class TestNGCF(NetworkContract):
    model = "ngcf"


class TestPinSage(NetworkContract):
    model = "pinsage"


class TestPinSageWithHardNegatives(NetworkContract):
    """Those of the paper, which come in little by little."""

    model = "pinsage"
    settings: ClassVar[dict[str, Any]] = {
        **QUICK,
        "negative_sampling": "uniform:3+hard:1",
        "hardest": 5,
        "curriculum": 0.5,
    }


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("gcn", {"virtual_node": True, "pair_norm": True}),
        ("gat", {}),
        ("graphsage", {"features": True}),
        ("graphsage", {"aggregator": "max"}),
        ("ngcf", {"combine": "learned"}),
        ("lightgcn", {"layer_weights": "learned", "edge_dropout": 0.1}),
        ("pinsage", {"edge_dropout": 0.1}),
    ],
)
def test_a_gpu_makes_of_the_same_parameters_what_the_cpu_makes(name: str, settings: dict[str, Any]) -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("torch_geometric")
    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    from graphrec_neo4j.training.graph import TrainingGraph

    graphs = [TrainingGraph.of(communities(), 0, device) for device in ("cpu", "cuda")]
    on_cpu, on_gpu = (create(name, **settings)._network(graph).to(graph.device) for graph in graphs)
    on_gpu.train()
    torch.cat(on_gpu()).sum().backward()
    on_gpu.load_state_dict(on_cpu.state_dict())
    for mine, theirs in zip(on_gpu.eval()(), on_cpu.eval()(), strict=True):
        torch.testing.assert_close(mine.cpu(), theirs, rtol=0, atol=1e-4)
