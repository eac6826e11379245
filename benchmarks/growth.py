"""How a sync grows: Gowalla and ten times Gowalla, each in a server of its own and synced from the command line.

    python benchmarks/growth.py [--model p3] [--set NAME=VALUE ...] [--memory 8GiB]

``ten`` is ten copies of Gowalla (298,580 users, 409,810 items) in which one edge in five leads to the same item of a
random copy instead. ``--memory`` is handed to ``graphrec-neo4j sync``, which refuses before it begins what would take
more; the largest resident size of its process is printed. The first sync of each size finds nothing published; a second
one, with nothing to do, follows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from walks import gowalla, ten_times

from graphrec_neo4j.database import Database
from graphrec_neo4j.schema_toml import schema_to_toml
from graphrec_neo4j.server import LocalServer
from graphrec_neo4j.settings import Connection
from graphrec_neo4j.snapshot import GraphSnapshot
from loaders.to_neo4j import to_neo4j


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default="p3")
    options.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="settings of the model")
    options.add_argument("--memory", help="the most that a sync may take")
    asked = options.parse_args()
    print(f"python {' '.join(sys.argv)}; {os.cpu_count()} cores", flush=True)
    taken: list[dict[str, float]] = []
    for grown in (False, True):
        snapshot = ten_times(gowalla()) if grown else gowalla()
        taken.append(one_size(snapshot, asked))
    print("growth: " + ", ".join(f"{stage} {taken[1][stage] / max(s, 0.1):.1f}" for stage, s in taken[0].items()))


def one_size(snapshot: GraphSnapshot, asked: argparse.Namespace) -> dict[str, float]:
    """Load, sync twice, say what it took; the seconds of each stage of the first sync."""
    with tempfile.TemporaryDirectory() as folder:
        local = LocalServer(Path(folder) / "home")
        local.start()
        try:
            started = time.perf_counter()
            with Database(local.connection()) as database:
                to_neo4j(database, snapshot)
            edges = sum(map(len, snapshot.edges.values()))
            print(f"{len(snapshot.users):,} users, {len(snapshot.items):,} items, {edges:,} edges", flush=True)
            print(f"    loaded in {time.perf_counter() - started:.1f} s", flush=True)
            first = synced(local.connection(), Path(folder), snapshot, asked)
            synced(local.connection(), Path(folder), snapshot, asked)
        finally:
            local.destroy()
    return first


def synced(
    connection: Connection, folder: Path, snapshot: GraphSnapshot, asked: argparse.Namespace
) -> dict[str, float]:
    """Run ``graphrec-neo4j sync``, and print its seconds and the largest resident size of its process."""
    (folder / "graphrec.toml").write_text(schema_to_toml(snapshot.schema), encoding="utf-8")
    command = [str(Path(sys.executable).parent / "graphrec-neo4j"), "sync", "--model", asked.model, "--json"]
    command += [part for pair in asked.set for part in ("--set", pair)]
    command += ["--memory", asked.memory] if asked.memory else []
    named = {f"NEO4J_{name.upper()}": getattr(connection, name) for name in ("uri", "username", "password", "database")}
    environment = os.environ | named | {"GRAPHREC_CACHE": str(folder / "cache")}
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=folder, env=environment, text=True) as process:
        assert process.stdout is not None
        answer: dict[str, Any] = json.loads(process.stdout.read())
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds: dict[str, float] = answer["seconds"]
    told = ", ".join(f"{stage} {took:.1f}" for stage, took in seconds.items())
    print(f"    sync: {time.perf_counter() - started:.1f} s, {used.ru_maxrss / 2**20:.2f} GiB ({told})", flush=True)
    return seconds


if __name__ == "__main__":
    main()
