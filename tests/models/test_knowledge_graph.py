"""TransE, DistMult and RotatE against PyTorch Geometric's own, and their questions against plain sums over edges."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from contract import RecommenderContract
from toy_graphs import checkerboard, communities, edges_of, snapshot_of

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.models import create, model_class
from graphrec_neo4j.models.knowledge_graph import KnowledgeGraphModel
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import GraphSnapshot, Nodes

torch = pytest.importorskip("torch")
kge = pytest.importorskip("torch_geometric.nn.kge")

from graphrec_neo4j.training.graph import TrainingGraph  # noqa: E402
from graphrec_neo4j.training.knowledge_graph import margin_ranking, self_adversarial  # noqa: E402
from graphrec_neo4j.training.learning import learn  # noqa: E402
from graphrec_neo4j.training.relations import relation_names, sides_of  # noqa: E402
from graphrec_neo4j.training.table_sums import Against  # noqa: E402

NAMES = ("transe", "distmult", "rotate")
DISTANCES = ("transe", "rotate")
CPU = torch.device("cpu")
QUICK = {"epochs": 10, "batches": 5, "learning_rate": 0.05}


class TestTransE(RecommenderContract):
    model = "transe"
    settings: ClassVar[dict[str, Any]] = QUICK


class TestTransEByMargin(RecommenderContract):
    model = "transe"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "loss": "margin"}


class TestDistMult(RecommenderContract):
    model = "distmult"
    settings: ClassVar[dict[str, Any]] = QUICK


class TestDistMultOfDotProducts(RecommenderContract):
    model = "distmult"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "loss": "bpr"}


class TestRotatE(RecommenderContract):
    model = "rotate"
    settings: ClassVar[dict[str, Any]] = QUICK


class TestRotatEAgainstItself(RecommenderContract):
    model = "rotate"
    settings: ClassVar[dict[str, Any]] = {**QUICK, "loss": "self-adversarial"}


def network_of(name: str, graph: GraphSnapshot, **settings: Any) -> Any:
    """The untrained network of a model over ``graph``."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return model_class(name).with_settings(**settings)._network(TrainingGraph.of(graph, 0, "cpu"))


def jobs() -> GraphSnapshot:
    """Members who apply for jobs and are referred to some, know each other both ways, and skills of both."""
    schema = GraphSchema.parse(
        """
        recommend_to = "Member"
        recommend = "Job"
        [nodes."Member.v2"]
        [nodes.Member]
        key_type = "integer"
        [nodes.Job]
        key_type = "integer"
        [nodes.Skill]
        key_type = "integer"
        [edges.APPLIED]
        from = "Member"
        to = "Job"
        [edges.REFERRED]
        from = "Job"
        to = "Member"
        role = "interaction"
        [edges.KNOWS]
        from = "Member"
        to = "Member"
        directed = false
        [edges.HAS]
        from = "Member"
        to = "Skill"
        [edges.REQUIRES]
        from = "Job"
        to = "Skill"
        """
    )
    sizes = {"Member": 5, "Job": 4, "Skill": 3}
    nodes = {name: Nodes(IdMap(name, range(size), "integer")) for name, size in sizes.items()}
    nodes["Member.v2"] = Nodes(IdMap("Member.v2", [], "string"))
    edges = {
        "APPLIED": [(0, 0), (0, 1), (1, 2)],
        "REFERRED": [(3, 1)],
        "KNOWS": [(0, 1), (2, 1), (4, 1)],
        "HAS": [(0, 0), (2, 1), (2, 2), (3, 0)],
        "REQUIRES": [(0, 0), (1, 0), (2, 1), (3, 2)],
    }
    return GraphSnapshot(schema, nodes, {name: edges_of(pairs) for name, pairs in edges.items()})


