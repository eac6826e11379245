import sys
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from scipy import sparse
from toy_graphs import checkerboard, communities, edges_of, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create
from graphrec_neo4j.models.social_gcn import SocialGCN, SocialGCNSettings
from graphrec_neo4j.models.taste import pattern
from graphrec_neo4j.models.tie_gate import evidence, gates
from graphrec_neo4j.models.ties import kinds_of, like_minded, normalised, overlaps, ties_of
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot

QUICK: dict[str, Any] = {"epochs": 4, "batches": 10}


class TestSocialGCN(RecommenderContract):
    model = "social-gcn"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"epochs": 8, "batches": 15}


class TestSocialGCNWithAGate(RecommenderContract):
    model = "social-gcn"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"fusion": "gate", "epochs": 8, "batches": 15}


class TestSocialGCNOfTheArticle(RecommenderContract):
    model = "social-gcn"
    requires = ("torch", "torch_geometric")
    settings: ClassVar[dict[str, Any]] = {"fusion": "tanh", "tie_weight": 1.0, "epochs": 8, "batches": 15}


def friendly(signal: bool, seed: int = 0, groups: int = 8, users: int = 160, liked: int = 3) -> GraphSnapshot:
    """Short histories, three in four from one's own group; friends from it (``signal``), or anybody."""
    random = np.random.default_rng(seed)
    pairs, friends = [], []
    for user in range(users):
        own = np.arange(user % groups, users, groups)
        chosen = [*random.choice(own, liked, replace=False), random.integers(users)]
        pairs += [(user, int(item)) for item in chosen]
        mates = own if signal else np.arange(users)
        friends += [(user, int(mate)) for mate in random.choice(mates, 4, replace=False) if mate != user]
    return snapshot_of(users, users, pairs, friends)


def gates_of(graph: GraphSnapshot) -> np.ndarray:
    return gates(pattern(graph.interactions).astype(np.float64), normalised(ties_of(graph, (), both_ways=True)), 0)


class TestGate:
    @pytest.mark.parametrize("seed", range(5))
    def test_it_opens_where_friends_share_a_taste(self, seed: int) -> None:
        assert gates_of(friendly(signal=True, seed=seed)).mean() > 0.6

    @pytest.mark.parametrize("seed", range(5))
    def test_it_is_shut_where_friends_are_anybody(self, seed: int) -> None:
        assert gates_of(friendly(signal=False, seed=seed)).max() == 0.0

    def test_shut_it_leaves_lightgcn(self) -> None:
        """Ties that tell nothing leave vectors and start as if there were none."""
        pytest.importorskip("torch_geometric")
        graph = friendly(signal=False)
        users = np.arange(len(graph.users))
        with_ties, without = (
            create("social-gcn", fusion="gate", **QUICK).fit(each) for each in (graph, cut_off(graph))
        )
        np.testing.assert_array_equal(with_ties.scores(users), without.scores(users))
        assert with_ties.trained["gate"] == 0.0

    def test_users_without_a_history_hear_their_friends_whatever_others_do(self) -> None:
        graph = friendly(signal=False)
        liked = graph.edges["INTERACTED"]
        silent = graph.with_edges(INTERACTED=liked.take(liked.source != 5))
        assert gates_of(silent)[5] == 1.0

    def test_without_ties_there_is_nothing_to_learn(self) -> None:
        assert gates_of(checkerboard()).tolist() == [1.0] * 17

    def test_evidence_is_that_of_dense_walks_without_the_left_out_interaction(self) -> None:
        graph = communities()
        liked = pattern(graph.interactions).astype(np.float64)
        ties = normalised(ties_of(graph, (), both_ways=True))
        users = np.arange(40)
        found = evidence(liked, ties, users, np.random.default_rng(1))
        other = np.random.default_rng(1).choice(liked.indices, liked[users].nnz)
        walk, place = normalised(liked).toarray(), 0
        for user, item, against in zip(*liked[users].nonzero(), other, strict=True):
            if liked[user, against]:
                continue
            cut, others = walk.copy(), np.arange(len(walk)) != user
            cut[user, item] = 0
            history = cut[user] @ walk[others].T @ walk[others]
            friends = (ties.toarray() @ walk)[user] @ walk[others].T @ walk[others]
            without = walk[user] @ walk[others].T @ walk[others]
            assert found.user[place] == user
            assert found.history[place] == pytest.approx(history[item] - without[against], abs=1e-12)
            assert found.friends[place] == pytest.approx(friends[item] - friends[against], abs=1e-12)
            place += 1
        assert place == len(found.user)


