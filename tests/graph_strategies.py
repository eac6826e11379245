"""Hypothesis strategies for whole typed graphs: odd names, both kinds of keys, missing values, every stored time."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import GraphSchema
from graphrec_neo4j.snapshot import MISSING_TIME, Edges, GraphSnapshot, Nodes

ODD_NAMES = ["a`b", "a\\u0060b", "na me", 'quo"te', "sing'le", "Ünïcödé", "名前", "\\", "``", "$p", "{b}", "// c", "😀"]

DAY = 86_400_000
names = st.one_of(
    st.sampled_from(ODD_NAMES),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=6),
)
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
int64 = st.integers(-(2**63), 2**63 - 1)
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.one_of(st.none(), st.booleans(), int64, numbers, texts, st.lists(int64, min_size=1, max_size=3))
times = {
    "s": st.integers(-(2**53), 2**53).map(lambda s: s * 1000),
    "ms": st.integers(-(2**63) + 1, 2**63 - 1),
    "date": st.integers(-700_000, 2_900_000).map(lambda day: day * DAY),
    "datetime": st.integers(-700_000 * DAY, 2_900_000 * DAY),
    "text": st.integers(-700_000 * DAY, 2_900_000 * DAY),
}


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), strategy)


@st.composite
def schemas(draw: st.DrawFn) -> GraphSchema:
    """Two or three node types and up to three edge types, stored as relationships."""
    types = draw(st.lists(names, min_size=2, max_size=3, unique=True))
    labels = draw(st.lists(names, min_size=len(types), max_size=len(types), unique=True))
    nodes = {}
    for name, label in zip(types, labels, strict=True):
        key, called, feature, text = draw(st.lists(names, min_size=4, max_size=4, unique=True))
        nodes[name] = {
            "label": label,
            "key": key,
            "key_type": draw(st.sampled_from(["string", "integer"])),
            "name": draw(maybe(st.just(called))),
            "features": draw(st.sampled_from([(), (feature,)])),
            "text": draw(st.sampled_from([(), (text,)])),
        }
    edges = {}
    edge_names = names.filter(lambda name: name != "*")
    stored = draw(st.lists(names, min_size=3, max_size=3, unique=True))
    for name, kind in zip(draw(st.lists(edge_names, max_size=3, unique=True)), stored, strict=False):
        weight, time, extra = draw(st.lists(names, min_size=3, max_size=3, unique=True))
        edges[name] = {
            "from": draw(st.sampled_from(types)),
            "to": draw(st.sampled_from(types)),
            "type": kind,
            "weight": draw(maybe(st.just(weight))),
            "time": draw(maybe(st.just(time))),
            "time_unit": draw(st.sampled_from(sorted(times))),
            "properties": draw(st.sampled_from([(), (extra,)])),
            "duplicates": draw(st.sampled_from(["sum", "last", "max", "error"])),
        }
        edges[name]["directed"] = edges[name]["from"] != edges[name]["to"] or draw(st.booleans())
    return GraphSchema.model_validate({"recommend_to": types[0], "recommend": types[1], "nodes": nodes, "edges": edges})


@st.composite
def snapshots(draw: st.DrawFn) -> GraphSnapshot:
    """A graph under a random schema, with one to six nodes of each type."""
    schema = draw(schemas())
    nodes = {name: draw(_nodes(name, schema)) for name in schema.nodes}
    return GraphSnapshot(schema, nodes, {name: draw(_edges(name, schema, nodes)) for name in schema.edges})


@st.composite
def _nodes(draw: st.DrawFn, name: str, schema: GraphSchema) -> Nodes:
    kind = schema.nodes[name]
    keys = draw(st.lists(texts if kind.key_type == "string" else int64, min_size=1, max_size=6, unique=True))
    n = len(keys)
    return Nodes(
        IdMap(name, keys, kind.key_type),
        _objects(draw(_column(maybe(texts), n))) if kind.name else None,
        np.array(draw(_column(_or_nan(numbers), n))).reshape(n, 1) if kind.features else None,
        {text: _objects(draw(_column(maybe(texts), n))) for text in kind.text},
    )


@st.composite
def _edges(draw: st.DrawFn, name: str, schema: GraphSchema, nodes: dict[str, Nodes]) -> Edges:
    kind = schema.edges[name]
    pairs = st.tuples(*(st.integers(0, len(nodes[end]) - 1) for end in (kind.source, kind.target)))
    joined = sorted(draw(st.lists(pairs, max_size=12, unique=True)))
    n = len(joined)
    ends = np.array(joined, dtype=np.int32).reshape(n, 2)
    moments = st.one_of(st.just(int(MISSING_TIME)), times[kind.time_unit])
    return Edges(
        ends[:, 0],
        ends[:, 1],
        np.array(draw(_column(_or_nan(numbers), n)), dtype=np.float64) if kind.weight else None,
        np.array(draw(_column(moments, n)), dtype=np.int64) if kind.time else None,
        {extra: _objects(draw(_column(values, n))) for extra in kind.properties},
    )


def _or_nan(strategy: st.SearchStrategy[float]) -> st.SearchStrategy[float]:
    return st.one_of(st.just(float("nan")), strategy)


def _column(strategy: st.SearchStrategy[Any], n: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(strategy, min_size=n, max_size=n)


def _objects(listed: list[Any]) -> np.ndarray:
    return np.fromiter(listed, dtype=object, count=len(listed))
