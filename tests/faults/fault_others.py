"""What others do while a sync runs: they write to the same nodes, delete and make users and items, fill the disk."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
from fault_stage import Fault
from fault_syncs import Ended
from fault_world import Plain

_VISIT = """
UNWIND $keys AS key
CALL (key) {
  MATCH (u:User {id: key}) SET u.visits = coalesce(u.visits, 0) + 1
  UNION ALL
  MATCH (i:Item {id: key}) SET i.visits = coalesce(i.visits, 0) + 1
}
"""
_WRITTEN_TO = "MATCH (n) WHERE n:User OR n:Item RETURN n.id AS id ORDER BY id"
_VISITS = "MATCH (n) WHERE n.visits IS NOT NULL RETURN sum(n.visits)"
_FORGET_VISITS = "MATCH (n) WHERE n.visits IS NOT NULL REMOVE n.visits"
_COME = "UNWIND range($from, $from + 4) AS n CREATE (:User {id: 'extra ' + n}) CREATE (:Item {id: 'extra ' + n})"
_GO = "MATCH (n) WHERE n.id STARTS WITH 'extra ' AND toInteger(substring(n.id, 6)) < $below DETACH DELETE n"
_WRITERS, _KEYS_A_WRITE = 2, 20
_BLOCK = bytes(1 << 20)
_COMMAND = (sys.executable, "-c", "from graphrec_neo4j.cli import main; main()")


class Busy(Fault):
    """Applications count visits on the users and items that a sync writes to, each transaction in its own order."""

    stage_told = "throughout"

    def begin(self) -> None:
        self._stop, self._commits, self._slowest = threading.Event(), 0, 0.0
        self._attempts, self._errors = [0], list[str]()
        keys = [row[0] for row in self.stage.plain.values(_WRITTEN_TO)]
        seeds = [int(self.random.integers(1 << 30)) for _ in range(_WRITERS)]
        self._writers = [threading.Thread(target=self._write, args=(keys, seed)) for seed in seeds]
        for writer in self._writers:
            writer.start()

    def finish(self) -> Ended:
        ended = self.sync.wait()
        self._stop.set()
        for writer in self._writers:
            writer.join()
        counted = self.stage.plain.value(_VISITS) or 0
        self.stage.plain.write(_FORGET_VISITS)
        if counted != self._commits * _KEYS_A_WRITE:
            self.outcome.problems.append(f"{counted} visits counted of {self._commits * _KEYS_A_WRITE} committed")
        self.outcome.problems += [f"a writer failed: {error}" for error in self._errors]
        self.outcome.seconds |= {"slowest write": self._slowest}
        self.outcome.facts |= {"writes": self._commits, "writes tried again": self._attempts[0] - self._commits}
        return ended

    def _write(self, keys: list[str], seed: int) -> None:
        random = np.random.default_rng(seed)
        with Plain(self.stage.connection) as plain:
            while not self._stop.is_set():
                began = time.monotonic()
                chosen = random.choice(keys, _KEYS_A_WRITE, replace=False).tolist()
                try:
                    plain.counted_write(_VISIT, self._attempts, keys=chosen)
                except Exception as error:  # whatever it is, the application would have seen it
                    self._errors.append(repr(error)[:300])
                    return
                self._commits += 1
                self._slowest = max(self._slowest, time.monotonic() - began)


class Churn(Fault):
    """Users and items that a sync has read are gone when it writes, and others are there that it has not read."""

    def begin(self) -> None:
        self.stage.plain.write(_COME, **{"from": 0})
        self._changed = threading.Event()
        self.process = subprocess.Popen(
            [*_COMMAND, "sync", "--uri", self.stage.uri, "--model", "popularity", "--seed", str(self.outcome.seed)],
            env={
                **os.environ,
                "NEO4J_USERNAME": self.stage.connection.username,
                "NEO4J_PASSWORD": self.stage.connection.password,
                "GRAPHREC_CACHE": str(self.stage.folder / "cache"),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def strike(self) -> None:
        # In a thread of its own: what it waits for may have to pass through the proxy that calls this.
        threading.Thread(target=self._change, daemon=True).start()

    def finish(self) -> Ended:
        began = time.monotonic()
        said = self.process.communicate()[1]
        self._changed.wait(30)
        return Ended(self.process.returncode, None, said, time.monotonic() - began)

    def afterwards(self) -> None:
        wrong = self.stage.plain.value("MATCH (n) WHERE n.id STARTS WITH 'extra ' RETURN count(n)") != 14
        self.outcome.problems += ["others' nodes are not all there"] if wrong else []
        self.stage.plain.write(_GO, below=1000)

    def _change(self) -> None:
        self.stage.plain.write(_GO, below=3)
        self.stage.plain.write(_COME, **{"from": 100})
        self._changed.set()


class Disk(Fault):
    """The disk of the server is full from one moment on; later there is room again and the server is restarted.

    The server's home must be on a small file system of its own.
    """

    allowed = (0, 3)
    filler: Path | None = None

    def strike(self) -> None:
        self.filler = self.stage.folder / "filler"
        with suppress(OSError), self.filler.open("wb", buffering=0) as file:
            while True:
                file.write(_BLOCK)
        with suppress(OSError), self.filler.open("ab", buffering=0) as file:
            while True:
                file.write(b"0")

    def finish(self) -> Ended:
        ended = self.sync.wait()
        if self.filler:
            self.filler.unlink()
            self.stage.server.stop()
            self.outcome.seconds["restart"] = self.stage.start_server()
        return ended
