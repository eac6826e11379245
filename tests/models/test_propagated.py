"""Reasons of models whose vectors are embeddings carried along the interactions, against dense arithmetic."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from learnt_networks import ITEMS, QUICK, USERS, agrees, learnt_by, losses, parts_of
from toy_graphs import communities

from graphrec_neo4j.models import create


def carried(embeddings: np.ndarray, layers: int) -> list[np.ndarray]:
    """What is learnt of all nodes of the communities carried 0 to ``layers`` times by the dense adjacency."""
    liked = (communities().interactions.toarray() > 0).astype(np.float64)
    adjacency = np.block([[np.zeros((USERS, USERS)), liked], [liked.T, np.zeros((ITEMS, ITEMS))]])
    roots = np.sqrt(np.maximum(adjacency.sum(axis=1), 1))
    steps = [embeddings.astype(np.float64)]
    for _ in range(layers):
        steps.append(adjacency / np.outer(roots, roots) @ steps[-1])
    return steps


@pytest.mark.parametrize(
    ("name", "settings", "weights"),
    [
        ("lightgcn", {}, [1 / 4] * 4),
        ("lightgcn", {"loss": "bpr", "layers": 1}, [1 / 2] * 2),
        ("simgcl", {}, [0, 1 / 3, 1 / 3, 1 / 3]),
        ("simgcl", {"contrasted_layer": 0, "layers": 1}, [0, 1]),
        ("directau", {}, [1 / 2] * 2),
    ],
    ids=str,
)
def test_reasons_are_what_is_lost_without_what_an_item_carries_to_the_user(
    name: str, settings: dict[str, Any], weights: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Step after step by dense matrices; what comes over the edge to item j is its last step over both degrees' roots.

    The model's own scores are those of the dense vectors, too.
    """
    graph, (user, item) = communities(), (7, 3)
    model, network = learnt_by(monkeypatch, name, graph, **settings)
    embeddings = network.embedding if name == "simgcl" else network.embeddings()
    steps = carried(embeddings.detach().numpy(), len(weights) - 1)
    liked = graph.interactions.toarray() > 0
    own = sum(weight * step[user] for weight, step in zip(weights, steps, strict=True))
    messages = {
        ("taste", "Item", row): sum(
            weight * step[USERS + row] for weight, step in zip(weights[1:], steps, strict=False)
        )
        / np.sqrt(liked[user].sum() * liked[:, row].sum())
        for row in np.flatnonzero(liked[user]).tolist()
    }
    agrees(model, user, item, losses(model, user, item, own, messages))


def test_an_unseen_user_of_simgcl_has_all_of_her_vector() -> None:
    """Its mean leaves her own embedding out, so what is carried from a history is everything."""
    pytest.importorskip("torch_geometric")
    graph, users = communities(), np.arange(44)
    model = create("simgcl", **QUICK).fit(graph)
    np.testing.assert_allclose(model.fold_in(graph.interactions[users]), model.scores(users), rtol=0, atol=1e-5)


def test_directau_without_layers_tells_what_a_regressions_cosine_loses_and_that_it_is_near(tmp_path: Path) -> None:
    pytest.importorskip("torch_geometric")
    settings, graph, user = {**QUICK, "layers": 0}, communities(), 0
    model = create("directau", **settings).fit(graph)
    item = int(model.top_k(np.array([user]), 1, graph.seen).items[0, 0])
    mine, own = graph.interactions[[user]].indices, model.parts.users[user].astype(np.float64)
    asked = model.parts.items[item].astype(np.float64)
    left = own - model.parts.through[mine].astype(np.float64) / np.sqrt(len(mine))
    lost = own @ asked - left @ asked / np.linalg.norm(left, axis=1)
    why = model.explain(user, item, 100)
    expected = {("taste", "Item", int(row)): loss for row, loss in zip(mine, lost, strict=True) if loss > 0}
    assert parts_of(why) == pytest.approx(expected, abs=1e-5)
    assert (why.exact, bool(expected)) == (False, True)
    model.save(tmp_path)
    assert create("directau", **settings).restore(tmp_path).explain(user, item, 100) == why
