"""The losses of knowledge graph embeddings, on cosines: between vectors of length one ``|q - a|^2 = 2 - 2 cos(q, a)``.

What the papers say of squared distances, halved, holds of cosines: an answer is near where its cosine is large, and a
margin of m between cosines is one of 2m between squared distances.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from graphrec_neo4j.training.table_sums import Against


def margin_ranking(positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """``mean of max(0, margin - p + n)`` over m pairs of a right and a wrong answer's score, (m,) each.

    Returns a scalar. Bordes et al.: TransE, NIPS 2013, equation 1.
    """
    return (margin - positive + negative).clamp(min=0).mean()


def self_adversarial(
    positive: Tensor, users: Tensor, against: Against, row: Tensor, margin: float, temperature: float
) -> Tensor:
    """``mean of -log sigmoid((p - m)/t) - sum_j a_j log sigmoid((m - n_j)/t)``, halved, over the positives.

    The a_j are the softmax of a user's ``n_j/t``, taken as constants, so that wrong answers weigh by how right they
    seem. ``positive`` (m,) of the users ``row`` (m,), ``users`` (b, d). Cosines end at 1, hence the temperature t.
    Returns a scalar. Sun et al.: RotatE, ICLR 2019 (arXiv 1902.10197), equations 4 to 6, whose gamma is the margin m.
    """
    table = (users @ against.items.T).index_put((against.row, against.column), users.new_tensor(-torch.inf))
    with torch.no_grad():
        likely = torch.softmax(table / temperature + against.weights.log(), dim=1).nan_to_num()
    wrong = (likely * softplus((table - margin) / temperature)).sum(1)
    return (softplus((margin - positive) / temperature) + wrong[row]).mean() / 2