def questions_of(graph: GraphSnapshot) -> dict[tuple[int, bool], tuple[str, str, set[tuple[int, int]]]]:
    """Of each relation's place and direction: the type asked, the type that answers, and all right pairs."""
    schema, found = graph.schema, {}
    for place, name in enumerate(relation_names(schema)):
        if name == "*":
            source, target = schema.recommend_to, schema.recommend
            pairs = set(zip(*(rows.tolist() for rows in graph.interactions.nonzero()), strict=True))
        else:
            kind, edges = schema.edges[name], graph.edges[name]
            source, target = kind.source, kind.target
            pairs = set(zip(edges.source.tolist(), edges.target.tolist(), strict=True))
            pairs |= set() if kind.directed else {(tail, head) for head, tail in pairs}
            found[place, False] = (source, target, pairs)
        found[place, True] = (target, source, {(tail, head) for head, tail in pairs})
    return found


class TestScores:
    """Of random triples, PyTorch Geometric's score of a triple is told by a query and its answer, from both sides."""

    def triples(self) -> tuple[Any, Any, Any]:
        generator = torch.Generator().manual_seed(1)
        return tuple(torch.randint(high, (200,), generator=generator) for high in (30, 4, 30))

    def queries(self, name: str, vectors: Any, relations: Any, *, backwards: bool) -> Any:
        network = network_of(name, communities(), dimensions=vectors.shape[1])
        asked = [network.query(one[None], r, backwards=backwards) for one, r in zip(vectors, relations, strict=True)]
        return torch.cat(asked)

    def distances(self, name: str, heads: Any, relations: Any, tails: Any, *, backwards: bool) -> Any:
        asked, answer = (tails, heads) if backwards else (heads, tails)
        return (self.queries(name, asked, relations, backwards=backwards) - answer).norm(dim=1)

    @pytest.mark.parametrize("backwards", [False, True])
    @torch.no_grad()
    def test_transe(self, backwards: bool) -> None:
        head, relation, tail = self.triples()
        reference = kge.TransE(30, 4, 16, p_norm=2.0)
        nodes = torch.nn.functional.normalize(reference.node_emb.weight)
        found = self.distances("transe", nodes[head], reference.rel_emb(relation), nodes[tail], backwards=backwards)
        torch.testing.assert_close(-found, reference(head, relation, tail))

    @pytest.mark.parametrize("backwards", [False, True])
    @torch.no_grad()
    def test_rotate(self, backwards: bool) -> None:
        head, relation, tail = self.triples()
        reference = kge.RotatE(30, 4, 8, margin=0.0)
        nodes = torch.cat([reference.node_emb.weight, reference.node_emb_im.weight], dim=1)
        apart = self.distances("rotate", nodes[head], reference.rel_emb(relation), nodes[tail], backwards=backwards)
        one_by_one = [reference(h[None], r[None], t[None]) for h, r, t in zip(head, relation, tail, strict=True)]
        torch.testing.assert_close(-apart, torch.cat(one_by_one))

    @pytest.mark.parametrize("backwards", [False, True])
    @torch.no_grad()
    def test_distmult(self, backwards: bool) -> None:
        head, relation, tail = self.triples()
        reference = kge.DistMult(30, 4, 16)
        asked, answer = (tail, head) if backwards else (head, tail)
        nodes = reference.node_emb.weight
        queries = self.queries("distmult", nodes[asked], reference.rel_emb(relation), backwards=backwards)
        torch.testing.assert_close((queries * nodes[answer]).sum(1), reference(head, relation, tail))


@pytest.mark.parametrize("name", DISTANCES)
def test_scores_are_distances_but_for_what_is_the_same_for_all_items_of_a_user(name: str) -> None:
    """``-|q - e_i|^2 = 2 |q| score - |q|^2 - 1`` for items of length one, and so the nearest item is the best."""
    graph = communities()
    model = create(name, epochs=2, batches=5).fit(graph)
    learnt = learn(model._network, graph, model.settings, name=name, seed=0, device="cpu")
    queries, items = learnt.users.astype(np.float64), learnt.items.astype(np.float64)
    items /= np.linalg.norm(items, axis=1, keepdims=True)
    apart = ((queries[:44, None] - items[None]) ** 2).sum(axis=2)
    length = np.linalg.norm(queries[:44], axis=1, keepdims=True)
    np.testing.assert_allclose(-apart, 2 * length * model.scores(np.arange(44)) - length**2 - 1, atol=1e-5)


