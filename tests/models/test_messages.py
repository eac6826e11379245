"""What users' vectors are made of: reasons against the scores of networks that lack what the reason names."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from test_social_gcn import two_kinds
from toy_graphs import communities, edges_of, snapshot_of

from graphrec_neo4j.models import create
from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.messages import Messages
from graphrec_neo4j.models.meta_path_neighbours import neighbours, ways
from graphrec_neo4j.models.taste import Tastes, TasteVectors
from graphrec_neo4j.models.ties import normalised
from graphrec_neo4j.results import NO_ITEM, Explanation
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot

QUICK: dict[str, Any] = {"epochs": 3, "batches": 5, "dimensions": 8}
USERS, ITEMS = 45, 36


def parts_of(why: Explanation) -> dict[tuple[str, str, int], float]:
    """The parts by kind, type and row of the first node."""
    return {(part.kind, *part.path[0]): part.score for part in why.contributions}


class TestParts:
    """The formula of the class, entry by entry."""

    def messages(self, **changed: Any) -> Messages:
        random = np.random.default_rng(0)
        given: dict[str, Any] = {
            "pointers": np.array([0, 2, 2, 5]),
            "senders": np.array([0, 3, 1, 2, 3]),
            "shares": random.random((5, 2)).astype(np.float32),
            "table": random.normal(size=(4, 6)).astype(np.float32),
            "toward": random.normal(size=(4, 6)).astype(np.float32),
            "opened": random.random((3, 6)).astype(np.float32),
        }
        return Messages("taste", "Item", "LIKED", **given | changed)

    def expected(self, heard: Messages, user: int) -> np.ndarray:
        rows = range(heard.pointers[user], heard.pointers[user + 1])
        made = np.zeros((len(rows), 4))
        for place, row in enumerate(rows):
            said = np.repeat(heard.shares[row], 3) * heard.table[heard.senders[row]]
            made[place] = heard.toward @ (heard.opened[user] * said)
        return made

    @pytest.mark.parametrize("user", [0, 1, 2])
    def test_every_message_is_that_of_the_formula(self, user: int) -> None:
        heard = self.messages()
        nodes, parts = heard.to(user)
        assert nodes.tolist() == heard.senders[heard.pointers[user] : heard.pointers[user + 1]].tolist()
        np.testing.assert_allclose(parts, self.expected(heard, user), rtol=1e-6, atol=1e-7)

    def test_a_scale_and_a_selection_are_those_of_the_entries(self) -> None:
        heard = self.messages()
        halved = heard.scaled(np.array([1, 1, 0.5], dtype=np.float32))
        np.testing.assert_allclose(halved.to(2)[1], heard.to(2)[1] / 2, rtol=1e-6)
        some = heard.only(np.array([False, True, True, False, True]))
        assert some.to(0)[0].tolist() == [3]
        np.testing.assert_array_equal(some.to(2)[1], heard.to(2)[1][[0, 2]])

    def test_a_nonlinearity_makes_reasons_inexact(self) -> None:
        assert self.messages(opened=None).exact
        assert not self.messages().exact


class TestReasons:
    """One user who likes items 0 and 1, and hears friend 1 of two edge types and an interest."""

    def heard(self) -> tuple[Heard, Tastes, TasteVectors]:
        history = sparse.csr_matrix(np.array([[1, 1, 0], [0, 0, 1]], dtype=np.float32))
        items = np.array([[1, 0], [0, 1], [2, 1]], dtype=np.float32)
        vectors = TasteVectors(np.array([[3, 4], [1, 1]], dtype=np.float32), items, 0 * items, np.ones(2, np.float32))

        def along(kind: Any, node_type: str, edge: str, row: list[float], said: list[list[float]]) -> Messages:
            weights = sparse.csr_matrix(np.array([row, [0.0] * len(row)]))
            return Messages.along(kind, node_type, edge, weights, np.array(said, dtype=np.float32))

        messages = (
            along("taste", "Item", "LIKED", [1, 2, 0], [[1, 0], [0, 1], [0, 0]]),
            along("taste", "Item", "LIKED", [0, 1, 0], [[0, 0], [0, 1], [0, 0]]),
            along("tie", "User", "FOLLOWS", [0, 0.5], [[0, 0], [1, 1]]),
            along("tie", "User", "KNOWS", [0, 0.25], [[0, 0], [1, 1]]),
            along("category", "Skill", "HAS", [1], [[-1, 3]]),
        )
        return Heard(messages), Tastes(history, "Item", "LIKED"), vectors

    def test_parts_that_come_through_the_same_node_add_up(self) -> None:
        heard, tastes, vectors = self.heard()
        ((why, none),) = heard.explain(np.array([0]), np.array([[2, NO_ITEM]]), 9, tastes, vectors, exact=False)
        assert none is None
        assert why.exact
        assert parts_of(why) == {
            ("taste", "Item", 1): 3.0,
            ("tie", "User", 1): 9 / 4,
            ("taste", "Item", 0): 2.0,
            ("category", "Skill", 0): 1.0,
        }
        assert why.score == 10
        assert why.other == pytest.approx(10 - 8.25)
        assert why.contributions[1].edges == ("FOLLOWS", "LIKED")

    def test_the_largest_are_kept_whatever_their_kind(self) -> None:
        heard, tastes, vectors = self.heard()
        ((why,),) = heard.explain(np.array([0]), np.array([[2]]), 2, tastes, vectors, exact=False)
        assert [part.kind for part in why.contributions] == ["taste", "tie"]
        assert why.other == pytest.approx(10 - 5.25)

    def test_what_speaks_against_an_item_is_left_to_the_rest(self) -> None:
        heard, tastes, vectors = self.heard()
        ((why,),) = heard.explain(np.array([0]), np.array([[0]]), 9, tastes, vectors, exact=False)
        assert parts_of(why) == {("taste", "Item", 0): 1.0, ("tie", "User", 1): 3 / 4}
        assert why.other == pytest.approx(3 - 7 / 4)

    def test_without_a_message_a_normalised_vector_has_length_one_again(self) -> None:
        """Of (3, 4) / 5 without the half of it that item 0 says nothing is lost; without (0, 4) / 5 it is (1, 0)."""
        users = np.array([[3, 4], [1, 1]], dtype=np.float32) / 5
        history = sparse.csr_matrix(np.array([[1, 1], [0, 0]], dtype=np.float32))
        vectors = TasteVectors(users, np.array([[0, 1]], dtype=np.float32), users, np.ones(2, np.float32))
        said = np.array([[1.5, 2], [0, 4]], dtype=np.float32) / 5
        heard = Heard((Messages.along("taste", "Item", "LIKED", history, said),), normalised=True)
        ((why,),) = heard.explain(np.array([0]), np.array([[0]]), 9, Tastes(history, "Item", "LIKED"), vectors, False)
        found = parts_of(why)
        assert found.get(("taste", "Item", 0), 0.0) == pytest.approx(0, abs=1e-6)
        assert found["taste", "Item", 1] == pytest.approx(4 / 5)

    def test_a_restored_one_says_the_same(self) -> None:
        heard, tastes, vectors = self.heard()
        again = Heard.restored({"beside": np.zeros(3), **heard.state()})
        asked: tuple[Any, ...] = (np.array([0, 1]), np.array([[2, 0], [1, 0]]), 9, tastes, vectors, False)
        assert again.explain(*asked) == heard.explain(*asked)
        assert Heard.restored({}).messages == ()


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


def last_layer_without(network: Any, user: int, item: int) -> Any:
    """GAT's vectors with no message from ``item`` to ``user`` in the last layer, its attention as it was."""
    convolution = network.convolutions[-1].convolution
    neighbour, node = network.connections.edge_index
    silent = (node == user) & (neighbour == USERS + item)
    hook = convolution.register_message_forward_hook(
        lambda _, given, out: out.masked_fill(silent.view(-1, *[1] * (out.dim() - 1)), 0.0)
    )
    try:
        return network()
    finally:
        hook.remove()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"dynamic": True, "heads": 2},
        {"layers": 2, "combine": "last", "residual": False},
        {"layers": 2, "combine": "learned", "virtual_node": True},
        {"layers": 2, "combine": "concatenated"},
        {"layers": 2, "combine": "projected", "attention_dropout": 0.2, "edge_dropout": 0.1},
        {"loss": "bpr"},
    ],
    ids=str,
)
def test_reasons_of_gat_are_what_is_lost_without_an_edge_in_the_last_layer(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The network runs again, its attention as it was, without what an item says to the user."""
    import torch

    graph = communities()
    model, network = learnt_by(monkeypatch, "gat", graph, **settings)
    user, item = 7, 3
    with torch.no_grad():
        own = network()[0][user].numpy().astype(np.float64)
        messages = {
            ("taste", "Item", liked): own - last_layer_without(network, user, liked)[0][user].numpy()
            for liked in graph.interactions[user].indices.tolist()
        }
    agrees(model, user, item, losses(model, user, item, own, messages))


@pytest.mark.parametrize("settings", [{}, {"layers": 2, "combine": "learned", "edge_dropout": 0.1}], ids=str)
def test_reasons_of_gcn_are_those_of_the_dense_last_layer(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``D~^-1/2 (A + I) D~^-1/2 x W`` entry by entry, with the weight that the combination gives the layer."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "gcn", graph, **settings)
    x = [np.vstack([side.detach().numpy() for side in sides]) for sides in network.layers()][-2]
    weights = network.combination.weights().detach().numpy() if "combine" in settings else [1 / 2] * 2
    liked = (graph.interactions > 0).toarray()
    degrees = [1 + liked.sum(axis=axis) for axis in (1, 0)]
    onward = network.convolutions[-1].convolution.lin.weight.detach().numpy()
    user, item = 7, 3
    messages = {
        ("taste", "Item", other): weights[-1]
        * x[USERS + other]
        @ onward.T
        / np.sqrt(degrees[0][user] * degrees[1][other])
        for other in np.flatnonzero(liked[user]).tolist()
    }
    agrees(model, user, item, losses(model, user, item, network()[0][user].detach().numpy(), messages))


def test_pair_norm_scales_what_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Equation 11 of its paper, by hand: what is heard less its mean, by the root of the mean square length."""
    import torch

    graph = communities()
    model, network = learnt_by(monkeypatch, "gat", graph, pair_norm=True, combine="last", residual=False)
    user, item = 7, 3
    convolution = network.convolutions[-1].convolution
    with torch.no_grad():
        x = network.first()
        heard, (edges, share) = convolution(x, network.connections.edge_index, return_attention_weights=True)
        scale = ((heard - heard.mean(dim=0)).square().sum(dim=1).mean()) ** -0.5
        said = convolution.lin(x).view(len(x), convolution.heads, -1)
        own = network()[0][user].numpy()
    messages = {}
    for liked in graph.interactions[user].indices.tolist():
        entry = torch.nonzero((edges[1] == user) & (edges[0] == USERS + liked)).item()
        message = share[entry][:, None] * said[USERS + liked] * scale
        messages["taste", "Item", liked] = message.flatten().detach().numpy()
    agrees(model, user, item, losses(model, user, item, own, messages))


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


@pytest.mark.parametrize("heads", [1, 2])
def test_reasons_of_han_are_neighbours_told_by_what_joins_them(heads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user hears of each neighbour, shared out by the paths that lead there, on dense tables."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "han", graph, heads=heads, neighbours=4)
    layer, start = network.attention, network.start()["user side"].detach().numpy().astype(np.float64)
    said = start @ layer.proj["user side"].weight.detach().numpy().T + layer.proj["user side"].bias.detach().numpy()
    weights, walked = model.trained["semantic"]["users"], normalised(graph.interactions).toarray()
    user, item = 7, 3
    liked, tied = np.zeros((ITEMS, 8)), np.zeros((USERS, 8))
    for number, (text, weight) in enumerate(weights.items()):
        kind = ("user side", f"{number}", "user side")
        near, to = network.edges[kind].numpy()
        of, query = (table["__".join(kind)].detach().numpy() for table in (layer.lin_src, layer.lin_dst))
        near = near[to == user]
        message = np.zeros((len(near), 8))
        for place, head in enumerate(np.split(np.arange(8), heads)):
            raw = said[near][:, head] @ of[0, place] + said[user, head] @ query[0, place]
            share = np.exp(np.where(raw > 0, raw, 0.2 * raw))
            message[:, head] = (share / share.sum())[:, None] * said[near][:, head]
        message *= weight * (message.sum(axis=0) > 0)
        for neighbour, part in zip(near, message, strict=True):
            if text == "User-FOLLOWS->User":
                tied[neighbour] += part
            else:
                paths = walked[user] * walked[neighbour]
                liked += (paths / paths.sum())[:, None] * part
    own = start[user] + liked.sum(axis=0) + tied.sum(axis=0)
    agrees(model, user, item, losses(model, user, item, own, by_node(liked, tied)), exact=False)


@pytest.mark.parametrize("steps", [2, 4])
def test_ways_to_a_neighbour_are_the_shares_of_paths_by_their_first_node(steps: int) -> None:
    graph = communities()
    path = graph.schema.meta_path("User-INTERACTED->Item<-INTERACTED-User-INTERACTED->Item").steps
    walked = (*path[:2], *path[:2])[:steps]
    pairs = neighbours(graph, walked, 5).tocoo()
    found = ways(graph, walked, pairs.row, pairs.col).toarray()
    liked = normalised(graph.interactions).toarray()
    rest = liked.T if steps == 2 else liked.T @ liked @ liked.T
    for user, neighbour, shares in zip(pairs.row, pairs.col, found, strict=True):
        expected = liked[user] * rest[:, neighbour]
        np.testing.assert_allclose(shares, expected / expected.sum(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "settings"), [("hetero", {}), ("han", {}), ("social-gcn", {"attention": True})])
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
