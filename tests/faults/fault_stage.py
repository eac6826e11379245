"""The stage on which faults strike: one server, one graph on it, a proxy before it, a reader beside it, and syncs."""

from __future__ import annotations

import os
import signal
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from fault_proxy import STAGES, Moment, Proxy, Traffic
from fault_reader import Heard, Reader, answer, answer_digest
from fault_syncs import Ended, Sync, Syncs
from fault_world import Ask, Generation, Plain, asks, digest, graph_digest, load, look, orphans, pointer

from graphrec_neo4j.server import LocalServer
from graphrec_neo4j.settings import Connection

_LISTS = "MATCH (p:GraphRecRun {number: $run}) MATCH (u:User) RETURN u.id, u[p.items_in]"
_OURS = """
MATCH (n) WITH labels(n) AS labels, coalesce(n.id, n.uuid, n.name) AS id, n
RETURN labels, id,
       [key IN keys(n) WHERE n:GraphRecRun OR n:GraphRecPointer OR key STARTS WITH 'graphrec_' | [key, n[key]]]
ORDER BY labels, id
"""
_DRAWN = """
MATCH (a)-[r:RECOMMENDED|SIMILAR]->(b)
RETURN type(r) AS type, a.id AS a, b.id AS b, r.run AS run, r.until, r.rank, r.score
ORDER BY type, a, b, run
"""
_INDEXES = "SHOW INDEXES YIELD name, state WHERE state IS NOT NULL RETURN name, state ORDER BY name"
# They are committed by the server bit by bit, so no commit of theirs can go unanswered.
_SWEPT = ("results_clear", "results_delete", "results_end")


@dataclass
class Outcome:
    """One fault and what came of it; ``problems`` must be empty."""

    kind: str
    seed: int
    stage: str
    moment: str
    old: str
    new: str
    served: str = ""
    heard: Heard = field(default_factory=Heard)
    ended: list[int] = field(default_factory=list)
    said: str = ""
    problems: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    facts: dict[str, int] = field(default_factory=dict)


