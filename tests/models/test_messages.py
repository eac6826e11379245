"""What users' vectors are made of: messages entry by entry, and the reasons made of them, by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from learnt_networks import parts_of
from scipy import sparse

from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.messages import Messages
from graphrec_neo4j.models.taste import Tastes, TasteVectors
from graphrec_neo4j.results import NO_ITEM


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
