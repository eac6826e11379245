"""Snapshots on disk: any comes back as it was, and what is damaged is nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from graph_strategies import snapshots
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graphrec_neo4j.ids import IdMap
from graphrec_neo4j.schema import default_schema
from graphrec_neo4j.snapshot import Edges, GraphSnapshot, Nodes
from graphrec_neo4j.snapshot_store import load_snapshot, save_snapshot
from loaders.from_generator import generate

within_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@within_one_folder
@given(snapshots())
def test_any_snapshot_comes_back(tmp_path: Path, snapshot: GraphSnapshot) -> None:
    path = tmp_path / "snapshot.npz"
    if save_snapshot(snapshot, path):
        read = load_snapshot(path)
        assert read == snapshot
        assert read is not None
        assert read.schema == snapshot.schema


def test_a_real_graph_comes_back_whole(tmp_path: Path) -> None:
    snapshot = generate(users=50, items=40, interactions_per_user=8, seed=3).snapshot
    assert save_snapshot(snapshot, tmp_path / "made" / "snapshot.npz")
    assert load_snapshot(tmp_path / "made" / "snapshot.npz") == snapshot
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["snapshot.npz"]


def test_what_is_not_there_is_nothing(tmp_path: Path) -> None:
    assert load_snapshot(tmp_path / "snapshot.npz") is None


@within_one_folder
@given(st.data())
def test_what_is_damaged_is_nothing_or_what_was_saved(tmp_path: Path, data: st.DataObject) -> None:
    path = tmp_path / "snapshot.npz"
    snapshot = generate(users=6, items=5, interactions_per_user=3, seed=3).snapshot
    save_snapshot(snapshot, path)
    whole = bytearray(path.read_bytes())
    if data.draw(st.booleans()):
        whole = whole[: data.draw(st.integers(0, len(whole) - 1))]
    else:
        place = data.draw(st.integers(0, len(whole) - 1))
        whole[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(whole))
    read = load_snapshot(path)
    assert read is None or read == snapshot


def test_a_file_that_holds_something_else_is_nothing(tmp_path: Path) -> None:
    path = tmp_path / "snapshot.npz"
    np.savez(path, about=np.array([1, 2, 3]))
    assert load_snapshot(path) is None
    path.write_text("no archive")
    assert load_snapshot(path) is None


@pytest.mark.parametrize("value", [object(), {1, 2}])
def test_values_that_json_does_not_know_are_not_saved(tmp_path: Path, value: object) -> None:
    schema = default_schema()
    data = schema.model_dump(by_alias=True)
    data["edges"]["INTERACTED"]["properties"] = ("where",)
    nodes = {name: Nodes(IdMap(name, ["x"], "string")) for name in schema.nodes}
    held = np.empty(1, dtype=object)
    held[0] = value
    one, none = np.zeros(1, dtype=np.int32), np.zeros(0, dtype=np.int32)
    edges = {name: Edges(none, none) for name in schema.edges}
    edges["INTERACTED"] = Edges(one, one, properties={"where": held})
    snapshot = GraphSnapshot(type(schema).model_validate(data), nodes, edges)
    assert not save_snapshot(snapshot, tmp_path / "snapshot.npz")
    assert not (tmp_path / "snapshot.npz").exists()
