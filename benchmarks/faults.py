"""Faults by the hundred: what strikes a sync, what readers are served meanwhile, and what is left afterwards.

    python benchmarks/faults.py --fault kill --fault cut --rounds 100 [--seed 0] [--save FILE] [--folder FOLDER]
    python benchmarks/faults.py --table FILE [FILE ...]

Every round of a fault has a seed, which is printed where something is wrong; ``--seed`` with ``--rounds 1`` repeats
it. A server of the package's own is started in a temporary folder and destroyed at the end, with a generated graph on
it. A fault strikes a real ``graphrec-neo4j sync`` at a moment that the seed draws, while a process of its own asks all
questions of ``cypher/recommend`` over and over; then everything of ours is read and compared with what the generations
look like that were published in peace, and the next sync is made. The lease lasts 2 s instead of 15, so that hundreds
can be had; ``--lease 15`` takes the usual one. What is checked stands in docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from graphrec_neo4j.server import LocalServer

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "faults"))

from fault_kinds import FAULTS, churned, struck
from fault_proxy import STAGES
from fault_stage import Outcome, Stage
from fault_world import GENERATIONS, QUICK

# A full disk needs a small file system of its own for the folder, and root to make one.
EVERYWHERE = [*(kind for kind in FAULTS if kind != "disk"), "churn"]
HEAD = ("fault", "struck", *STAGES, "old", "new", "exit codes", "reads", "unanswered", "wrong", "orphans", "problems")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    kinds = [*FAULTS, "churn"]
    options.add_argument("--fault", action="append", choices=kinds, help="as often as wanted; default: all but disk")
    options.add_argument("--rounds", type=int, default=10, help="of each fault")
    options.add_argument("--seed", type=int, default=0, help="of the first round")
    options.add_argument("--lease", type=float, default=2.0, help="seconds")
    options.add_argument("--quick", action="store_true", help="three generations that are learnt at once, not five")
    options.add_argument("--save", type=Path, help="file to add an outcome a line to")
    options.add_argument("--folder", type=Path, help="for the server's home, instead of a temporary one")
    options.add_argument("--table", type=Path, nargs="+", help="only print the table of what was saved")
    given = options.parse_args()
    if given.table:
        rows = [json.loads(line) for path in given.table for line in path.read_text().splitlines()]
    else:
        with tempfile.TemporaryDirectory() as temporary:
            rows = run(given, Path(given.folder or temporary))
    print(table(rows))
    sys.exit(any(row["problems"] for row in rows))


def run(given: argparse.Namespace, folder: Path) -> list[dict[str, Any]]:
    """All rounds, one fault after another in each; a fault that leaves the database in ruins ends them."""
    folder.mkdir(parents=True, exist_ok=True)
    server, rows = LocalServer(folder / "server", fast_start=True), []
    server.start()
    try:
        with Stage(folder, server, QUICK if given.quick else GENERATIONS, given.lease) as stage:
            print(f"{len(stage.asks)} questions, {len(stage.generations)} generations", flush=True)
            for number in range(given.rounds):
                for kind in given.fault or EVERYWHERE:
                    began = time.monotonic()
                    strike = partial(struck, kind) if kind in FAULTS else churned
                    outcome = strike(stage, given.seed + number)
                    rows.append(asdict(outcome) | {"took": round(time.monotonic() - began, 1)})
                    tell(outcome)
                    if given.save:
                        with given.save.open("a") as file:
                            print(json.dumps(rows[-1], default=str), file=file)
    finally:
        server.destroy()
    return rows


def tell(outcome: Outcome) -> None:
    """One line a round, and what is wrong with it."""
    seconds = ", ".join(f"{what} {value:.1f} s" for what, value in outcome.seconds.items())
    print(
        f"{outcome.kind} --seed {outcome.seed}: {outcome.stage} ({outcome.moment}), exit {outcome.ended[0]}, served "
        f"{'new' if outcome.served == outcome.new else 'old'}, {outcome.heard.reads} reads; {seconds}",
        *(f"    PROBLEM: {one}" for one in outcome.problems),
        sep="\n",
        flush=True,
    )


def table(rows: list[dict[str, Any]]) -> str:
    """The fault table in Markdown, one row a fault, in the order of first appearance; missed ones are not counted."""
    kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        if row["stage"] != "missed" or row["kind"] == "calm":
            kinds[row["kind"]].append(row)
    lines = [HEAD, ["---"] * len(HEAD)] + [_row(kind, of_kind) for kind, of_kind in kinds.items()]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def _row(kind: str, rows: list[dict[str, Any]]) -> list[str]:
    stages = [sum(row["stage"] == stage for row in rows) for stage in STAGES]
    new = sum(row["served"] == row["new"] for row in rows)
    codes = sorted({row["ended"][0] for row in rows})
    ended = ", ".join(f"{code}: {sum(row['ended'][0] == code for row in rows)}" for code in codes)
    heard = [row["heard"] for row in rows]
    reads = sum(one["old"] + one["new"] + one["either"] + len(one["wrong"]) for one in heard)
    unanswered, wrong = sum(one["unanswered"] for one in heard), sum(len(one["wrong"]) for one in heard)
    orphans = sum(
        any("relationships" in one or "writing" in one or "stray" in one for one in row["problems"]) for row in rows
    )
    problems = sum(bool(row["problems"]) for row in rows)
    counts = (
        len(rows),
        *stages,
        len(rows) - new,
        new,
        ended,
        f"{reads:,}",
        f"{unanswered:,}",
        wrong,
        orphans,
        problems,
    )
    return [kind, *map(str, counts)]


if __name__ == "__main__":
    main()
