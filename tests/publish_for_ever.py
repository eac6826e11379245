"""Publish one run after another until killed: ``python publish_for_ever.py URI PASSWORD``."""

from __future__ import annotations

import sys
from dataclasses import replace

from published import neighbours_for, results_for, snapshot_of

from graphrec_neo4j.database import Database
from graphrec_neo4j.lease import Lease
from graphrec_neo4j.runs import all_runs
from graphrec_neo4j.settings import Connection
from loaders.results_to_neo4j import RunDraft, publish


def main() -> None:
    snapshot = snapshot_of(range(20), range(10))
    with Database(Connection(sys.argv[1], "neo4j", sys.argv[2])) as database:
        seed = max((run.seed for run in all_runs(database)), default=0)
        # Short, so that the next one need not wait long for the lease of one that was killed.
        with Lease(database, seconds=1, renew=0.2) as lease:
            print("ready", flush=True)
            while True:
                seed += 1
                draft = RunDraft("popularity", seed=seed)
                results = results_for(snapshot, seed, d=0)
                similar = neighbours_for(len(snapshot.items), seed) if seed % 3 else None
                publish(database, snapshot, replace(results, similar=similar), draft, lease)


if __name__ == "__main__":
    main()