def test_turning_keeps_the_length_of_a_user() -> None:
    network = network_of("rotate", communities())
    users, _ = network()
    torch.testing.assert_close(users.norm(dim=1), network.of_type("User").norm(dim=1))


def test_relations_are_those_of_the_schema_with_all_interactions_first() -> None:
    assert relation_names(communities().schema) == ("*", "FOLLOWS", "IN_CATEGORY")
    assert relation_names(jobs().schema) == ("*", "APPLIED", "REFERRED", "KNOWS", "HAS", "REQUIRES")


@pytest.mark.parametrize("graph", [communities(), jobs()])
def test_every_relation_is_asked_from_both_sides_and_only_who_has_right_and_wrong_answers(graph: GraphSnapshot) -> None:
    expected = questions_of(graph)
    found = {(side.place, side.backwards): side for side in sides_of(graph, CPU)}
    assert found.keys() == expected.keys()
    for key, side in found.items():
        asked, answer, pairs = expected[key]
        assert (side.asked, side.answer) == (asked, answer)
        assert set(zip(side.known.users().tolist(), side.known.items.tolist(), strict=True)) == pairs
        answers = {row: sum(one == row for one, _ in pairs) for row in range(len(graph.nodes[asked]))}
        can_be_asked = [row for row, count in answers.items() if 0 < count < len(graph.nodes[answer])]
        assert side.rows.tolist() == can_be_asked


def test_parts_are_drawn_from_all_that_can_be_asked() -> None:
    side = next(sides_of(communities(), CPU))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        assert sorted(side.drawn(1).tolist()) == side.rows.tolist()
        drawn = [side.drawn(4) for _ in range(100)]
    assert {len(rows) for rows in drawn} == {9}  # of 35 items that somebody likes
    assert all(len(set(rows.tolist())) == 9 for rows in drawn)
    assert set(torch.cat(drawn).tolist()) == set(side.rows.tolist())


@pytest.mark.parametrize("graph", [communities(), jobs()])
@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_what_is_learnt_beside_is_the_softmax_against_all_that_is_no_edge(name: str, graph: GraphSnapshot) -> None:
    """Of every edge and side, against every node of the answer's type that no edge of that relation joins."""
    network = network_of(name, graph, dimensions=8, batches=1, relations_weight=0.5)
    losses, weights = [], []
    for (place, backwards), (asked, answer, pairs) in questions_of(graph).items():
        queries = network.query(network.of_type(asked), network.relations[place], backwards=backwards)
        cosines = torch.nn.functional.cosine_similarity(queries[:, None], network.of_type(answer)[None], dim=2)
        scores = cosines.double().numpy() * np.log(cosines.shape[1])
        can_be_asked = [row for row in range(len(queries)) if not all((row, n) in pairs for n in range(len(scores[0])))]
        of_edges = []
        for row, right in pairs:
            wrong = sum(np.exp(scores[row, node]) for node in range(len(scores[0])) if (row, node) not in pairs)
            if row in can_be_asked:
                of_edges.append(np.log1p(wrong / np.exp(scores[row, right])))
        losses.append(np.mean(of_edges))
        weights.append(len(pairs))
    found = network.auxiliary(*network(), torch.arange(2))
    assert float(found) == pytest.approx(0.5 * np.average(losses, weights=weights), rel=1e-5)


