"""What each trained model adds to the blend of ``auto``: NDCG@20 with and without it, member by member.

    python benchmarks/blend_gain.py movielens lastfm sociallgn gowalla --users 4000

As in ``auto``, the settings of each family, and the weights of each blend, are chosen by NDCG@20 on a random 15 % of
the training interactions, and then everything is fitted on all of them. The blend without trained models, the same
with each alone, and with all, are judged on the test part; intervals are paired bootstraps over its users. Only the
random part is used, though ``auto`` looks at the newest one too where there are times.

Test parts: a random fifth of each user's interactions (seed 0) of MovieLens latest-small and LastFM (HetRec 2011), the
given ones of LastFM (SocialLGN) and Gowalla. Data sets are taken from the folder GRAPHREC_DATA or from ../shared/data,
unpacked or as zips.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from graphrec_neo4j.models.blend import Pool, gates_of, pool_of, search
from graphrec_neo4j.models.candidates import Family, families, made
from graphrec_neo4j.models.trials import Trials, Winner
from graphrec_neo4j.progress import silent
from graphrec_neo4j.ranking.bootstrap import percentile_interval, resampled_means
from graphrec_neo4j.ranking.metrics import hits_of, ndcg
from graphrec_neo4j.ranking.splits import Split, given_split, random_split
from loaders.formats import load
from loaders.from_edge_lists import read_interactions

TRAINED = {
    "mf": Family("mf", settings=lambda point: {"loss": "bsl"}),
    "lightgcn": Family("lightgcn"),
    "simgcl": Family("simgcl"),
    "social-gcn": Family("social-gcn"),
    "hetero": Family("hetero"),
    "distmult": Family("distmult"),
    "deepwalk": Family("deepwalk"),
}
NEED_TIES = {"social-gcn"}
SEED = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="+", choices=["movielens", "lastfm", "sociallgn", "gowalla"])
    parser.add_argument("--users", type=int, default=4000, help="how many users to choose and to judge on")
    parser.add_argument("--budget", type=float, default=300.0, help="seconds for the families without training")
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        for name in asked.names:
            compare(name, given(name, Path(folder)), asked.users, asked.budget)
    print(f"command: python {' '.join(sys.argv)}")


def given(name: str, folder: Path) -> Split:
    """The data set's train and test part."""
    if name == "movielens":
        return random_split(load("movielens", unpacked("movielens_latest_small", folder)).snapshot, seed=SEED)
    if name == "lastfm":
        return random_split(
            load("lastfm", unpacked("lastfm_social", folder) / "hetrec2011_original").snapshot, seed=SEED
        )
    at = unpacked({"sociallgn": "lastfm_sociallgn", "gowalla": "gowalla"}[name], folder)
    files = ("train_set.txt", "test_set.txt", "trust.txt") if name == "sociallgn" else ("train.txt", "test.txt")
    read = read_interactions(*(at / file for file in files))
    return given_split(read.snapshot, read.test)


def unpacked(name: str, folder: Path) -> Path:
    source = Path(os.environ.get("GRAPHREC_DATA") or Path(__file__).resolve().parents[2] / "shared" / "data")
    if (source / name).is_dir():
        return source / name
    zipfile.ZipFile(source / f"{name}.zip").extractall(folder)
    return folder / name


def compare(name: str, test: Split, most_users: int, budget: float) -> None:
    began = time.perf_counter()
    found = families(test.train, budget)
    base = {family: each for family, each in found.items() if family != "lightgcn"}
    ties = bool(test.train.schema.by_role("tie"))
    trained = {family: each for family, each in TRAINED.items() if ties or family not in NEED_TIES}
    split = random_split(test.train, 0.15, SEED)
    users = drawn(split, most_users)
    winners = Trials(split, users, budget, SEED, silent).best_of_each(base)
    winners |= Trials(split, users, np.inf, SEED, silent).best_of_each(trained)
    gated = [family for family in winners if family in base and base[family].gated]
    chosen_on = pool(winners, gated, split, users)
    fitted = {family: replace(won, model=made(won.variant).fit(test.train)) for family, won in winners.items()}
    judged_on = pool(fitted, gated, test, drawn(test, most_users))
    report(name, winners, gated, list(trained), chosen_on, judged_on)
    print(f"{time.perf_counter() - began:.0f} s")


def drawn(split: Split, most: int) -> npt.NDArray[np.int64]:
    users = split.users
    few = len(users) <= most
    return users if few else np.sort(np.random.default_rng(SEED).choice(users, most, replace=False))


def pool(winners: dict[str, Winner], gated: Sequence[str], split: Split, users: npt.NDArray[np.int64]) -> Pool:
    places, models = [list(winners).index(name) for name in gated], [won.model for won in winners.values()]
    return pool_of(models, users, split.train.seen, split.test, places, gates_of(split.train.interactions))


def report(
    name: str,
    winners: dict[str, Winner],
    gated: Sequence[str],
    trained: Sequence[str],
    chosen_on: Pool,
    judged_on: Pool,
) -> None:
    """Weigh every blend on one pool and judge it on the other."""
    without = [member for member in winners if member not in trained]
    blends = {"without": without, **{one: [*without, one] for one in trained}, "all": list(winners)}
    merits, values = {}, {}
    for blend, members in blends.items():
        weights = weighed(list(winners), gated, members, chosen_on)
        merits[blend] = chosen_on.merit(weights)
        values[blend] = ndcg(hits_of(judged_on.lists(weights), judged_on.truth), np.diff(judged_on.truth.indptr))
    print(f"\n{name}: {len(judged_on.items):,} users; NDCG@20")
    print(f"{'with':12}{'alone, chosen on':>18}{'blend, chosen on':>18}{'blend, test':>13}{'difference (95 %)':>32}")
    for blend in blends:
        alone = f"{winners[blend].merit:.4f}" if blend in winners else ""
        low, high = percentile_interval(resampled_means((values[blend] - values["without"])[:, None]))
        gain = values[blend].mean() - values["without"].mean()
        told = f"{gain:+.4f} ({low[0]:+.4f} to {high[0]:+.4f})" if blend != "without" else ""
        print(f"{blend:12}{alone:>18}{merits[blend]:18.4f}{values[blend].mean():13.4f}{told:>32}")


def weighed(names: Sequence[str], gated: Sequence[str], members: Sequence[str], on: Pool) -> tuple[float, ...]:
    """The weights of ``members`` as ``auto`` searches them, 0 for all others, gated ones last."""
    places = [names.index(member) for member in members]
    places += [len(names) + place for place, name in enumerate(gated) if name in members]
    some = replace(on, scores=np.ascontiguousarray(on.scores[:, :, places]))
    found = search(some.merit, len(members), len(places) - len(members))
    weights = np.zeros(on.scores.shape[2])
    weights[places] = found
    return tuple(weights.tolist())


if __name__ == "__main__":
    main()
