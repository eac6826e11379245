"""Networks as models learn them, and what a score loses without a message, which its reasons must say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from graphrec_neo4j.models import create
from graphrec_neo4j.results import Explanation
from graphrec_neo4j.snapshot import GraphSnapshot

QUICK: dict[str, Any] = {"epochs": 3, "batches": 5, "dimensions": 8}
USERS, ITEMS = 45, 36


def parts_of(why: Explanation) -> dict[tuple[str, str, int], float]:
    """The parts by kind, type and row of the first node."""
    return {(part.kind, *part.path[0]): part.score for part in why.contributions}


def losses(model: Any, user: int, item: int, own: np.ndarray, messages: dict[Any, np.ndarray]) -> dict[Any, float]:
    """How much lower the score of ``item`` were if ``own``, a network's vector of ``user``, lacked each message."""

    whole = np.linalg.norm(own) if model.settings.learns_cosines else 1.0

    def score(vector: np.ndarray) -> float:
        length = np.linalg.norm(vector) if model.heard.normalised else whole
        return float(vector @ model.vectors().items[item] / length)

    assert model.scores(np.array([user]))[0, item] == pytest.approx(score(own), rel=1e-5)
    return {node: score(own) - score(own - message) for node, message in messages.items()}


def agrees(model: Any, user: int, item: int, expected: dict[Any, float], exact: bool = True) -> None:
    """Assert that the reasons of a score are the positive ones of ``expected``."""
    why = model.explain(user, item, limit=99)
    assert why.exact == exact
    found = parts_of(why)
    assert {place for place, part in expected.items() if part > 1e-5} <= found.keys() <= expected.keys()
    for place, part in expected.items():
        assert found.get(place, 0.0) == pytest.approx(max(part, 0), rel=1e-3, abs=1e-5)


def learnt_by(monkeypatch: pytest.MonkeyPatch, name: str, graph: GraphSnapshot, **settings: Any) -> tuple[Any, Any]:
    """A fitted model and the network that it learnt."""
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.training import learning

    kept, learn = [], learning.learn
    monkeypatch.setattr(learning, "learn", lambda *given, **named: kept.append(learn(*given, **named)) or kept[-1])
    model = create(name, **QUICK, **settings).fit(graph)
    return model, kept[-1].network
