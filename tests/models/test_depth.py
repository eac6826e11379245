"""What depth options do to a network's vectors, and what they keep from happening."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from toy_graphs import communities

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

from graphrec_neo4j.errors import ModelError  # noqa: E402
from graphrec_neo4j.models import create  # noqa: E402
from graphrec_neo4j.models.convolutional import COMBINATIONS, DepthSettings  # noqa: E402
from graphrec_neo4j.models.networks.connections import Connections  # noqa: E402
from graphrec_neo4j.models.networks.depth import DeepEncoder  # noqa: E402
from graphrec_neo4j.models.networks.gcn import gcn  # noqa: E402
from graphrec_neo4j.models.networks.propagation import normalised_adjacency  # noqa: E402
from graphrec_neo4j.models.taste import pattern  # noqa: E402
from graphrec_neo4j.training.graph import bipartite_edges  # noqa: E402
from graphrec_neo4j.training.smoothing import smoothing_of  # noqa: E402

LIKED = pattern(communities().interactions)
USERS, ITEMS = LIKED.shape
NODES = USERS + ITEMS
EDGES = torch.from_numpy(bipartite_edges(LIKED))


def network(**settings: Any) -> DeepEncoder:
    torch.manual_seed(0)
    return gcn(
        EDGES, USERS, ITEMS, DepthSettings(**{"dimensions": 6, "layers": 3, "residual": False} | settings)
    ).eval()


def layers_of(encoder: DeepEncoder) -> list[Any]:
    return [torch.cat(sides).detach() for sides in encoder.layers()]


def final_of(encoder: DeepEncoder) -> Any:
    return torch.cat(encoder()).detach()


def test_the_last_layer_and_the_mean_of_all() -> None:
    last, mean = network(combine="last"), network(combine="mean")
    torch.testing.assert_close(final_of(last), layers_of(last)[-1])
    torch.testing.assert_close(final_of(mean), sum(layers_of(mean)) / 4)


def test_learned_weights_begin_as_the_mean_stay_above_0_and_add_up_to_1() -> None:
    learned = network(combine="learned")
    torch.testing.assert_close(final_of(learned), final_of(network(combine="mean")))
    with torch.no_grad():
        learned.combination.weights.logits.copy_(torch.tensor([0.0, 1.0, 0.0, 2.0]).log())
    layers = layers_of(learned)
    torch.testing.assert_close(final_of(learned), layers[1] / 3 + 2 * layers[3] / 3)
    torch.cat(learned()).sum().backward()
    assert learned.combination.weights.logits.grad.abs().sum() > 0


def test_concatenated_and_projected_layers() -> None:
    joined, projected = network(combine="concatenated"), network(combine="projected")
    side_by_side = torch.cat(layers_of(joined), dim=1)
    assert side_by_side.shape == (NODES, 24)
    torch.testing.assert_close(final_of(joined), side_by_side)
    of = projected.combination.map
    expected = torch.cat(layers_of(projected), dim=1) @ of.weight.T + of.bias
    assert expected.shape == (NODES, 6)
    torch.testing.assert_close(final_of(projected), expected.detach())


def test_a_residual_layer_adds_to_what_went_into_it() -> None:
    x = layers_of(network(residual=True))
    plain = network()
    for before, after, convolution, activation in zip(x, x[1:], plain.convolutions, plain.activations, strict=False):
        change = activation(convolution(before, plain.connections)).detach()
        torch.testing.assert_close(after, before + change)


def test_pair_norm_keeps_the_mean_square_distance_of_two_nodes() -> None:
    """Equation 10 of its paper: the mean over all ordered pairs of |x_v - x_w|^2 is 2 s^2, here with s = 1."""
    last = layers_of(network(pair_norm=True))[-1].double()
    assert float(torch.cdist(last, last).square().mean()) == pytest.approx(2, rel=1e-3)
    plain = layers_of(network())[-1].double()
    assert float(torch.cdist(plain, plain).square().mean()) < 0.1


def test_a_virtual_node_joins_what_no_edge_joins() -> None:
    """Users and items of two communities that share nothing: only over the virtual node do they feel one another."""

    def felt(**settings: Any) -> bool:
        torch.manual_seed(0)
        pairs = torch.tensor([[0, 1], [2, 3]])
        encoder = gcn(
            torch.cat([pairs, pairs.flip(0)], dim=1),
            2,
            2,
            DepthSettings(dimensions=8, layers=1, residual=False, **settings),
        )
        users, _ = encoder()
        users[0].sum().backward()
        return bool(encoder.first.table.grad[1].any())

    assert felt(virtual_node=True)
    assert not felt()


def test_a_virtual_nodes_word_is_added_before_each_layer() -> None:
    encoder = network(virtual_node=True)
    x, said = layers_of(encoder), encoder.virtual.start
    for number, (convolution, activation) in enumerate(zip(encoder.convolutions, encoder.activations, strict=True)):
        of = encoder.virtual.maps[number]
        said = said + torch.relu((said + x[number].mean(dim=0)) @ of.weight.T + of.bias)
        after = activation(convolution(x[number] + said, encoder.connections))
        torch.testing.assert_close(x[number + 1], after.detach())


def test_connections_are_those_of_pygs_normalisation() -> None:
    mine = Connections.of(EDGES, NODES).symmetric
    torch.testing.assert_close(mine.to_dense(), normalised_adjacency(EDGES, NODES).to_dense())


def dropped(edges: float, nodes: float, loops: bool = False) -> tuple[Any, Any]:
    """The dense pattern before and after a drop."""
    torch.manual_seed(1)
    whole = Connections.of(EDGES, NODES, loops)
    return whole.pattern.to_dense(), whole.without(edges, nodes).pattern.to_dense()


def test_an_edge_drops_out_in_both_directions_with_its_chance() -> None:
    whole, left = dropped(0.3, 0.0)
    assert torch.equal(left, left.T)
    assert (left <= whole).all()
    pairs = int(whole.sum()) // 2
    assert float(left.sum() / whole.sum()) == pytest.approx(0.7, abs=4 * np.sqrt(0.3 * 0.7 / pairs))


def test_a_node_drops_out_with_all_its_edges() -> None:
    whole, left = dropped(0.0, 0.3)
    alone = (left.sum(dim=1) == 0) & (whole.sum(dim=1) > 0)
    share = float(alone.sum() / (whole.sum(dim=1) > 0).sum())
    assert share == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / NODES))
    stay = ~alone
    torch.testing.assert_close(left[stay][:, stay], whole[stay][:, stay])


def test_self_loops_never_drop_out() -> None:
    for chances in ((0.9, 0.0), (0.0, 0.9)):
        _, left = dropped(*chances, loops=True)
        assert (left.diagonal() == 1).all()
        assert left.sum() < len(EDGES[0])


def test_what_is_left_is_normalised_by_its_own_degrees() -> None:
    torch.manual_seed(1)
    left = Connections.of(EDGES, NODES).without(0.5, 0.0)
    ends = torch.nonzero(left.pattern.to_dense()).T
    torch.testing.assert_close(left.symmetric.to_dense(), normalised_adjacency(ends, NODES).to_dense())


def test_nothing_drops_out_when_vectors_are_judged_or_published() -> None:
    encoder, whole = network(edge_dropout=0.5), network()
    torch.testing.assert_close(final_of(encoder), final_of(whole))
    encoder.train()
    one, other = final_of(encoder), final_of(encoder)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("kept", [{"residual": True}, {"pair_norm": True}])
def test_a_deep_network_is_less_smooth_with_what_is_against_it(kept: dict[str, Any]) -> None:
    """Eight layers before any training; without, all users and all items are as good as one."""
    plain, held = smoothing_of(network(layers=8)), smoothing_of(network(layers=8, **kept))
    assert plain[-1] > 0.999
    assert held[-1] < 0.95


def test_a_report_tells_the_smoothing_of_the_input_and_of_each_layer() -> None:
    model = create("gcn", epochs=1, batches=2, dimensions=8, layers=3).fit(communities())
    assert len(model.trained["smoothing"]) == 4
    assert all(-1 <= value <= 1 for value in model.trained["smoothing"])


@pytest.mark.parametrize("combine", COMBINATIONS)
@pytest.mark.parametrize("name", ["gcn", "pinsage"])
def test_every_combination_trains_and_publishes_vectors_of_its_width(name: str, combine: str) -> None:
    model = create(name, epochs=1, batches=2, dimensions=8, layers=2, combine=combine).fit(communities())
    vectors = model.vectors()
    assert vectors.users.shape[1] == vectors.items.shape[1]
    assert vectors.items.shape[1] == (24 if combine == "concatenated" else 8)


def test_all_options_together_learn_and_repeat() -> None:
    every = {"residual": True, "pair_norm": True, "virtual_node": True, "edge_dropout": 0.2, "node_dropout": 0.1}
    for name in ("gcn", "gat", "graphsage", "ngcf", "pinsage"):
        one, other = (
            create(name, epochs=2, batches=4, dimensions=8, **every).fit(communities()).scores(np.arange(4))
            for _ in range(2)
        )
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "wrong", "said"),
    [
        ("gcn", {"layers": 0}, "take mf"),
        ("gcn", {"combine": "sum"}, "'sum'"),
        ("gcn", {"edge_dropout": 1.0}, "below 1"),
        ("lightgcn", {"node_dropout": -0.1}, "below 1"),
        ("lightgcn", {"layer_weights": "mean"}, "'mean'"),
        ("gat", {"heads": 5}, "divide dimensions"),
        ("gat", {"attention_dropout": 1.0}, "attention_dropout"),
        ("graphsage", {"aggregator": "sum"}, "'sum'"),
        ("graphsage", {"neighbours": 0}, "neighbours"),
        ("pinsage", {"walks": 0}, "walks"),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        create(name, **wrong)
