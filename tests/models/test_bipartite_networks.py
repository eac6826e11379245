"""The contract of the convolutional models, with fewer and shorter steps than their defaults."""

from typing import Any, ClassVar

from contract import RecommenderContract

QUICK: dict[str, Any] = {"epochs": 8, "batches": 10, "dimensions": 32}


class NetworkContract(RecommenderContract):
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = QUICK


class TestGCN(NetworkContract):
    model = "gcn"


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
