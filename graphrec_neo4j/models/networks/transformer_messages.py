"""What the layers of a typed transformer tell users, message by message."""

from __future__ import annotations

import math
import warnings
from typing import NamedTuple, cast

import torch
from torch import Tensor

from graphrec_neo4j.models.networks.hetero import Blocks, HeteroEncoder, TransformerLayer
from graphrec_neo4j.models.networks.typed_edges import USERS

with warnings.catch_warnings():
    # PyTorch Geometric still compiles parts of itself with torch.jit.script, which torch tells every user.
    warnings.filterwarnings("ignore", message=".*torch.jit.script.*", category=FutureWarning)
    from torch_geometric.utils import scatter, softmax


class Told(NamedTuple):
    """What is told to users along one relation: ``shares`` (m, heads) entry by entry of what nodes ``said`` (n, d)."""

    shares: Tensor
    said: Tensor


@torch.no_grad()
def told_to_users(network: HeteroEncoder) -> tuple[dict[int, Told], Tensor, Tensor]:
    """Return what all layers tell users by each relation to them, how far the gelus let it pass, and where it leads.

    Layers stand side by side: attention (m, layers * heads) and values (n, layers * d) by the number of a relation;
    ``gelu(z) / z`` of what each user hears in all (n_users, layers * d); and the linear maps (d, layers * d) from there
    to her final vector, on the way through all skip connections above, turned round.
    """
    *below, _ = network.carried()
    steps = [cast(TransformerLayer, step) for step in network.steps]
    layers = [_told(step, h) for step, h in zip(steps, below, strict=True)]
    told = {
        number: Told(*(torch.cat([each[number][part] for each, _ in layers], dim=1) for part in range(2)))
        for number in layers[0][0]
    }
    opened = torch.cat([each for _, each in layers], dim=1)
    return told, opened, torch.cat(_onward(steps), dim=1) / (len(steps) + 1)


def _told(step: TransformerLayer, h: Blocks) -> tuple[dict[int, Told], Tensor]:
    """What one layer tells users by relation, and ``gelu(z) / z`` (n_users, d) of what they hear in all."""
    layer, users = step.layer, step.names[USERS]
    tables = layer.kqv_lin({step.names[block]: x for block, x in h.items()})
    by_head = {name: each.view(len(each), 3, layer.heads, -1) for name, each in tables.items()}
    query = by_head[users][:, 1]
    of_keys, of_values = (
        each.weight.view(layer.heads, len(step.edges), *each.weight.shape[1:]) for each in (layer.k_rel, layer.v_rel)
    )
    raw, said, ends = {}, {}, {}
    for number, (kind, (source, user)) in enumerate(step.edges.items()):
        if kind[2] == users:
            key, _, value = by_head[kind[0]].unbind(dim=1)
            keys = torch.einsum("nhd,hde->nhe", key, of_keys[:, number])
            said[number], ends[number] = torch.einsum("nhd,hde->nhe", value, of_values[:, number]), (source, user)
            raw[number] = (query[user] * keys[source]).sum(dim=-1) * layer.p_rel["__".join(kind)]
    all_users = torch.cat([user for _, user in ends.values()])
    shares = softmax(torch.cat(list(raw.values())) / math.sqrt(query.shape[-1]), all_users, num_nodes=len(query))
    by_relation = dict(zip(raw, shares.split([len(each) for each in raw.values()]), strict=True))
    messages = torch.cat([by_relation[number][:, :, None] * said[number][ends[number][0]] for number in raw])
    heard = scatter(messages, all_users, dim_size=len(query)).flatten(start_dim=1)
    told = {number: Told(by_relation[number], said[number].flatten(start_dim=1)) for number in raw}
    return told, torch.special.ndtr(heard)


def _onward(steps: list[TransformerLayer]) -> list[Tensor]:
    """What becomes of each layer's outputs in the sum of all: through its own map, then kept by the skips above."""
    kept, maps = 1.0, []
    for step in reversed(steps):
        users = step.names[USERS]
        share = step.layer.skip[users].sigmoid()
        maps.append(kept * share * step.layer.out_lin.lins[users].weight)
        kept = 1.0 + (1.0 - share) * kept
    return maps[::-1]
