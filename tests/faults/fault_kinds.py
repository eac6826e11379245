"""The faults: how each strikes a sync, what may come of the sync itself, and what must hold afterwards."""

from __future__ import annotations

import signal
import threading
import time

import numpy as np
from fault_others import Busy, Churn, Disk
from fault_stage import Fault, Outcome, Stage
from fault_syncs import Ended
from fault_world import Generation

# What the next sync may take beyond what its predecessor's lease still runs, on a machine that does other things.
_PATIENCE = 180.0
# Where a sync has nothing more to lose, it may end well.
_LATE = ("missed", "tidy", "after")
_ACQUIRE = "write/lease_acquire"
_TOO_LATE = {"zombie": (*_LATE, "pointer")}


def struck(kind: str, stage: Stage, seed: int) -> Outcome:
    """Let one fault of a kind strike a sync, and look at everything afterwards."""
    random = np.random.default_rng([seed, list(FAULTS).index(kind)])
    old, new = stage.shown, stage.other(random)
    moment = stage.moment(random, new)
    outcome = Outcome(kind, seed, "", str(moment), str(old), str(new))
    stage.reader.listen(str(old), str(new))
    fault = FAULTS[kind](stage, random, outcome)
    ready = threading.Event()

    def strike() -> None:
        ready.wait(10)
        fault.strike()

    stage.proxy.arm(moment, strike)
    fault.begin()
    fault.start(new)
    ready.set()
    ended = fault.finish()
    outcome.stage = fault.stage_told if fault.missed else stage.proxy.struck or fault.stage_told
    stage.proxy.arm(None)
    _told(outcome, ended)
    outcome.served = stage.served()
    if outcome.served not in (outcome.old, outcome.new):
        outcome.problems.append(f"served: {outcome.served or 'no generation'}")
    # What a zombie published before it stood still, another has followed upon since.
    if ended.code == 0 and outcome.served != str(new) and kind != "zombie":
        outcome.problems.append("the sync said that it published, and did not")
    outcome.heard += stage.reader.heard()
    fault.afterwards()
    _next(stage, random, outcome, new)
    _heard(outcome)
    return outcome


def churned(stage: Stage, seed: int) -> Outcome:
    """Let others delete and make users and items while a sync runs; what it publishes is like no generation."""
    random = np.random.default_rng(seed)
    old, new = stage.shown, stage.other(random)
    moment = stage.moment(random, new, ("before", "writing", "checking"))
    outcome = Outcome("churn", seed, "", str(moment), str(old), str(new))
    fault = Churn(stage, random, outcome)
    stage.proxy.arm(moment, fault.strike)
    fault.begin()
    ended = fault.finish()
    outcome.stage = stage.proxy.struck or "missed"
    stage.proxy.arm(None)
    _told(outcome, ended)
    fault.afterwards()
    for generation in (new, old):
        if stage.sync(generation).code:
            outcome.problems.append("the next sync failed")
    stage.shown, outcome.served = old, stage.served()
    outcome.problems += stage.orphans()
    return outcome


def _next(stage: Stage, random: np.random.Generator, outcome: Outcome, new: Generation) -> None:
    """Sync again as people do: the same once more, all of it, or what was published before the fault."""
    before = next(made for made in stage.generations if str(made) == outcome.old)
    again, options = [(new, ()), (new, ("--full",)), (before, ())][int(random.integers(3))]
    if outcome.ended[0] == 0 and outcome.kind != "zombie":
        # The sync that was struck published after all, so it is the one that must leave nothing behind.
        outcome.problems += stage.orphans()
        stage.shown = new
        return
    began = time.monotonic()
    stage.reader.listen(outcome.served or outcome.old, str(again))
    stage.proxy.arm(None)
    ended = stage.start(again, *options).wait()
    outcome.seconds["next"] = time.monotonic() - began
    outcome.heard += stage.reader.heard()
    if ended.code:
        outcome.problems.append(f"the next sync failed: {ended.said}")
    if outcome.seconds["next"] > stage.lease + _PATIENCE:
        outcome.problems.append(f"the next sync took {outcome.seconds['next']:.0f} s")
    if stage.served() != str(again):
        outcome.problems.append("the next sync did not publish")
    stage.shown = again
    published = ended.answer is not None and ended.answer["published"]
    outcome.problems += stage.orphans(kept=published)