def cut_off(graph: GraphSnapshot) -> GraphSnapshot:
    return graph.with_edges(FOLLOWS=edges_of([]))


def two_kinds(directed: bool = True) -> GraphSnapshot:
    """Three users, three items, and two ways to be tied."""
    schema = GraphSchema.model_validate(
        {
            "recommend_to": "Member",
            "recommend": "Job",
            "nodes": {name: {"key_type": "integer"} for name in ("Member", "Job", "Skill")},
            "edges": {
                "APPLIED": {"from": "Member", "to": "Job"},
                "KNOWS": {"from": "Member", "to": "Member", "directed": directed},
                "WORKED_WITH": {"from": "Member", "to": "Member", "importance": 2.0},
                "REQUIRES": {"from": "Job", "to": "Skill"},
                "HAS": {"from": "Member", "to": "Skill"},
            },
        }
    )
    nodes = {name: snapshot_of(3, 3, []).users for name in schema.nodes}
    edges = {
        "APPLIED": edges_of([(0, 0), (0, 1), (1, 1), (2, 2)]),
        "KNOWS": edges_of([(0, 1), (0, 0)]),
        "WORKED_WITH": edges_of([(0, 1), (1, 2)]),
        "REQUIRES": edges_of([(0, 0), (1, 0), (2, 1)]),
        "HAS": edges_of([(0, 0), (1, 0), (2, 1)]),
    }
    return GraphSnapshot(schema, nodes, edges)


class TestTies:
    def test_types_add_up_by_importance_and_nobody_is_tied_to_herself(self) -> None:
        along = ties_of(two_kinds(), (), both_ways=False)
        assert along.toarray().tolist() == [[0, 3, 0], [0, 0, 2], [0, 0, 0]]
        assert ties_of(two_kinds(), ("KNOWS",), both_ways=False).toarray().tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0]]

    def test_both_ways_and_undirected_ties_are_heard_at_both_ends(self) -> None:
        expected = [[0, 3, 0], [3, 0, 2], [0, 2, 0]]
        assert ties_of(two_kinds(), (), both_ways=True).toarray().tolist() == expected
        undirected = ties_of(two_kinds(directed=False), ("KNOWS",), both_ways=False)
        assert undirected.toarray().tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]

    def test_a_tie_is_told_by_the_first_type_that_joins_the_two(self) -> None:
        graph = two_kinds()
        ties = ties_of(graph, (), both_ways=True)
        assert kinds_of(graph, (), ties).tolist() == [0, 0, 1, 1]

    def test_an_unknown_type_is_refused_with_the_nearest(self) -> None:
        with pytest.raises(ModelError, match=r"no tie type 'KNOW'.*KNOWS"):
            ties_of(two_kinds(), ("KNOW",), both_ways=True)

    def test_overlap_is_jaccard_and_1_without_a_history(self) -> None:
        graph = snapshot_of(4, 4, [(0, 0), (0, 1), (0, 2), (1, 1), (1, 3), (2, 3)], [(0, 1), (0, 2), (0, 3), (1, 2)])
        ties = ties_of(graph, (), both_ways=False)
        assert overlaps(ties, graph.interactions).tolist() == [1 / 4, 0, 1, 1 / 2]
        assert like_minded(ties, graph.interactions, 0.3, 1.0).nnz == 2
        assert like_minded(ties, graph.interactions, 0.0, 0.75).nnz == 3
        assert like_minded(ties, graph.interactions, 0.0, 1.0).nnz == 4

    def test_normalising_divides_by_the_roots_of_both_sums(self) -> None:
        made = normalised(sparse.csr_matrix([[0.0, 4.0], [0.0, 5.0]])).toarray()
        np.testing.assert_allclose(made, [[0, 4 / 6], [0, 5 / np.sqrt(45)]], rtol=1e-12)


