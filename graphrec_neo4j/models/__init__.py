"""Every model by name; modules are imported only when their model is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from graphrec_neo4j.errors import ModelError, nearest

if TYPE_CHECKING:
    from graphrec_neo4j.models.base import Recommender

MODELS: dict[str, tuple[str, str]] = {
    "popularity": ("popularity", "Popularity"),
    "recent-popularity": ("recent_popularity", "RecentPopularity"),
    "p3": ("p3", "P3"),
    "rp3beta": ("rp3beta", "RP3Beta"),
    "ppr": ("ppr", "PersonalizedPageRank"),
    "item-knn": ("item_knn", "ItemKNN"),
    "user-knn": ("user_knn", "UserKNN"),
    "slim": ("slim", "SLIM"),
    "covisit": ("covisit", "Covisit"),
    "ease": ("ease", "EASE"),
    "gf-cf": ("gf_cf", "GFCF"),
    "turbo-cf": ("turbo_cf", "TurboCF"),
    "bspm": ("bspm", "BSPM"),
    "ials": ("ials", "IALS"),
    "spectral": ("spectral", "Spectral"),
    "mf": ("mf", "MatrixFactorisation"),
    "two-tower": ("two_tower", "TwoTower"),
    "gcn": ("gcn", "GCN"),
    "gat": ("gat", "GAT"),
    "graphsage": ("graphsage", "GraphSAGE"),
    "ngcf": ("ngcf", "NGCF"),
    "lightgcn": ("lightgcn", "LightGCN"),
    "ultragcn": ("ultragcn", "UltraGCN"),
    "simgcl": ("simgcl", "SimGCL"),
    "directau": ("directau", "DirectAU"),
    "pinsage": ("pinsage", "PinSage"),
    "deepwalk": ("deepwalk", "DeepWalk"),
    "node2vec": ("node2vec", "Node2Vec"),
    "metapath2vec": ("metapath2vec", "MetaPath2Vec"),
    "social-gcn": ("social_gcn", "SocialGCN"),
    "hetero": ("hetero", "Hetero"),
    "han": ("han", "HAN"),
    "transe": ("transe", "TransE"),
    "distmult": ("distmult", "DistMult"),
    "rotate": ("rotate", "RotatE"),
    "auto": ("auto", "Auto"),
}


def model_class(name: str) -> type[Recommender]:
    """Return the class of a model; raises ModelError with the nearest name."""
    if name not in MODELS:
        raise ModelError(f"there is no model {name!r}{nearest(name, MODELS)}; see graphrec-neo4j models.")
    module, cls = MODELS[name]
    return getattr(import_module(f"graphrec_neo4j.models.{module}"), cls)


def create(name: str, **settings: Any) -> Recommender:
    """Return an unfitted model with ``settings`` changed from its defaults; raises ModelError."""
    return model_class(name).with_settings(**settings)
