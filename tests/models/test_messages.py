"""What users' vectors are made of: parts of scores against networks that lack what the part comes from."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from test_social_gcn import two_kinds
from toy_graphs import communities

from graphrec_neo4j.models import create
from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.messages import Messages
from graphrec_neo4j.models.taste import Tastes, TasteVectors
from graphrec_neo4j.models.ties import normalised
from graphrec_neo4j.results import NO_ITEM, Explanation
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

    def expected(self, heard: Messages, user: int, vectors: np.ndarray) -> np.ndarray:
        rows = range(heard.pointers[user], heard.pointers[user + 1])
        made = np.zeros((len(vectors), len(rows)))
        for place, row in enumerate(rows):
            for number, vector in enumerate(vectors):
                met = vector @ heard.toward * heard.opened[user]
                for head, share in enumerate(heard.shares[row]):
                    mine = slice(3 * head, 3 * head + 3)
                    made[number, place] += share * heard.table[heard.senders[row], mine] @ met[mine]
        return made

    @pytest.mark.parametrize("user", [0, 1, 2])
    def test_every_part_is_that_of_the_formula(self, user: int) -> None:
        heard, vectors = self.messages(), np.random.default_rng(1).normal(size=(3, 4))
        nodes, parts = heard.parts(user, vectors)
        assert nodes.tolist() == heard.senders[heard.pointers[user] : heard.pointers[user + 1]].tolist()
        np.testing.assert_allclose(parts, self.expected(heard, user, vectors), rtol=1e-6, atol=1e-7)

    def test_what_is_told_through_others_is_shared_out_among_them(self) -> None:
        ways = np.array([[0, 1, 0], [0, 0.5, 0.5], [1, 0, 0], [0.25, 0.75, 0], [0, 0, 1]])
        heard, vectors = self.messages(via=sparse.csr_matrix(ways)), np.random.default_rng(1).normal(size=(3, 4))
        nodes, parts = heard.parts(2, vectors)
        assert nodes.tolist() == [0, 1, 2]
        np.testing.assert_allclose(parts, self.expected(heard, 2, vectors) @ ways[2:], rtol=1e-6, atol=1e-7)
        nodes, parts = heard.parts(0, vectors)
        assert nodes.tolist() == [1, 2]
        np.testing.assert_allclose(parts, (self.expected(heard, 0, vectors) @ ways[:2])[:, 1:], rtol=1e-6, atol=1e-7)

    def test_a_scale_and_a_selection_are_those_of_the_entries(self) -> None:
        heard, vectors = self.messages(), np.random.default_rng(1).normal(size=(3, 4))
        halved = heard.scaled(np.array([1, 1, 0.5], dtype=np.float32))
        np.testing.assert_allclose(halved.parts(2, vectors)[1], heard.parts(2, vectors)[1] / 2, rtol=1e-6)
        some = heard.only(np.array([False, True, True, False, True]))
        assert some.parts(0, vectors)[0].tolist() == [3]
        np.testing.assert_array_equal(some.parts(2, vectors)[1], heard.parts(2, vectors)[1][:, [0, 2]])

    def test_a_nonlinearity_or_a_way_round_makes_parts_inexact(self) -> None:
        heard = self.messages(opened=None)
        assert heard.exact
        assert not self.messages().exact
        assert not self.messages(opened=None, via=sparse.identity(5, format="csr")).exact


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

    def test_a_restored_one_says_the_same(self) -> None:
        heard, tastes, vectors = self.heard()
        again = Heard.restored({"beside": np.zeros(3), **heard.state()})
        asked: tuple[Any, ...] = (np.array([0, 1]), np.array([[2, 0], [1, 0]]), 9, tastes, vectors, False)
        assert again.explain(*asked) == heard.explain(*asked)
        assert Heard.restored({}).messages == ()


def of_history(model: Any, user: int, item: int) -> dict[int, float]:
    """The parts of a score by item of the history, those below 0 among them."""
    (heard,) = (each for each in model.heard.messages if each.kind == "taste")
    nodes, parts = heard.parts(user, model.vectors().items[[item]].astype(np.float64))
    assert nodes.tolist() == model.tastes.history[user].indices.tolist()
    return dict(zip(nodes.tolist(), parts[0].tolist(), strict=True))


def learnt_by(monkeypatch: pytest.MonkeyPatch, name: str, graph: GraphSnapshot, **settings: Any) -> tuple[Any, Any]:
    """A fitted model and the network that it learnt."""
    pytest.importorskip("torch_geometric")
    from graphrec_neo4j.training import learning

    kept, learn = [], learning.learn
    monkeypatch.setattr(learning, "learn", lambda *given, **named: kept.append(learn(*given, **named)) or kept[-1])
    model = create(name, **QUICK, **settings).fit(graph)
    return model, kept[-1].network


def gone_with(model: Any, network: Any, user: int, item: int, without: Callable[[], Any]) -> float:
    """How much of a published score is gone in a network that ``without`` has taken something from."""
    import torch

    with torch.no_grad():
        before = network()[0][user].numpy()
        after = without()[0][user].numpy()
    vectors = model.vectors()
    length = np.linalg.norm(before) if model.settings.learns_cosines else 1.0
    return float((before - after) / length @ vectors.items[item])


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
def test_parts_of_gat_are_what_the_last_layer_lacks_without_them(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = communities()
    model, network = learnt_by(monkeypatch, "gat", graph, **settings)
    user, item = 7, 3
    why = model.explain(user, item, limit=99)
    assert why.exact
    found = parts_of(why)
    for liked, part in of_history(model, user, item).items():
        gone = gone_with(model, network, user, item, lambda liked=liked: last_layer_without(network, user, liked))
        assert part == pytest.approx(gone, rel=1e-4, abs=1e-6)
        assert found.get(("taste", "Item", liked), 0) == max(part, 0)


@pytest.mark.parametrize("settings", [{}, {"layers": 2, "combine": "learned", "edge_dropout": 0.1}], ids=str)
def test_parts_of_gcn_are_those_of_the_dense_last_layer(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``D~^-1/2 (A + I) D~^-1/2 x W`` entry by entry, with the weight that the combination gives the layer."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "gcn", graph, **settings)
    x = [np.vstack([side.detach().numpy() for side in sides]) for sides in network.layers()][-2]
    weights = network.combination.weights().detach().numpy() if "combine" in settings else [1 / 2] * 2
    liked = (graph.interactions > 0).toarray()
    degrees = [1 + liked.sum(axis=axis) for axis in (1, 0)]
    user, item = 7, 3
    length = np.linalg.norm(network()[0][user].detach().numpy())
    onward = network.convolutions[-1].convolution.lin.weight.detach().numpy()
    for other, part in of_history(model, user, item).items():
        message = x[USERS + other] @ onward.T / np.sqrt(degrees[0][user] * degrees[1][other])
        expected = weights[-1] * message @ model.vectors().items[item] / length
        assert part == pytest.approx(expected, rel=1e-4, abs=1e-6)
    assert model.explain(user, item).exact


def test_pair_norm_scales_the_parts_of_gat(monkeypatch: pytest.MonkeyPatch) -> None:
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
        vector = network()[0][user].numpy()
    for liked, told in of_history(model, user, item).items():
        entry = torch.nonzero((edges[1] == user) & (edges[0] == USERS + liked)).item()
        message = (share[entry][:, None] * said[USERS + liked] * scale).flatten().numpy()
        part = message @ model.vectors().items[item] / np.linalg.norm(vector)
        assert told == pytest.approx(part, rel=1e-3, abs=1e-5)


@pytest.mark.parametrize(
    "settings", [{}, {"fusion": "gate", "layers": 2}, {"attention": True}, {"attention": True, "loss": "bpr"}], ids=str
)
def test_parts_of_social_gcn_are_those_of_dense_propagation(
    settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The friends' and items' vectors of each layer, weighed by that layer's attention and by the adjacency."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "social-gcn", graph, **settings)
    layers = [(x[:USERS].detach().numpy(), x[USERS:].detach().numpy()) for x in network.carried()]
    weights, ties = normalised(graph.interactions).toarray(), model.loudness.toarray()
    final = np.mean([users for users, _ in layers], axis=0)
    user, item = 7, 3
    length = 1.0 if settings.get("loss") else np.linalg.norm(final[user])
    vector = model.vectors().items[item].astype(np.float64)
    liked, heard = np.zeros(ITEMS), np.zeros(USERS)
    for users, items in layers[:-1]:
        share = ties[user]
        if settings.get("attention"):
            directions = users / np.maximum(np.linalg.norm(users, axis=1, keepdims=True), 1e-12)
            sharpness = float(network.friends.sharpness.detach())
            assert abs(sharpness) > 0.01
            soft = share * np.exp(sharpness * directions @ directions[user])
            share = soft / soft.sum() * share.sum()
        liked += weights[user] * (items @ vector) / length / len(layers)
        heard += share * (users @ vector) / length / len(layers)
    why = model.explain(user, item, limit=99)
    assert why.exact
    found = parts_of(why)
    for kind, name, expected in (("taste", "Item", liked), ("tie", "User", heard)):
        told = np.array([found.get((kind, name, row), 0.0) for row in range(len(expected))])
        np.testing.assert_allclose(told, np.maximum(expected, 0), rtol=1e-4, atol=1e-6)
    own = layers[0][0][user] @ vector / length / len(layers)
    assert why.score == pytest.approx(own + liked.sum() + heard.sum(), rel=1e-5)


def test_parts_of_hetero_are_those_of_dense_relations(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ties count in both directions, and the rest is a share of what is the user's own."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "hetero", graph)
    layers = [{block: x.detach().numpy() for block, x in each.items()} for each in network.carried()]
    liked, follows = (normalised(graph.matrix(name)).toarray() for name in ("*", "FOLLOWS"))
    final = np.mean([each["users"] for each in layers], axis=0)
    user, item = 7, 3
    vector = model.vectors().items[item] / np.linalg.norm(final[user]) / len(layers)
    through, heard = np.zeros(ITEMS), np.zeros(USERS)
    for h, step in zip(layers, network.steps, strict=False):
        of_items, _, back, forward, *_ = step.weights.detach().numpy()
        through += liked[user] * (h["items"] @ of_items @ vector)
        heard += follows[user] * (h["users"] @ back @ vector) + follows[:, user] * (h["users"] @ forward @ vector)
    why = model.explain(user, item, limit=99)
    assert why.exact
    found = parts_of(why)
    for kind, name, expected in (("taste", "Item", through), ("tie", "User", heard)):
        told = np.array([found.get((kind, name, row), 0.0) for row in range(len(expected))])
        np.testing.assert_allclose(told, np.maximum(expected, 0), rtol=1e-4, atol=1e-6)
    own = layers[0]["users"][user] @ vector
    assert why.score == pytest.approx(own + through.sum() + heard.sum(), rel=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
def test_parts_of_hgt_are_what_the_layers_lack_with_gates_and_skips_as_they_are(
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
    with torch.no_grad():
        final = network()[0][user]
    vector = torch.from_numpy(model.vectors().items[item]) / final.norm() / (layers + 1)
    liked, friends = graph.interactions[user].indices.tolist(), graph.matrix("FOLLOWS")
    ties = [*friends[user].indices.tolist(), *friends[:, [user]].tocsc().indices.tolist()]
    expected = {("taste", "Item", row): 0.0 for row in liked} | {("tie", "User", row): 0.0 for row in ties}
    own, kept = network.start()["users"][user].detach(), torch.ones(())
    rest = own @ vector
    carries = [torch.ones(())]
    shares = [step.layer.skip["type_0"].sigmoid().detach() for step in network.steps]
    for share in shares[:0:-1]:
        carries.append(1 + (1 - share) * carries[-1])
    for step, (index, messages), share, carry in zip(network.steps, sent, shares, carries[::-1], strict=True):
        onward = step.layer.out_lin.lins["type_0"]
        mine = messages[index == user].detach()
        total = mine.sum(dim=0)
        passed = torch.nn.functional.gelu(total) / total
        places = [*(("taste", "Item", row) for row in liked), *(("tie", "User", row) for row in ties)]
        for place, message in zip(places, mine, strict=True):
            expected[place] += float(carry * share * (onward.weight.detach() @ (passed * message)) @ vector)
        kept = kept * (1 - share)
        rest = rest + kept * (own @ vector) + carry * share * (onward.bias.detach() @ vector)
    why = model.explain(user, item, limit=99)
    assert not why.exact
    found = parts_of(why)
    for place, part in expected.items():
        assert found.get(place, 0.0) == pytest.approx(max(part, 0), rel=1e-4, abs=1e-6)
    assert why.score == pytest.approx(float(rest) + sum(expected.values()), rel=1e-5)


@pytest.mark.parametrize("heads", [1, 2])
def test_parts_of_han_are_neighbours_told_by_what_joins_them(heads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a user hears of each neighbour, shared out by the paths that lead there, on dense tables."""
    graph = communities()
    model, network = learnt_by(monkeypatch, "han", graph, heads=heads, neighbours=4)
    layer, start = network.attention, network.start()["user side"].detach().numpy().astype(np.float64)
    said = start @ layer.proj["user side"].weight.detach().numpy().T + layer.proj["user side"].bias.detach().numpy()
    final = network()[0].detach().numpy()
    weights = model.trained["semantic"]["users"]
    liked, follows = (normalised(graph.matrix(name)).toarray() for name in ("*", "FOLLOWS"))
    user, item = 7, 3
    vector = model.vectors().items[item] / np.linalg.norm(final[user])
    expected = {"taste": np.zeros(ITEMS), "tie": np.zeros(USERS)}
    for kind, (text, weight) in zip(expected, weights.items(), strict=True):
        name = f"user side__{list(weights).index(text)}__user side"
        near, to = network.edges["user side", f"{list(weights).index(text)}", "user side"].numpy()
        near = near[to == user]
        message = np.zeros((len(near), 8))
        for head in np.split(np.arange(8), heads):
            query = layer.lin_dst[name].detach().numpy().ravel()[head]
            raw = said[near][:, head] @ layer.lin_src[name].detach().numpy().ravel()[head] + said[user, head] @ query
            share = np.exp(np.where(raw > 0, raw, 0.2 * raw))
            message[:, head] = (share / share.sum())[:, None] * said[near][:, head]
        parts = weight * (message * (message.sum(axis=0) > 0)) @ vector
        if kind == "tie":
            np.add.at(expected[kind], near, parts)
            continue
        for neighbour, part in zip(near, parts, strict=True):
            paths = liked[user] * liked[neighbour]
            expected[kind] += part * paths / paths.sum()
    assert follows[user].any()
    why = model.explain(user, item, limit=99)
    assert not why.exact
    found = parts_of(why)
    for (kind, parts), name in zip(expected.items(), ("Item", "User"), strict=True):
        told = np.array([found.get((kind, name, row), 0.0) for row in range(len(parts))])
        np.testing.assert_allclose(told, np.maximum(parts, 0), rtol=1e-4, atol=1e-6)
    assert why.score == pytest.approx(start[user] @ vector + sum(each.sum() for each in expected.values()), rel=1e-5)


@pytest.mark.parametrize("steps", [2, 4])
def test_ways_to_a_neighbour_are_the_shares_of_paths_by_their_first_node(steps: int) -> None:
    from graphrec_neo4j.models.meta_path_neighbours import neighbours, ways

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
