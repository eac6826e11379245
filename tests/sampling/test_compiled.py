"""When ``pyg-lib`` draws, and that it draws the same graphs."""

from __future__ import annotations

from typing import Any

import pytest
import torch
import torch_geometric.typing
from sampled_graphs import BUYS, assert_true_to, random_shop
from torch_geometric.loader import LinkLoader, NodeLoader

from graphrec_neo4j.sampling.neighbours import NeighbourSampler


class Drawn(Exception):
    """Raised in the place of a sample."""


class Witness:
    """Stands where the compiled sampler would."""

    def sample(self, seed: Any) -> Any:
        raise Drawn


@pytest.mark.skipif(torch_geometric.typing.WITH_PYG_LIB, reason="pyg-lib is installed")
def test_without_pyg_lib_nothing_compiled_is_used() -> None:
    assert NeighbourSampler(random_shop(), [2])._compiled is None


def test_what_is_compiled_draws_unless_targets_are_left_out() -> None:
    data = random_shop()
    sampler = NeighbourSampler(data, [2])
    sampler._compiled = Witness()
    with pytest.raises(Drawn):
        next(iter(NodeLoader(data, sampler, input_nodes=("User", None))))
    assert next(iter(LinkLoader(data, sampler, BUYS))) is not None
    sampler = NeighbourSampler(data, [2], exclude_targets=False)
    sampler._compiled = Witness()
    with pytest.raises(Drawn):
        next(iter(LinkLoader(data, sampler, BUYS)))


@pytest.mark.skipif(not torch_geometric.typing.WITH_PYG_LIB, reason="pyg-lib is not installed")
def test_pyg_lib_draws_the_same_graph_and_follows_the_seed() -> None:
    data = random_shop()
    for count in (-1, 2):
        samples = []
        for _ in range(2):
            sampler = NeighbourSampler(data, [count, count], seed=4)
            loader = NodeLoader(data, sampler, input_nodes=("User", torch.arange(5)), batch_size=5)
            samples.append(sampler.sample_from_nodes(loader.input_data[torch.arange(5)]))
        assert_true_to(data, samples[0])
        assert torch.equal(samples[0].edge[BUYS], samples[1].edge[BUYS])
    sampler = NeighbourSampler(data, [-1, -1])
    compiled = sampler.sample_from_nodes(loader.input_data[torch.arange(5)])
    sampler._compiled = None
    ours = sampler.sample_from_nodes(loader.input_data[torch.arange(5)])
    assert {k: sorted(v.tolist()) for k, v in compiled.edge.items()} == {
        k: sorted(v.tolist()) for k, v in ours.edge.items()
    }
    assert compiled.num_sampled_nodes == ours.num_sampled_nodes