class Stage:
    """Use as a context manager. ``lease`` is how many seconds the lease of its syncs lasts."""

    def __init__(self, folder: Path, server: LocalServer, generations: Sequence[Generation], lease: float) -> None:
        self.folder, self.server, self.generations, self.lease = folder, server, list(generations), lease

    def __enter__(self) -> Stage:
        self.connection: Connection = self.server.connection()
        self.plain = Plain(self.connection)
        self.proxy = Proxy(int(self.connection.uri.rpartition(":")[2]))
        self.uri = f"bolt://127.0.0.1:{self.proxy.port}"
        self.syncs = Syncs(self.folder, self.connection, self.lease)
        self._prepare()
        return self

    def __exit__(self, *_: object) -> None:
        self.reader.close()
        self.syncs.close()
        self.proxy.close()
        self.plain.__exit__()

    def _prepare(self) -> None:
        """Publish every generation in peace, and take down what it looks like and what passes while it is written."""
        snapshot = load(self.connection)
        self.graph = graph_digest(self.plain)
        self.syncs.learn(self.uri, [(made.model, made.seed) for made in self.generations])
        self.looks: dict[str, str] = {}
        self.calm: dict[str, Traffic] = {}
        self.asks: list[Ask] = []
        known: dict[str, list[str]] = {}
        for generation in (*self.generations, self.generations[0]):
            ended = self.sync(generation)
            assert ended.code == 0, ended.said
            run = self.current()
            # The very first one writes into an empty slot, so what passes is taken down again when its turn comes.
            self.calm[str(generation)] = self.proxy.traffic
            self.looks[look(self.plain, run)] = str(generation)
            self.asks = self.asks or asks(snapshot, dict(self.plain.values(_LISTS, run=run)))
            with self.plain.session() as session:
                known[str(generation)] = [answer_digest(ask, answer(session, ask)) for ask in self.asks]
        assert len(self.looks) == len(self.generations)
        self.shown = self.generations[0]
        self.reader = Reader(self.connection, self.asks, known)

    def start(self, generation: Generation, *options: str, lease: float | None = None) -> Sync:
        """Start a sync through the proxy."""
        return self.syncs.start(self.uri, generation.model, generation.seed, *options, lease=lease)

    def sync(self, generation: Generation) -> Ended:
        """Sync in peace."""
        self.proxy.arm(None)
        return self.start(generation).wait()

    def current(self) -> int:
        """The number of the run that readers see."""
        return int(pointer(self.plain)["run"])

    def served(self) -> str:
        """The generation that is served, by everything that readers can see of it; empty if it is none."""
        return self.looks.get(look(self.plain, self.current()), "")

    def other(self, random: np.random.Generator, *but: Generation) -> Generation:
        """A generation that is not shown now, nor one of these."""
        return random.choice(
            np.array([made for made in self.generations if made not in (self.shown, *but)], dtype=object)
        )

    def orphans(self, *, kept: bool = True) -> list[str]:
        """What is there and belongs to nobody, and what became of the user's graph."""
        indexes = [f"graphrec_{what}_vector_{slot}" for what in ("item", "user") for slot in ("a", "b")]
        found = orphans(self.plain, set(self.looks), indexes, kept=kept)
        return found if graph_digest(self.plain) == self.graph else [*found, "the user's graph is not what it was"]

    def moment(
        self, random: np.random.Generator, generation: Generation, stages: Sequence[str] = STAGES[:-1]
    ) -> Moment:
        """A moment of a sync: anywhere in its bytes, or at a statement of a stage that is drawn first."""
        calm = self.calm[str(generation)]
        if stages == STAGES[:-1] and random.random() < 0.4:
            if random.random() < 0.5:
                return Moment(up=int(random.integers(calm.up)))
            return Moment(down=int(random.integers(calm.down)))
        by_stage: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for end, name in enumerate(calm.statements, 1):
            stage = Traffic(calm.statements[:end]).stage()
            by_stage[stage].append((name, calm.statements[:end].count(name)))
        # Renewals come by the clock, so their number is no moment of a sync.
        drawn = by_stage[random.choice([stage for stage in stages if by_stage[stage]])]
        drawn = [one for one in drawn if "lease_renew" not in one[0]]
        name, nth = drawn[int(random.integers(len(drawn)))]
        writes = name.startswith("write/") and not name.split("/")[1].startswith(_SWEPT)
        how = str(random.choice(["half", "sent", "late", *(["unanswered"] if writes else [])]))
        return Moment(name, nth, "sent", float(random.uniform(0, 0.06))) if how == "late" else Moment(name, nth, how)

    def server_pid(self) -> int:
        """The process of the server."""
        pid = self.server.status().pid
        assert pid is not None
        return pid

    def kill_server(self) -> None:
        """End the server as a loss of power would."""
        os.kill(self.server_pid(), signal.SIGKILL)

    def start_server(self) -> float:
        """Start it again, and return how many seconds that took."""
        began = time.monotonic()
        while self.server.status().pid is not None and not self.server.status().running:
            time.sleep(0.05)
        info = self.server.start()
        assert info.uri == self.connection.uri, "the server came back at another port"
        return time.monotonic() - began

    def look_at_all(self) -> str:
        """Everything of ours in the database, seen or not, as one digest."""
        return digest([self.plain.values(_OURS), self.plain.values(_DRAWN), self.plain.values(_INDEXES)])

    def pointer(self) -> dict[str, Any]:
        """What the pointer says."""
        return pointer(self.plain)


class Fault:
    """A fault as such: ``strike`` is called at its moment, ``finish`` waits until all is over.

    ``allowed`` are the exit codes that the sync may end with, ``stage_told`` what is said where the moment never came,
    or where the fault found nothing to strike at it, and so ``missed``.
    """

    allowed: tuple[int, ...] = (0,)
    stage_told = "missed"
    missed = False
    sync: Sync

    def __init__(self, stage: Stage, random: np.random.Generator, outcome: Outcome) -> None:
        self.stage, self.random, self.outcome = stage, random, outcome

    def begin(self) -> None:
        """Prepare, before the sync starts."""

    def start(self, generation: Generation) -> None:
        """Start the sync."""
        self.sync = self.stage.start(generation)

    def strike(self) -> None:
        """Do it."""

    def finish(self) -> Ended:
        """Wait for the end of the sync."""
        return self.sync.wait()

    def afterwards(self) -> None:
        """Look at what must hold before the next sync."""
