"""Whether every model's reasons are true, on real data: ``evaluate --explanations`` of one model after another.

    python benchmarks/explanations.py movielens lastfm --pairs 200
    python benchmarks/explanations.py lastfm --model p3 --model lightgcn
    python benchmarks/explanations.py movielens --model deepwalk --fits 4

Each model is fitted with its defaults on the train part of a random fifth split (seed 0) of MovieLens latest-small or
LastFM (HetRec 2011), explains 200 of its own recommendations, and is scored again without the edges that the reasons
name: from the history that is left, and fitted anew without them. Two fits of a model that learns from random walks
differ by chance about as much as by three edges; ``--fits`` averages the scores of several. A line is printed as soon
as a model is done. Data sets are taken from the folder GRAPHREC_DATA or from ../shared/data, unpacked or as zips.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from graphrec_neo4j.models import MODELS, create
from graphrec_neo4j.models.base import Recommender
from graphrec_neo4j.ranking.faithfulness import faithfulness
from graphrec_neo4j.ranking.splits import random_split
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.formats import load

FOLDERS = {"movielens": "movielens_latest_small", "lastfm": "lastfm_social/hetrec2011_original"}
WITHOUT = ("popularity", "recent-popularity", "auto")
COLUMNS = ("exact", "error", "no edges", *("random", "popular", "same") * 2, "fidelity+", "fidelity-", "seconds")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=list(FOLDERS))
    parser.add_argument(
        "--model", action="append", choices=list(MODELS), help="all with reasons but auto, unless named"
    )
    parser.add_argument("--pairs", type=int, default=200)
    parser.add_argument("--fits", type=int, default=1, help="fits without the edges, whose scores are averaged")
    asked = parser.parse_args()
    models = asked.model or [name for name in MODELS if name not in WITHOUT]
    with TemporaryDirectory() as folder:
        for name in asked.names:
            train = random_split(load(name, unpacked(FOLDERS[name], Path(folder))).snapshot, seed=0).train
            print(f"\n{name}\n{'model':18}" + "".join(f"{column:>11}" for column in COLUMNS), flush=True)
            for model in models:
                print(line(model, train, asked.pairs, asked.fits), flush=True)
    print(f"command: python {' '.join(sys.argv)}")


def unpacked(name: str, folder: Path) -> Path:
    source = Path(os.environ.get("GRAPHREC_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    archive, _, inside = name.partition("/")
    if not (source / archive).is_dir():
        zipfile.ZipFile(source / f"{archive}.zip").extractall(folder)
        source = folder
    return source / archive / inside


def line(model: str, train: GraphSnapshot, pairs: int, fits: int) -> str:
    """One model's figures: against random and popular edges, and pairs of the same score, by history and by refit."""
    began = time.perf_counter()

    def fit(graph: GraphSnapshot, seed: int) -> Recommender:
        return create(model).fit(graph, seed=seed)

    told = faithfulness(fit(train, 0), train, fit, pairs, fits=fits)
    refitted = told["refitted"]
    cells = [
        f"{told['exact']}/{told['pairs']}",
        f"{told['largest_error']:.0e}",
        str(told["without_edges"]),
        *against(told),
        *against(refitted),
        *map(share, (told["fidelity_plus"], told["fidelity_minus"])),
        f"{time.perf_counter() - began:.0f}",
    ]
    return f"{model:18}" + "".join(f"{cell:>11}" for cell in cells)


def against(told: dict[str, Any]) -> list[str]:
    return [share(told["beats_random"]), share(told["beats_popular"]), str(told["same_as_random"])]


def share(value: Any) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
