"""Features and categories as input of graph networks, beside ids."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from toy_graphs import communities

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.base import Recommender

torch = pytest.importorskip("torch")
pytest.importorskip("torch_geometric")

QUICK: dict[str, Any] = {"epochs": 6, "batches": 10, "dimensions": 16}
NAMES = ["graphsage", "pinsage"]


def fitted(name: str, **settings: Any) -> Recommender:
    return create(name, **{**QUICK, **settings}).fit(communities())


def test_an_input_is_the_sum_of_what_id_features_and_categories_say() -> None:
    """Node 0: an id and both categories, 3 to 1; node 1: an id nobody has heard of, and no category."""
    from scipy import sparse

    from graphrec_neo4j.models.networks.inputs import DescribedNodes
    from graphrec_neo4j.training.features import Bag, NodeInputs

    inputs = NodeInputs(torch.tensor([[2.0], [-1.0]]), (Bag.of(sparse.csr_matrix([[3.0, 1.0], [0.0, 0.0]])),))
    nodes = DescribedNodes(inputs, torch.tensor([True, False]), 4, id_dropout=0.5).eval()
    of_feature, (table,) = nodes.of_features[0], nodes.categories
    expected = [nodes.ids[0] + 2 * of_feature + 3 / 4 * table[0] + 1 / 4 * table[1], -of_feature]
    torch.testing.assert_close(nodes(), torch.stack(expected))


def test_training_passes_over_ids_with_their_chance_and_makes_up_for_it() -> None:
    from graphrec_neo4j.models.networks.inputs import DescribedNodes
    from graphrec_neo4j.training.features import NodeInputs

    torch.manual_seed(0)
    nodes = DescribedNodes(NodeInputs(torch.zeros(4000, 0), ()), torch.ones(4000) > 0, 3, id_dropout=0.25)
    x = nodes()
    passed = (x == 0).all(dim=1)
    assert float(passed.float().mean()) == pytest.approx(0.25, abs=0.03)
    torch.testing.assert_close(x[~passed], nodes.ids[~passed] * 4 / 3)


@pytest.mark.parametrize("name", NAMES)
def test_an_item_nobody_likes_yet_is_known_by_its_category_where_features_are_taken(name: str) -> None:
    """Item 35 is of category 2, which users 2, 5, 8, ... like; without features nothing is known of it."""
    scores = fitted(name, features=True, id_dropout=0.5).scores(np.arange(44))[:, 35]
    assert scores[2::3].mean() > scores[0::3].mean() + 0.1
    assert scores[2::3].mean() > scores[1::3].mean() + 0.1
    assert not fitted(name).vectors().items[35].any()


@pytest.mark.parametrize("name", NAMES)
def test_a_user_without_interactions_or_description_has_no_vector_either_way(name: str) -> None:
    assert not fitted(name, features=True).vectors().users[44].any()


def test_an_id_dropout_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ModelError, match="id_dropout"):
        create("pinsage", id_dropout=1.0)
