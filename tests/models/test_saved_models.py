"""Saved models are data: reading one runs nothing, and what cannot be read is one sentence."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from toy_graphs import communities

from graphrec_neo4j.errors import ModelError
from graphrec_neo4j.models import create


class Touch:
    """What unpickles into a file that was not there, as a stranger's model could do worse."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    create("p3").fit(communities()).save(tmp_path / "p3")
    return tmp_path / "p3"


@pytest.mark.parametrize("name", ["popularity", "another"])
def test_an_object_among_the_arrays_is_refused_and_not_made(saved: Path, name: str) -> None:
    touched = saved / "touched"
    with np.load(saved / "model.npz") as file:
        arrays = {kept: file[kept] for kept in file.files}
    np.savez(saved / "model.npz", **{**arrays, name: np.array([Touch(touched)], dtype=object)})
    with pytest.raises(ModelError, match=r"holds no p3 model that can be read \(ValueError\); train it again"):
        create("p3").restore(saved)
    assert not touched.exists()
    np.load(saved / "model.npz", allow_pickle=True)[name]
    assert touched.exists()


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", '{"model": "p3"}', "\ud800".encode("utf-8", "surrogatepass")]
)
def test_a_description_that_is_none_is_refused(saved: Path, text: str | bytes) -> None:
    (saved / "model.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError, match="holds no p3 model that can be read"):
        create("p3").restore(saved)


def test_missing_cut_and_foreign_files_are_refused(saved: Path) -> None:
    whole = (saved / "model.npz").read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], b"not an archive", b"\x80\x04N."):
        (saved / "model.npz").write_bytes(damaged)
        with pytest.raises(ModelError, match="holds no p3 model that can be read"):
            create("p3").restore(saved)
    (saved / "model.npz").unlink()
    with pytest.raises(ModelError, match="FileNotFoundError"):
        create("p3").restore(saved)
    about = json.loads((saved / "model.json").read_text())
    (saved / "model.json").write_text(json.dumps({**about, "model": "ease"}))
    with pytest.raises(ModelError, match="holds a ease model, not p3"):
        create("p3").restore(saved)


def test_a_member_that_says_it_is_larger_than_it_is_is_refused_without_taking_that_memory(saved: Path) -> None:
    """A header of an array of 2**50 numbers, and none of them."""
    header = b"\x93NUMPY\x01\x00\x76\x00"
    about = f"{{'descr': '<f8', 'fortran_order': False, 'shape': ({2**50},), }}".encode().ljust(0x75) + b"\n"
    with zipfile.ZipFile(saved / "model.npz", "w") as archive:
        archive.writestr("popularity.npy", header + about)
    with pytest.raises(ModelError, match="holds no p3 model that can be read"):
        create("p3").restore(saved)
