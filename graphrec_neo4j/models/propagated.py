"""``PropagatedModel``: what all models have in common whose vectors are embeddings carried along the interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from graphrec_neo4j.models.base import Scores
from graphrec_neo4j.models.heard import Heard
from graphrec_neo4j.models.taste import TasteVectors, pattern
from graphrec_neo4j.models.trained_model import Floats, TrainedModel
from graphrec_neo4j.snapshot import GraphSnapshot

if TYPE_CHECKING:
    from graphrec_neo4j.training.learning import Learnt


class PropagatedModel(TrainedModel):
    """``score(u, i) = e_u . e_i``, with e the sum, by weights a_l, of a node's embedding carried l = 0 to L steps.

    After a loss on cosines a user's vector has length one. A user without interactions gets the most popular items.

    The propagation is linear, ``e_u = a_0 E_u + sum over the history of P_j / sqrt(d_u d_j)`` with
    ``P_j = sum_l a_(l+1) e_j^(l)``, so reasons are exact: how much lower the score were without what is carried to a
    user from an item that she likes, at length one again where that is the model's. An unseen user has only the sum.
    """

    reasons_are_exact = True

    def _heard(self, snapshot: GraphSnapshot, learnt: Learnt) -> Heard:
        return Heard(normalised=self.settings.learns_cosines)

    def _propagate(self, liked: sparse.csr_matrix, embeddings: Floats, weights: Floats) -> TasteVectors:
        """Carry the learnt embeddings (n_users + n_items, d) over ``liked`` and keep what scores and reasons need.

        ``weights`` (layers + 1,) are those of the embeddings carried 0 to ``layers`` times.
        """
        of_user, of_item = _inverse_roots(liked, axis=1), _inverse_roots(liked, axis=0)
        normalised = sparse.diags(of_user) @ liked @ sparse.diags(of_item)
        users, items = np.split(embeddings, [liked.shape[0]])
        user_sum, item_sum, history_sum = weights[0] * users, weights[0] * items, np.zeros_like(items)
        for weight in weights[1:]:
            history_sum += weight * items
            users, items = normalised @ items, normalised.T @ users
            user_sum += weight * users
            item_sum += weight * items
        user_vectors = user_sum * (of_user > 0)[:, None]
        item_vectors = item_sum * (of_item > 0)[:, None]
        user_divisor, item_divisor = self._divisor(user_vectors), self._divisor(item_vectors, self.settings.item_length)
        return TasteVectors(
            users=user_vectors / user_divisor,
            items=item_vectors / item_divisor,
            through=history_sum * of_item[:, None],
            scale=of_user / user_divisor[:, 0],
        )

    def _fold_in(self, histories: sparse.csr_matrix) -> Scores:
        liked = pattern(histories)
        vectors = (sparse.diags(_inverse_roots(liked, axis=1)) @ liked) @ self.parts.through
        return ((vectors / self._divisor(vectors)) @ self.parts.items.T).astype(np.float32)


def _inverse_roots(liked: sparse.csr_matrix, axis: int) -> Floats:
    """``1 / sqrt(degree)`` along ``axis`` as (n,) float32, 0 where there is no edge."""
    degrees = np.asarray(liked.sum(axis=axis)).ravel()
    return (np.where(degrees > 0, 1 / np.sqrt(np.maximum(degrees, 1)), 0)).astype(np.float32)