@pytest.mark.parametrize("loss", ["margin", "self-adversarial", "bpr"])
def test_wrong_answers_are_of_the_right_type_and_never_known_by_any_loss(loss: str) -> None:
    """Item 0 is in all categories but 3: it is pulled to the three, pushed from that one, and nothing else moves."""
    graph = snapshot_of(3, 2, [(0, 0), (1, 1)], categories=4, filed=[(0, 0), (0, 1), (0, 2)])
    network = network_of("distmult", graph, dimensions=8, batches=1, loss=loss, margin=0.9)
    network.questions = [(side, asked) for side, asked in network.questions if side.answer == "Category"]
    network.auxiliary(*network(), torch.arange(3)).backward()
    assert network.of_type("User").grad is None
    assert network.of_type("Item").grad.any(dim=1).tolist() == [True, False]
    item, categories = network.of_type("Item")[0].detach(), network.of_type("Category").detach()
    nearer = (categories - 1e-3 * network.of_type("Category").grad) @ item - categories @ item
    assert (nearer[:3] > 0).all()
    assert nearer[3] < 0


@pytest.mark.parametrize("name", NAMES)
def test_edges_of_other_types_make_nodes_without_interactions_known(name: str) -> None:
    """User 3 has only a friend and item 3 only a category; user 4 and item 4 have nothing at all."""
    graph = snapshot_of(
        5, 5, [(0, 0), (1, 1), (2, 2), (0, 1)], friends=[(0, 3)], categories=2, filed=[(0, 0), (3, 0), (1, 1)]
    )
    vectors = create(name, epochs=2, batches=2).fit(graph).vectors()
    assert vectors.users.any(axis=1).tolist() == [True, True, True, True, False]
    assert vectors.items.any(axis=1).tolist() == [True, True, True, True, False]
    alone = create(name, epochs=2, batches=2, relations_weight=0.0).fit(graph).vectors()
    assert alone.users.any(axis=1).tolist() == [True, True, True, False, False]
    assert alone.items.any(axis=1).tolist() == [True, True, True, False, False]


@pytest.mark.parametrize("name", NAMES)
def test_a_type_that_joins_everything_tells_nothing(name: str) -> None:
    graph = snapshot_of(2, 2, [(0, 0)], categories=1, filed=[(0, 0), (1, 0)])
    assert create(name, epochs=1).fit(graph).vectors().items.any(axis=1).tolist() == [True, False]


@pytest.mark.parametrize("name", NAMES)
def test_an_item_that_nobody_likes_is_ranked_by_its_category(name: str) -> None:
    """Item 35 is of category 2, which the users 2, 5, 8, ... like."""
    graph = communities()
    scores = create(name, **QUICK).fit(graph).scores(np.arange(44))[:, 35]
    assert scores[2::3].mean() > scores[0::3].mean() + 0.05
    assert scores[2::3].mean() > scores[1::3].mean() + 0.05


@pytest.mark.parametrize("name", NAMES)
def test_any_schema_is_learnt_from_and_published(name: str) -> None:
    graph = jobs()
    model = create(name, epochs=2, dimensions=8).fit(graph)
    assert isinstance(model, KnowledgeGraphModel)
    vectors = model.vectors()
    assert (vectors.users.shape, vectors.items.shape) == ((5, 8), (4, 8))
    assert vectors.users.any(axis=1).all()
    assert set(model.top_k(np.array([4]), 4).items[0].tolist()) == {0, 1, 2, 3}


def test_people_who_are_recommended_people_have_one_vector() -> None:
    schema = GraphSchema.parse(
        """
        recommend_to = "Person"
        recommend = "Person"
        [nodes.Person]
        key_type = "integer"
        [edges.FOLLOWS]
        from = "Person"
        to = "Person"
        """
    )
    nodes = {"Person": Nodes(IdMap("Person", range(4), "integer"))}
    graph = GraphSnapshot(schema, nodes, {"FOLLOWS": edges_of([(0, 1), (1, 2), (2, 0)])})
    assert len(network_of("transe", graph).entities) == 1
    assert create("transe", epochs=1).fit(graph).top_k(np.arange(4), 2, graph.seen).items.shape == (4, 2)