class TestNetwork:
    """Forward passes against dense NumPy."""

    @pytest.fixture(autouse=True)
    def _torch(self) -> None:
        pytest.importorskip("torch_geometric")

    def network(self, **settings: Any) -> tuple[Any, SocialGCN, np.ndarray, np.ndarray]:
        import torch

        from graphrec_neo4j.training.graph import TrainingGraph

        graph, model = communities(), create("social-gcn", **settings)
        model.n_users = len(graph.users)
        torch.manual_seed(0)
        network = model._network(TrainingGraph.of(graph, 0, "cpu"))
        liked = (graph.interactions > 0).toarray().astype(np.float64)
        adjacency = np.block([[np.zeros((45, 45)), liked], [liked.T, np.zeros((36, 36))]])
        start = network.embedding.detach().numpy().astype(np.float64)
        start[:45] *= liked.any(axis=1)[:, None]
        return network, model, normalised(sparse.csr_matrix(adjacency)).toarray(), start

    @pytest.mark.parametrize("both_ways", [True, False])
    @pytest.mark.parametrize("fusion", ["sum", "tanh", "gate"])
    def test_it_is_the_articles_propagation(self, fusion: str, both_ways: bool) -> None:
        network, model, adjacency, x = self.network(fusion=fusion, both_ways=both_ways)
        graph = communities()
        ties = normalised(ties_of(graph, (), both_ways=both_ways)).toarray()
        if fusion == "gate":
            ties = model.gate[:, None] * ties
        layers = [x]
        for _ in range(3):
            carried, heard = adjacency @ x, ties @ x[:45]
            if fusion == "tanh":
                one, other, joined = (weight.detach().numpy().T for weight in network.fusion.parameters())
                both = np.hstack([np.tanh(carried[:45] @ one), np.tanh(heard @ other)]) @ joined
                carried[:45] = both / np.maximum(np.linalg.norm(both, axis=1, keepdims=True), 1e-12)
            else:
                carried[:45] += heard
            x = carried
            layers.append(x)
        users, items = (table.detach().numpy() for table in network())
        np.testing.assert_allclose(np.vstack([users, items]), np.mean(layers, axis=0), rtol=0, atol=1e-5)

    def test_attention_is_a_softmax_over_ties_of_cosines(self) -> None:
        import torch

        network, _, _, start = self.network(attention=True, fusion="sum")
        with torch.no_grad():
            network.friends.sharpness.fill_(2.0)
            mine = network.friends(torch.from_numpy(start[:45]).float()).numpy()
        ties, x = normalised(ties_of(communities(), (), both_ways=True)).toarray(), start[:45]
        directions = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        weights = ties * np.exp(2 * directions @ directions.T)
        sums = np.where(ties.any(axis=1), weights.sum(axis=1), 1)
        expected = (ties.sum(axis=1) / sums)[:, None] * weights @ x
        np.testing.assert_allclose(mine, expected, rtol=0, atol=1e-6)

    def test_the_gradient_of_directed_ties_is_that_of_dense_autograd(self) -> None:
        import torch

        from graphrec_neo4j.models.networks.constant_matrix import ConstantMatrix

        ties = normalised(ties_of(communities(), (), both_ways=False))
        x = torch.randn(45, 4, generator=torch.Generator().manual_seed(0), requires_grad=True)
        ConstantMatrix.of(ties)(x).sin().sum().backward()
        other = x.detach().clone().requires_grad_()
        (torch.from_numpy(ties.toarray()).float() @ other).sin().sum().backward()
        torch.testing.assert_close(x.grad, other.grad, rtol=0, atol=1e-6)