def _told(outcome: Outcome, ended: Ended) -> None:
    outcome.ended.append(ended.code)
    outcome.said = ended.said.strip()
    outcome.seconds["sync"] = ended.seconds
    allowed = FAULTS[outcome.kind].allowed if outcome.kind in FAULTS else (0,)
    if ended.code not in allowed and not (ended.code == 0 and outcome.stage in _TOO_LATE.get(outcome.kind, _LATE)):
        outcome.problems.append(f"exit code {ended.code}: {ended.said[-300:]}")
    if not ended.sentence():
        outcome.problems.append(f"not one sentence: {ended.said[-300:]}")


def _heard(outcome: Outcome) -> None:
    heard = outcome.heard
    outcome.problems += heard.wrong[:3]
    if heard.back:
        outcome.problems.append(f"{heard.back} answers of the old generation after one of the new")
    if not heard.reads:
        outcome.problems.append("no reader was heard")


class Calm(Fault):
    """Nothing happens: one sync after another under readers' eyes."""

    stage_told = "throughout"


class Kill(Fault):
    """SIGKILL to the sync."""

    allowed = (-signal.SIGKILL,)

    def strike(self) -> None:
        self.sync.signal(signal.SIGKILL)


class Interrupt(Fault):
    """Ctrl-C."""

    allowed = (130,)
    number = signal.SIGINT
    began = 0.0

    def strike(self) -> None:
        self.began = time.monotonic()
        self.sync.signal(self.number)

    def finish(self) -> Ended:
        ended = self.sync.wait()
        if self.began:
            self.outcome.seconds["to end"] = time.monotonic() - self.began
        return ended

    def afterwards(self) -> None:
        """The lease is given back, and nothing is left for the next sync to clear."""
        self.outcome.problems += [f"at once: {one}" for one in self.stage.orphans(kept=False)]


class Terminate(Interrupt):
    """SIGTERM, as ``systemctl stop`` sends it."""

    allowed = (143,)
    number = signal.SIGTERM


class Cut(Fault):
    """Every connection of the sync ends in the middle of whatever passes, and none can be made for some time."""

    allowed = (0, 3)

    def strike(self) -> None:
        self.stage.proxy.cut(float(self.random.choice([0.0, 0.5, 3.0])))


class Server(Fault):
    """SIGKILL to the server, which then starts again."""

    allowed = (0, 3)
    gone = False

    def strike(self) -> None:
        self.stage.kill_server()
        self.gone = True

    def finish(self) -> Ended:
        while not self.gone and self.sync.poll() is None:
            time.sleep(0.02)
        if self.gone:
            self.outcome.seconds["restart"] = self.stage.start_server()
        return self.sync.wait()


class Zombie(Fault):
    """A sync stands still for longer than its lease lasts, another publishes, and then it wakes."""

    allowed = (1,)
    still = False

    def strike(self) -> None:
        # A sync that has no lease yet has lost none: it waits, and then rightly publishes after the other.
        *before, latest = self.stage.proxy.traffic.statements or [""]
        self.missed = _ACQUIRE not in before or latest == _ACQUIRE
        if not self.missed:
            self.sync.signal(signal.SIGSTOP)
            self.still = True

    def finish(self) -> Ended:
        stage = self.stage
        while not self.still:
            if (ended := self.sync.poll()) is not None:
                return ended
            time.sleep(0.02)
        self.outcome.heard = stage.reader.heard()
        old, mine = stage.shown, self.outcome.new
        other = next(made for made in stage.generations if str(made) not in (str(old), mine))
        between = stage.served()
        if between not in (str(old), mine):
            self.outcome.problems.append(f"while it stood still: {between or 'no generation'} was served")
        self.outcome.old = str(other)
        stage.reader.listen(between or str(old), str(other))
        published = stage.syncs.start(stage.connection.uri, other.model, other.seed).wait()
        if published.code:
            self.outcome.problems.append(f"the other sync failed: {published.said}")
        before = stage.look_at_all()
        self.sync.signal(signal.SIGCONT)
        ended = self.sync.wait()
        if stage.look_at_all() != before:
            self.outcome.problems.append("the zombie wrote")
        stage.shown = other
        return ended


FAULTS: dict[str, type[Fault]] = {
    "calm": Calm,
    "kill": Kill,
    "interrupt": Interrupt,
    "terminate": Terminate,
    "cut": Cut,
    "server": Server,
    "zombie": Zombie,
    "busy": Busy,
    "disk": Disk,
}
