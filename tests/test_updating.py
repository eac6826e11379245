"""What an update publishes is what learning everything anew would, for any edits, and what it leaves alone is so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from edits import EDITS, PlainGraph
from hypothesis import given, settings
from hypothesis import strategies as st

from graphrec_neo4j.affected import Affected
from graphrec_neo4j.graph_changes import GraphChanges
from graphrec_neo4j.learning import Learnt, learn
from graphrec_neo4j.refit import Refit, RefitRule, SinceFit
from graphrec_neo4j.run_cache import Made
from graphrec_neo4j.snapshot import GraphSnapshot
from graphrec_neo4j.updating import Updated, update
from loaders.from_generator import generate

GRAPH = generate(users=60, items=40, interactions_per_user=6, seed=5).snapshot
NOW = SinceFit(datetime.now(UTC), 0.0)
scripts = st.lists(st.tuples(st.sampled_from(EDITS), st.integers(0, 10_000)), min_size=1, max_size=4)


def made_of(learnt: Learnt) -> Made:
    return Made(learnt.model, learnt.results.top, learnt.results.walk, learnt.beside)


def edited(graph: GraphSnapshot, script: list[tuple[str, int]]) -> GraphSnapshot:
    plain = PlainGraph.of(graph)
    for what, seed in script:
        plain.edit(what, seed)
    return plain.snapshot()


def updated(made: Made, before: GraphSnapshot, after: GraphSnapshot) -> Updated:
    found = update(made, GraphChanges.between(before, after), {}, NOW, 0)
    assert found is not None
    return found


def assert_same(found: Updated, before: Learnt, change: Affected, wanted: Learnt) -> None:
    """Lists, vectors and texts are those of ``wanted``, texts of those who are kept being those that they had."""
    results, expected = found.learnt.results, wanted.results
    assert results.kept is not None
    for one, other in ((results.top, expected.top), (results.walk, expected.walk)):
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-6, atol=1e-6)
        same = np.isclose(one.scores[:, :-1], one.scores[:, 1:], rtol=1e-6)
        tied = np.pad(same, ((0, 0), (1, 0))) | np.pad(same, ((0, 0), (0, 1)))
        np.testing.assert_array_equal(one.items[~tied], other.items[~tied])
    np.testing.assert_allclose(results.item_scores, expected.item_scores, atol=1e-9)
    texts = [list(each) for each in results.reasons]
    for old, new in enumerate(change.user_rows.tolist()):
        if new >= 0 and results.kept[new]:
            texts[new] = list(before.results.reasons[old])
    differ = [row for row, each in enumerate(texts) if each != list(expected.reasons[row])]
    orders = [row for row in differ if not np.array_equal(results.top.items[row], expected.top.items[row])]
    assert differ == orders


@pytest.mark.parametrize("model", ["p3", "rp3beta"])
@settings(max_examples=25, deadline=None)
@given(script=scripts)
def test_an_updated_walk_is_that_of_a_full_fit_whatever_was_edited(model: str, script: list[tuple[str, int]]) -> None:
    before = learn(GRAPH, model, {}, seed=0)
    after = edited(GRAPH, script)
    change = Affected(GraphChanges.between(GRAPH, after))
    assert_same(updated(made_of(before), GRAPH, after), before, change, learn(after, model, {}, seed=0))


def test_a_chain_of_updates_ends_where_a_full_fit_does() -> None:
    graph, learnt = GRAPH, learn(GRAPH, "p3", {}, seed=0)
    for step in range(4):
        after = edited(graph, [(what, 100 * step + place) for place, what in enumerate(EDITS)])
        found = updated(made_of(learnt), graph, after)
        wanted = learn(after, "p3", {}, seed=0)
        np.testing.assert_allclose(found.learnt.results.top.scores, wanted.results.top.scores, rtol=1e-6, atol=1e-6)
        graph, learnt = after, found.learnt


def test_one_edge_leaves_most_users_of_a_graph_in_parts_alone() -> None:
    plain = PlainGraph.of(GRAPH)
    alone = "new-0"
    plain.edit("new user", 0)
    plain.edges["INTERACTED"] = {pair: value for pair, value in plain.edges["INTERACTED"].items() if pair[0] != alone}
    plain.nodes["Item"]["new-item"] = "New"
    plain.edges["INTERACTED"][alone, "new-item"] = (1.0, 0)
    after = plain.snapshot()
    found = updated(made_of(learn(GRAPH, "p3", {}, seed=0)), GRAPH, after)
    results = found.learnt.results
    assert results.kept is not None
    filled = (results.top.scores <= 0).any(axis=1)
    assert found.reached == 1
    assert np.flatnonzero(~results.kept & ~filled).tolist() == []
    assert (~results.kept).sum() == filled.sum() < 5


@pytest.mark.parametrize("model", ["spectral", "ease", "slim", "gf-cf", "turbo-cf"])
def test_what_was_learnt_stays_and_only_users_with_another_history_are_ranked_anew(model: str) -> None:
    before = learn(GRAPH, model, {}, seed=0)
    plain = PlainGraph.of(GRAPH)
    user, item = next(
        (user, item)
        for user in plain.nodes["User"]
        for item in plain.nodes["Item"]
        if (user, item) not in plain.edges["INTERACTED"]
    )
    plain.edges["INTERACTED"][user, item] = (1.0, 0)
    plain.nodes["User"]["zz-new"] = "Zed"
    plain.edges["INTERACTED"]["zz-new", item] = (1.0, 0)
    after = plain.snapshot()
    found = updated(made_of(before), GRAPH, after)
    rows = [after.users.ids.row(user), after.users.ids.row("zz-new")]
    assert found.reached == 2
    top, kept = found.learnt.results.top, found.learnt.results.kept
    anew = np.flatnonzero(~kept & (top.scores > 0).all(axis=1))  # type: ignore[operator]
    assert set(anew) <= set(rows)
    assert kept is not None
    assert not kept[rows].any()
    assert not np.isin(after.items.ids.row(item), top.items[rows])
    histories = after.interactions[rows]
    folded = before.model.fold_in(histories)
    seen = histories.toarray() > 0
    best = np.sort(np.where(seen, -np.inf, folded), axis=1)[:, ::-1][:, :20]
    positive = best > 0
    np.testing.assert_allclose(top.scores[rows][positive], best[positive], rtol=1e-3, atol=1e-5)


def test_a_new_item_of_a_vector_model_is_near_the_items_with_its_audience() -> None:
    before = learn(GRAPH, "spectral", {}, seed=0)
    plain = PlainGraph.of(GRAPH)
    liked = plain.edges["INTERACTED"]
    popular = max(plain.nodes["Item"], key=lambda item: sum(pair[1] == item for pair in liked))
    plain.nodes["Item"]["twin"] = "Twin"
    liked.update({(user, "twin"): value for (user, item), value in list(liked.items()) if item == popular})
    after = plain.snapshot()
    vectors = updated(made_of(before), GRAPH, after).learnt.results.vectors.items
    lengths = np.linalg.norm(vectors, axis=1)
    twin = after.items.ids.row("twin")
    likeness = vectors @ vectors[twin] / np.maximum(lengths * lengths[twin], 1e-12)
    likeness[twin] = -1
    assert after.items.ids.key(int(likeness.argmax())) == popular


def test_the_rule_says_why_everything_is_learnt_anew() -> None:
    rule = RefitRule(share=0.05, days=7, drop=0.7)
    today = datetime.now(UTC)
    assert rule.refit(SinceFit(today, 0.05)) is None
    changed = rule.refit(SinceFit(today, 0.06))
    assert changed == Refit("6.0% of the edges changed since it was fitted, more than 5.0%", chosen=False)
    old = rule.refit(SinceFit(today - timedelta(days=8), 0.0))
    assert old == Refit("it was fitted 8.0 days ago, more than 7", chosen=True)
    assert rule.refit(SinceFit(today, 0.0, hit_rate=0.07, first_hit_rate=0.1)) is None
    missed = rule.refit(SinceFit(today, 0.0, hit_rate=0.06, first_hit_rate=0.1))
    assert missed == Refit("6.0% of what was chosen since had been recommended, after 10.0% at first", chosen=True)


def test_what_became_of_a_graph_since_the_fit_adds_up_over_updates() -> None:
    first = SinceFit.of({"fitted": {"at": "2026-01-02T03:04:05+00:00", "changed": 0.01}}, 0.02, (30, 300))
    assert first is not None
    assert (first.changed, first.hit_rate, first.first_hit_rate) == (0.03, 0.1, 0.1)
    second = SinceFit.of({"fitted": first.to_json()}, 0.01, (1, 199))
    assert second is not None
    assert (round(second.changed, 6), second.hit_rate, second.first_hit_rate) == (0.04, None, 0.1)
    assert SinceFit.of({}, 0.0, (0, 0)) is None


def test_arrivals_are_new_interactions_of_those_who_were_there() -> None:
    learnt = learn(GRAPH, "p3", {}, seed=0)
    plain = PlainGraph.of(GRAPH)
    listed = GRAPH.items.ids.keys_of(learnt.results.top.items[0][:3])
    user = GRAPH.users.ids.key(0)
    unlisted = next(
        item
        for item in plain.nodes["Item"]
        if (user, item) not in plain.edges["INTERACTED"]
        and GRAPH.items.ids.row(item) not in learnt.results.top.items[0]
    )
    for item in (*listed, unlisted):
        plain.edges["INTERACTED"][user, item] = (1.0, 0)
    plain.edit("new user", 1)
    plain.edit("new item", 2)
    assert Affected(GraphChanges.between(GRAPH, plain.snapshot())).arrivals(learnt.results.top) == (3, 4)