def newcomer_with_friends() -> GraphSnapshot:
    """The communities' last user, who likes nothing, follows three users of the second community."""
    graph = communities()
    ties = graph.edges["FOLLOWS"]
    pairs = [*zip(ties.source.tolist(), ties.target.tolist(), strict=True), (44, 1), (44, 4), (44, 7)]
    return graph.with_edges(FOLLOWS=edges_of(pairs))


@pytest.fixture(scope="module")
def with_newcomer() -> SocialGCN:
    pytest.importorskip("torch_geometric")
    return create("social-gcn", epochs=8, batches=15).fit(newcomer_with_friends())


def test_a_user_without_a_history_is_placed_by_her_friends(with_newcomer: SocialGCN) -> None:
    top = with_newcomer.top_k(np.array([44]), 8)
    assert (top.items[0] % 3 == 1).mean() >= 0.75


def test_she_is_told_whose_friends_choice_it_is(with_newcomer: SocialGCN) -> None:
    graph = newcomer_with_friends()
    item = int(with_newcomer.top_k(np.array([44]), 1).items[0, 0])
    why = with_newcomer.explain(44, item)
    assert {part.kind for part in why.contributions} == {"tie"}
    assert sum(part.score for part in why.contributions) > 0.5 * why.score
    for part in why.contributions:
        (node_type, friend), *beyond = part.path
        assert (node_type, part.edges[0]) == ("User", "FOLLOWS")
        assert friend in (1, 4, 7)
        likes = bool(graph.interactions[friend, item])
        assert (beyond == []) == likes
        assert all(graph.interactions[friend, near] for _, near in beyond)


def test_without_any_ties_it_is_lightgcn_with_another_start() -> None:
    pytest.importorskip("torch_geometric")
    graph = cut_off(communities())
    model = create("social-gcn", **QUICK).fit(graph)
    assert [each.kind for each in model.heard.messages] == ["taste"]
    assert not model.vectors().users[-1].any()


def test_people_can_be_recommended_to_people() -> None:
    pytest.importorskip("torch_geometric")
    schema = GraphSchema.model_validate(
        {
            "recommend_to": "Person",
            "recommend": "Person",
            "nodes": {"Person": {"key_type": "integer"}},
            "edges": {
                "FOLLOWS": {"from": "Person", "to": "Person"},
                "FRIEND": {"from": "Person", "to": "Person", "directed": False},
            },
        }
    )
    pairs = [(one, other) for one in range(12) for other in range(12) if one % 2 == other % 2 and one != other]
    edges = {"FOLLOWS": edges_of(pairs[::2]), "FRIEND": edges_of([(0, 2), (1, 3)])}
    graph = GraphSnapshot(schema, {"Person": snapshot_of(12, 1, []).users}, edges)
    assert create("social-gcn", **QUICK).fit(graph).top_k(np.arange(12), 3, graph.seen).items.shape == (12, 3)


def test_a_renamed_schema_with_two_tie_types_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("torch_geometric")
    model = create("social-gcn", fusion="sum", tie_weight=0.5, **QUICK).fit(two_kinds())
    model.save(tmp_path)
    monkeypatch.setitem(sys.modules, "torch", None)
    again = create("social-gcn", fusion="sum", tie_weight=0.5, **QUICK).restore(tmp_path)
    assert again.explain(0, 2) == model.explain(0, 2)
    assert [each.edge for each in again.heard.messages] == ["APPLIED", "KNOWS", "WORKED_WITH"]


@pytest.mark.parametrize(
    "wrong", [{"layers": -1}, {"fusion": "mean"}, {"tie_weight": -1}, {"least_overlap": 2}, {"overlap_share": 0}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ModelError):
        SocialGCNSettings(**wrong)
