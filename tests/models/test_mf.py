from typing import Any, ClassVar

from contract import RecommenderContract


class TestMatrixFactorisation(RecommenderContract):
    model = "mf"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 10}


class TestMatrixFactorisationByPairs(RecommenderContract):
    model = "mf"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"loss": "bpr", "epochs": 20}