@pytest.mark.parametrize("name", NAMES)
def test_the_checkerboard_is_learnt_from_any_start(name: str) -> None:
    board, users = checkerboard(), np.arange(16)
    for seed in (1, 2):
        top = create(name, **QUICK).fit(board, seed=seed).top_k(users, 1, board.seen)
        assert top.items[:, 0].tolist() == users.tolist()


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("rotate", {"dimensions": 63}, "even number"),
        ("transe", {"loss": "bpr"}, "no distances"),
        ("rotate", {"loss": "constraint"}, "no distances"),
        ("distmult", {"relations_weight": -0.1}, "relations_weight"),
        ("distmult", {"relations_negatives": 0}, "relations_negatives"),
    ],
)
def test_settings_that_mean_nothing_are_refused(name: str, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        create(name, **settings)


class TestLosses:
    def test_margin_ranking_counts_what_comes_nearer_than_the_margin(self) -> None:
        """0.5 - 0.75 + 0.5 = 1/4, none for what is apart by more, and 1 where the wrong one leads by the margin."""
        right, wrong = torch.tensor([0.75, 0.75, 0.0]), torch.tensor([0.5, 0.0, 0.5])
        assert float(margin_ranking(right, wrong, 0.5)) == pytest.approx((1 / 4 + 0 + 1) / 3)

    def test_self_adversarial_is_the_papers_sum_over_what_is_no_edge(self) -> None:
        generator = torch.Generator().manual_seed(0)
        users, items = (torch.randn(n, 6, generator=generator).double() for n in (3, 5))
        row, known = torch.tensor([0, 0, 2]), (torch.tensor([0, 0, 2]), torch.tensor([1, 4, 0]))
        positive = (users[row] * items[known[1]]).sum(1)
        found = self_adversarial(positive, users, Against(items, torch.ones(5).double(), *known), row, 0.4, 0.5)

        def sigmoid(x: float) -> float:
            return 1 / (1 + np.exp(-x))

        hidden, scores = {(0, 1), (0, 4), (2, 0)}, (users @ items.T).numpy()
        expected = []
        for user, item in hidden:
            wrong = [scores[user, other] for other in range(5) if (user, other) not in hidden]
            shares = np.exp(np.array(wrong) / 0.5) / np.exp(np.array(wrong) / 0.5).sum()
            pushed = sum(share * np.log(sigmoid((0.4 - n) / 0.5)) for share, n in zip(shares, wrong, strict=True))
            expected.append(-(np.log(sigmoid((scores[user, item] - 0.4) / 0.5)) + pushed) / 2)
        assert float(found) == pytest.approx(np.mean(expected))

    def test_who_knows_every_answer_is_pushed_from_none(self) -> None:
        users, items = torch.ones(1, 2, requires_grad=True), torch.eye(2)
        everything = Against(items, torch.ones(2), torch.tensor([0, 0]), torch.tensor([0, 1]))
        loss = self_adversarial(torch.tensor([1.0]), users, everything, torch.tensor([0]), 1.0, 1.0)
        loss.backward()
        assert loss.item() == pytest.approx(np.log(2) / 2)
        assert users.grad.tolist() == [[0.0, 0.0]]

    def test_the_weights_of_wrong_answers_are_constants_for_the_gradient(self) -> None:
        """Of scores 1/2 and 0 at t = 1/10 the first weighs sigmoid(5), and m = 4/10 pushes it by sigmoid(1) / t / 2."""
        items, nothing = torch.tensor([[0.5, 0.0], [0.0, 1.0]], requires_grad=True), torch.tensor([], dtype=torch.long)
        against = Against(items, torch.ones(2), nothing, nothing)
        user, row = torch.tensor([[1.0, 0.0]]), torch.tensor([0])
        self_adversarial(torch.tensor([1.0]), user, against, row, 0.4, 0.1).backward()
        assert float(items.grad[0, 0]) == pytest.approx(5 / (1 + np.exp(-5)) / (1 + np.exp(-1)), rel=1e-5)
