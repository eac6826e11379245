"""Reasons of networks that hear friends too, or several relations, against the same on dense tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from learnt_networks import ITEMS, QUICK, USERS, agrees, learnt_by, losses
from test_social_gcn import two_kinds
from toy_graphs import communities, edges_of, snapshot_of

from graphrec_neo4j.models import create
from graphrec_neo4j.models.ties import normalised
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot


@pytest.mark.parametrize(
    "settings", [{}, {"fusion": "gate", "layers": 2}, {"attention": True}, {"attention": True, "loss": "bpr"}], ids=str
)
def test_reasons_of_social_gcn_are_those_of_dense_propagation(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The friends' and items' vectors of each layer, weighed by that layer's attention and by the adjacency."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "social-gcn", graph, **settings)
    layers = [(x[:USERS].detach().numpy(), x[USERS:].detach().numpy()) for x in network.carried()]
    weights, ties = normalised(graph.interactions).toarray(), model.loudness.toarray()
    user, item = 7, 3
    liked, heard = np.zeros((ITEMS, 8)), np.zeros((USERS, 8))
    for users, items in layers[:-1]:
        share = ties[user]
        if settings.get("attention"):
            directions = users / np.maximum(np.linalg.norm(users, axis=1, keepdims=True), 1e-12)
            sharpness = float(network.friends.sharpness.detach())
            assert abs(sharpness) > 0.01
            soft = share * np.exp(sharpness * directions @ directions[user])
            share = soft / soft.sum() * share.sum()
        liked += weights[user][:, None] * items / len(layers)
        heard += share[:, None] * users / len(layers)
    assert not model.heard.normalised
    own = layers[0][0][user] / len(layers) + liked.sum(axis=0) + heard.sum(axis=0)
    agrees(model, user, item, losses(model, user, item, own, by_node(liked, heard)))


def by_node(liked: np.ndarray, heard: np.ndarray) -> dict[Any, np.ndarray]:
    """What each item and each friend says, as far as they say anything."""
    tables = (("taste", "Item", liked), ("tie", "User", heard))
    return {(*kind, row): table[row] for *kind, table in tables for row in np.flatnonzero(table.any(axis=1)).tolist()}


def test_reasons_of_hetero_are_those_of_dense_relations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ties count in both directions, and the rest is a share of what is the user's own."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "hetero", graph)
    layers = [{block: x.detach().numpy() for block, x in each.items()} for each in network.carried()]
    liked, follows = (normalised(graph.matrix(name)).toarray() for name in ("*", "FOLLOWS"))
    user, item = 7, 3
    through, heard = np.zeros((ITEMS, 8)), np.zeros((USERS, 8))
    for h, step in zip(layers, network.steps, strict=False):
        of_items, _, back, forward, *_ = step.weights.detach().numpy()
        through += liked[user][:, None] * (h["items"] @ of_items) / len(layers)
        heard += follows[user][:, None] * (h["users"] @ back) / len(layers)
        heard += follows[:, user][:, None] * (h["users"] @ forward) / len(layers)
    own = layers[0]["users"][user] / len(layers) + through.sum(axis=0) + heard.sum(axis=0)
    agrees(model, user, item, losses(model, user, item, own, by_node(through, heard)))


@pytest.mark.parametrize("layers", [1, 2])
def test_reasons_of_hgt_are_what_is_lost_with_gates_and_skips_as_they_are(
    layers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The messages that PyTorch Geometric sends, one by one, each scaled as the sum of all is by the gelu."""
    import torch

    graph = communities()
    model, network = learnt_by(monkeypatch, "hetero", graph, layer="transformer", layers=layers)
    user, item = 7, 3
    sent: list[tuple[Any, Any]] = []
    for step in network.steps:
        step.layer.register_message_forward_hook(lambda _, given, out: sent.append((given[0]["index"], out)))
    friends = graph.matrix("FOLLOWS")
    ties = [*friends[user].indices.tolist(), *friends[:, [user]].tocsc().indices.tolist()]
    places = [("taste", "Item", row) for row in graph.interactions[user].indices.tolist()]
    places += [("tie", "User", row) for row in ties]
    messages = {place: np.zeros(8) for place in places}
    with torch.no_grad():
        own = network()[0][user].numpy()
        shares = [step.layer.skip["type_0"].sigmoid() for step in network.steps]
        carries = [torch.ones(())]
        for share in shares[:0:-1]:
            carries.append(1 + (1 - share) * carries[-1])
        for step, (index, said), share, carry in zip(network.steps, sent, shares, carries[::-1], strict=True):
            mine, onward = said[index == user], step.layer.out_lin.lins["type_0"].weight
            passed = torch.nn.functional.gelu(mine.sum(dim=0)) / mine.sum(dim=0)
            for place, message in zip(places, mine, strict=True):
                messages[place] += (carry * share * (onward @ (passed * message)) / (layers + 1)).numpy()
    agrees(model, user, item, losses(model, user, item, own, messages), exact=False)


@pytest.mark.parametrize(("name", "settings"), [("hetero", {}), ("social-gcn", {"attention": True})])
def test_a_renamed_schema_is_told_in_its_own_types_and_restored_without_torch(
    name: str, settings: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch_geometric")
    graph = two_kinds()
    model = create(name, **QUICK, **settings).fit(graph)
    whys = [model.explain(user, item, limit=99) for user in range(3) for item in range(3)]
    kinds = {(part.kind, part.path[0][0], part.edges[0]) for why in whys for part in why.contributions}
    assert {("taste", "Job", "APPLIED"), ("tie", "Member", "KNOWS")} <= kinds
    assert kinds - {("category", "Skill", "HAS")} <= {
        ("taste", "Job", "APPLIED"),
        ("tie", "Member", "KNOWS"),
        ("tie", "Member", "WORKED_WITH"),
    }
    model.save(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    again = create(name, **QUICK, **settings).restore(tmp_path)
    assert [again.explain(user, item, limit=99) for user in range(3) for item in range(3)] == whys


def test_what_an_item_says_over_several_types_of_interactions_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user who has liked and bought the same item: both relations add up under it, and walk any interaction."""
    schema = GraphSchema.model_validate(
        {
            "recommend_to": "User",
            "recommend": "Item",
            "nodes": {name: {"key_type": "integer"} for name in ("User", "Item")},
            "edges": {name: {"from": "User", "to": "Item"} for name in ("LIKED", "BOUGHT")},
        }
    )
    plain = snapshot_of(3, 4, [])
    nodes = {name: plain.nodes[name] for name in ("User", "Item")}
    edges = {"LIKED": edges_of([(0, 0), (0, 1), (1, 1), (2, 3)]), "BOUGHT": edges_of([(0, 1), (1, 2)])}
    graph = GraphSnapshot(schema, nodes, edges)
    model, network = learnt_by(monkeypatch, "hetero", graph, layers=1)
    start, weights = network.start()["items"].detach().numpy(), network.steps[0].weights.detach().numpy()
    both = [normalised(graph.matrix(name)).toarray() for name in ("LIKED", "BOUGHT")]
    messages = np.zeros((4, 8))
    for share, onward in zip(both, (weights[0], weights[2]), strict=True):
        messages += share[0][:, None] * (start @ onward) / 2
    own = network()[0][0].detach().numpy()
    heard = {("taste", "Item", row): messages[row] for row in (0, 1)}
    for item in range(4):
        agrees(model, 0, item, losses(model, 0, item, own, heard))
        assert all(part.edges == ("*",) * 3 for part in model.explain(0, item).contributions)
