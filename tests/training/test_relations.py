"""The relations of a schema, and what is learnt of them beside interactions, against plain sums over edges."""

from __future__ import annotations

import numpy as np
import pytest
from knowledge_graphs import jobs, network_of
from toy_graphs import communities, snapshot_of

from graphrec_neo4j.snapshot import GraphSnapshot

torch = pytest.importorskip("torch")

from graphrec_neo4j.training.relations import relation_names, sides_of  # noqa: E402

NAMES = ("transe", "distmult", "rotate")
CPU = torch.device("cpu")


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
