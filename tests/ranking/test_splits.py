from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.ranking.splits import Split, given_split, leave_last_split, random_split, time_split
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes

SHOP = GraphSchema.parse(
    """
    recommend_to = "User"
    recommend = "Item"
    [nodes.User]
    key_type = "integer"
    [nodes.Item]
    key_type = "integer"
    [edges.VIEWED]
    from = "User"
    to = "Item"
    time = "at"
    [edges.BOUGHT_BY]
    from = "Item"
    to = "User"
    time = "at"
    [edges.RATED]
    from = "User"
    to = "Item"
    weight = "stars"
    positive_from = 4
    [edges.KNOWS]
    from = "User"
    to = "User"
    """
)

Rows = list[tuple[int, int, int]]


def edges_of(rows: Rows, *, weight: bool = False) -> Edges:
    table = np.array(sorted(rows), dtype=np.int64).reshape(-1, 3)
    ends = table[:, 0].astype(np.int32), table[:, 1].astype(np.int32)
    return Edges(*ends, weight=table[:, 2].astype(np.float64)) if weight else Edges(*ends, time=table[:, 2].copy())


def shop(viewed: Rows, bought_by: Rows = (), rated: Rows = (), users: int = 4, items: int = 6) -> GraphSnapshot:
    nodes = {name: Nodes(IdMap(name, range(n), "integer")) for name, n in (("User", users), ("Item", items))}
    knows = edges_of([(0, 1, 0)])
    edges = {
        "VIEWED": edges_of(viewed),
        "BOUGHT_BY": edges_of(bought_by),
        "RATED": edges_of(rated, weight=True),
        "KNOWS": replace(knows, time=None),
    }
    return GraphSnapshot(SHOP, nodes, edges)


def pairs(matrix: sparse.csr_matrix) -> list[tuple[int, int]]:
    table = matrix.tocoo()
    return sorted(zip(table.row.tolist(), table.col.tolist(), strict=True))


def assert_nothing_leaks(split: Split, whole: GraphSnapshot) -> None:
    assert split.test.multiply(split.train.interactions > 0).nnz == 0
    assert sorted(pairs(split.test) + pairs(split.train.interactions)) == pairs(whole.interactions)
    assert len(split.train.edges["KNOWS"]) == len(whole.edges["KNOWS"])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from(["random", "time", "last"]))
def test_no_test_pair_is_left_in_any_interaction_type(seed: int, kind: str) -> None:
    random = np.random.default_rng(seed)

    def some(n: int, m: int, top: int) -> Rows:
        return [(u, i, int(random.integers(1, top))) for u in range(n) for i in range(m) if random.random() < 0.5]

    graph = shop(some(4, 6, 9), some(6, 4, 9), some(4, 6, 6))
    cut = {"random": lambda: random_split(graph, 0.4, seed), "time": lambda: time_split(graph, 0.4)}
    try:
        split = cut.get(kind, lambda: leave_last_split(graph))()
    except ModelError:
        return
    assert_nothing_leaks(split, graph)


def test_by_time_the_latest_pairs_are_asked_for() -> None:
    graph = shop([(0, 0, 10), (0, 1, 40), (1, 1, 20), (1, 2, 50), (2, 3, 30)])
    split = time_split(graph, 0.4)
    assert pairs(split.test) == [(0, 1), (1, 2)]
    assert split.about == "by time, the latest 40%"


def test_the_time_of_a_pair_is_its_latest_over_all_interaction_types() -> None:
    graph = shop([(0, 0, 10), (1, 1, 20), (2, 2, 30)], bought_by=[(0, 0, 99)])
    split = time_split(graph, 0.4)
    assert pairs(split.test) == [(0, 0)]
    assert len(split.train.edges["VIEWED"]) == 2
    assert len(split.train.edges["BOUGHT_BY"]) == 0


def test_pairs_without_a_time_stay_in_train_and_are_counted() -> None:
    graph = shop([(0, 0, 10), (0, 1, MISSING_TIME), (1, 1, 20), (1, 2, 30)])
    split = time_split(graph, 0.4)
    assert pairs(split.test) == [(1, 2)]
    assert split.about == "by time, the latest 40%, 1 without a time kept in train"


@pytest.mark.parametrize("cut", [time_split, leave_last_split])
def test_without_any_time_there_is_nothing_to_split_by(cut: object) -> None:
    with pytest.raises(ModelError, match="time property"):
        cut(shop([], rated=[(0, 1, 5)]))


def test_one_moment_for_all_leaves_nothing_to_test_on() -> None:
    with pytest.raises(ModelError, match="nothing to test on"):
        time_split(shop([(0, 0, 10), (0, 1, 10)]))


def test_leave_last_takes_each_users_last_and_never_her_only_one() -> None:
    graph = shop([(0, 0, 30), (0, 1, 10), (1, 4, 5), (2, 1, 7), (2, 5, 7), (3, 0, MISSING_TIME), (3, 1, MISSING_TIME)])
    assert pairs(leave_last_split(graph).test) == [(0, 0), (2, 5)]


def test_low_ratings_are_neither_asked_for_nor_removed_alone() -> None:
    graph = shop([], rated=[(0, item, 5) for item in range(5)] + [(1, 0, 2), (1, 1, 3)])
    split = random_split(graph, 0.5, seed=1)
    assert set(split.users) == {0}
    kept = split.train.edges["RATED"]
    assert sorted(kept.weight[kept.source == 1].tolist()) == [2, 3]


def test_random_takes_the_share_of_each_user_and_never_all() -> None:
    graph = shop([(user, item, 0) for user in range(3) for item in range(5)] + [(3, 0, 0)])
    split = random_split(graph, 0.4, seed=0)
    assert np.diff(split.test.indptr).tolist() == [2, 2, 2, 0]
    assert split.users_without_train == 0


def test_random_is_the_same_for_the_same_seed_only() -> None:
    graph = shop([(user, item, 0) for user in range(4) for item in range(6)])
    assert pairs(random_split(graph, 0.5, 1).test) == pairs(random_split(graph, 0.5, 1).test)
    assert pairs(random_split(graph, 0.5, 1).test) != pairs(random_split(graph, 0.5, 2).test)


def test_given_pairs_that_train_holds_are_left_out_and_counted() -> None:
    train = shop([(0, 0, 1), (1, 1, 1)])
    test = sparse.csr_matrix(([1, 1, 1], ([0, 0, 2], [0, 3, 3])), shape=(4, 6))
    split = given_split(train, test)
    assert pairs(split.test) == [(0, 3), (2, 3)]
    assert split.about == "as given, 1 pairs that train holds too left out of test"
    assert split.users_without_train == 1


def test_a_given_table_of_another_shape_is_refused() -> None:
    with pytest.raises(ModelError, match="test table"):
        given_split(shop([(0, 0, 1)]), sparse.csr_matrix((4, 5)))


def test_an_undirected_tie_between_people_leaks_neither_way_round() -> None:
    schema = GraphSchema.parse(
        'recommend_to = "P"\nrecommend = "P"\n[nodes.P]\nkey_type = "integer"\n'
        '[edges.KNOWS]\nfrom = "P"\nto = "P"\ndirected = false\n'
    )
    ring = edges_of([(one, one + 1, 0) for one in range(9)])
    edges = {"KNOWS": replace(ring, time=None)}
    split = random_split(GraphSnapshot(schema, {"P": Nodes(IdMap("P", range(10), "integer"))}, edges), 0.5, seed=0)
    assert split.test.multiply(split.train.interactions).nnz == 0
    assert split.test.T.multiply(split.train.interactions).nnz == 0
