"""Syncs to be struck: the real command line in a process of its own, forked off one that has learnt already.

What a sync learns does not matter to what happens to it while it reads and writes, so every generation is learnt
once, and all that follow take the results from memory; everything else is what ``graphrec-neo4j sync`` does. Run as
a script, this file is that process: it reads requests, a line of JSON each, and answers each with one line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from graphrec_neo4j.settings import Connection

_HERE = Path(__file__).resolve()


@dataclass(frozen=True)
class Ended:
    """How a sync ended: ``code`` is negative for the signal that killed it; ``said`` is all of stderr."""

    code: int
    answer: dict[str, Any] | None
    said: str
    seconds: float

    def sentence(self) -> bool:
        """Say whether it ended well, or was killed, or told in one sentence why not."""
        lines = [line for line in self.said.splitlines() if line.strip()]
        return self.code in (0, -signal.SIGKILL) or (
            len(lines) == 1 and lines[0].startswith("error: ") and lines[0].endswith(".")
        )


class Syncs:
    """Starts syncs; ``lease`` is how many seconds theirs lasts, in place of the 15 of a user's."""

    def __init__(self, folder: Path, connection: Connection, lease: float) -> None:
        self._folder, self._lease, self._number = folder, lease, 0
        environment = {
            **os.environ,
            "NEO4J_USERNAME": connection.username,
            "NEO4J_PASSWORD": connection.password,
            "GRAPHREC_CACHE": str(folder / "cache"),
        }
        self._process = subprocess.Popen(
            [sys.executable, str(_HERE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=folder,
            env=environment,
        )

    def close(self) -> None:
        """End the process that forks."""
        self._process.kill()
        self._process.wait()

    def learn(self, uri: str, generations: Sequence[tuple[str, int]]) -> None:
        """Learn every generation once."""
        self._ask({"learn": list(generations), "uri": uri})

    def start(self, uri: str, model: str, seed: int, *options: str, lease: float | None = None) -> Sync:
        """Start a sync against ``uri``."""
        self._number += 1
        out = str(self._folder / f"sync-{self._number % 8}")
        arguments = ["sync", "--uri", uri, "--model", model, "--seed", str(seed), "--json", *options]
        made = self._ask({"run": arguments, "out": out, "lease": lease or self._lease})
        return Sync(self, made["pid"], Path(out), time.monotonic())

    def _ask(self, request: dict[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def poll(self, pid: int) -> int | None:
        """The status of a sync that ended, else None."""
        return self._ask({"poll": pid})["status"]


@dataclass
class Sync:
    """One sync that runs."""

    syncs: Syncs
    pid: int
    out: Path
    began: float
    ended: Ended | None = None
    overdue: str = ""

    def signal(self, number: int) -> None:
        """Send a signal; a process that ended in the meantime is no error."""
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return

    def poll(self) -> Ended | None:
        """How it ended; None while it runs, or stands still."""
        if self.ended is None and (status := self.syncs.poll(self.pid)) is not None:
            code = os.waitstatus_to_exitcode(status)
            told = Path(f"{self.out}.out").read_text()
            said = Path(f"{self.out}.err").read_text() + self.overdue
            self.ended = Ended(code, json.loads(told) if code == 0 else None, said, time.monotonic() - self.began)
        return self.ended

    def wait(self, seconds: float = 180.0) -> Ended:
        """Wait for its end; one that takes longer is killed, and says so."""
        while (ended := self.poll()) is None:
            if time.monotonic() - self.began > seconds and not self.overdue:
                self.overdue = "it had to be killed, as it did not end"
                self.signal(signal.SIGKILL)
            time.sleep(0.02)
        return ended


def _serve() -> None:
    from graphrec_neo4j import cli, lease
    from graphrec_neo4j import sync as syncing
    from graphrec_neo4j.database import Database
    from graphrec_neo4j.schema import default_schema
    from graphrec_neo4j.settings import given_connection
    from loaders.from_neo4j import from_neo4j

    learnt: dict[tuple[str, str, int], Any] = {}
    really = syncing.learn

    def remembered(snapshot: Any, model: str, settings: Any, **given: Any) -> Any:
        key = (snapshot.digest, model, given["seed"])
        return learnt[key] if key in learnt else really(snapshot, model, settings, **given)

    def learn(request: dict[str, Any]) -> dict[str, Any]:
        given = given_connection(request["uri"])
        assert given
        with Database(given) as database:
            snapshot = from_neo4j(database, default_schema())
        for model, seed in request["learn"]:
            learnt[snapshot.digest, model, seed] = really(snapshot, model, {}, seed=seed)
        return {"digest": snapshot.digest}

    def run(request: dict[str, Any]) -> None:
        for number, suffix in ((1, ".out"), (2, ".err")):
            os.dup2(os.open(request["out"] + suffix, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), number)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        # A shell that starts jobs in the background has them ignore Ctrl-C.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        syncing.learn = remembered
        seconds = request["lease"]
        kept = lease.Lease.__init__.__kwdefaults__
        kept.update(seconds=seconds, renew=seconds / 3)
        lease._BATCH_SECONDS = min(lease._BATCH_SECONDS, 8.0)
        sys.argv = ["graphrec-neo4j", *request["run"]]
        cli.main()

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        request = json.loads(line)
        if "learn" in request:
            told: dict[str, Any] = learn(request)
        elif "poll" in request:
            done, status = os.waitpid(request["poll"], os.WNOHANG)
            told = {"status": status if done else None}
        else:
            pid = os.fork()
            if not pid:
                answers.close()
                run(request)
                os._exit(0)
            told = {"pid": pid}
        print(json.dumps(told), file=answers, flush=True)


if __name__ == "__main__":
    _serve()
