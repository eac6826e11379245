"""A process that asks every question over and over, and holds each answer against those of the generations."""

from __future__ import annotations

import multiprocessing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from multiprocessing.connection import Connection as Pipe
from typing import Any

import neo4j
import numpy as np
from fault_world import Ask, digest
from neo4j.exceptions import DriverError, Neo4jError

from graphrec_neo4j.settings import Connection


@dataclass
class Heard:
    """What one reader heard in one round: answers by the generation that only they can be of, and what was wrong.

    ``either`` counts answers that both generations give, ``unanswered`` those that a server which was away owes;
    ``wrong`` are mixed, partial or empty ones, ``back`` answers of the old generation after one of the new.
    """

    old: int = 0
    new: int = 0
    either: int = 0
    unanswered: int = 0
    back: int = 0
    wrong: list[str] = field(default_factory=list)

    def __add__(self, more: Heard) -> Heard:
        """What was heard in both."""
        return Heard(*(getattr(self, one.name) + getattr(more, one.name) for one in fields(self)))

    @property
    def reads(self) -> int:
        """How many answers came."""
        return self.old + self.new + self.either + len(self.wrong)


class Reader:
    """The process, from the outside. ``known`` are the digests of all answers, by generation, in the order of asks."""

    def __init__(self, connection: Connection, asks: Sequence[Ask], known: Mapping[str, Sequence[str]]) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_read, args=(connection, list(asks), dict(known), theirs), daemon=True)
        self._process.start()

    def listen(self, old: str, new: str) -> None:
        """Begin a round in which the old generation gives way to the new one, or not."""
        self._pipe.send((old, new))

    def heard(self) -> Heard:
        """End the round and say what was heard."""
        self._pipe.send(None)
        return self._pipe.recv()

    def close(self) -> None:
        """End the process."""
        self._pipe.close()
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()


def answer(session: neo4j.Session, ask: Ask) -> list[list[Any]]:
    """The rows of one answer."""
    return session.run(ask.text, ask.parameters).values()


_PAUSE_SECONDS = 0.05

# What these say is computed when they are asked, from the graph; which names come first, or which of several that are
# equal, is the plan's choice, so only the scores are the same every time.
_COMPUTED = ("recommend/friends_items", "recommend/newcomer_items")


def answer_digest(ask: Ask, rows: list[list[Any]]) -> str:
    """Whether two answers to one question are the same."""
    if ask.name in _COMPUTED:
        return digest([[row[0], round(row[3], 6)] for row in rows])
    return digest(rows)


def _read(connection: Connection, asks: list[Ask], known: dict[str, Sequence[str]], pipe: Pipe) -> None:
    random = np.random.default_rng(0)
    auth = (connection.username, connection.password)
    uri = connection.uri
    with neo4j.GraphDatabase.driver(uri, auth=auth, notifications_min_severity="OFF") as driver:
        while True:
            try:
                old, new = pipe.recv()
            except EOFError:
                return
            heard = Heard()
            while not pipe.poll():
                with driver.session(default_access_mode=neo4j.READ_ACCESS) as session:
                    for place in random.permutation(len(asks)).tolist():
                        _hear(heard, session, asks[place], known[old][place], known[new][place])
                        # Readers should be heard by the thousand, and leave the processors to what they watch.
                        if pipe.poll(_PAUSE_SECONDS):
                            break
            try:
                pipe.recv()
                pipe.send(heard)
            except EOFError:
                return


def _hear(heard: Heard, session: neo4j.Session, ask: Ask, old: str, new: str) -> None:
    try:
        rows = answer(session, ask)
    except (DriverError, Neo4jError) as error:
        heard.unanswered += 1
        if isinstance(error, Neo4jError) and error.code and error.code.startswith("Neo.ClientError"):
            heard.wrong.append(f"{ask.name} {ask.parameters}: {error.code} {error.message}")
        return
    made = answer_digest(ask, rows)
    if made not in (old, new):
        heard.wrong.append(f"{ask.name} {ask.parameters}: {str(rows)[:300]}")
    elif old == new:
        heard.either += 1
    elif made == new:
        heard.new += 1
    else:
        heard.old += 1
        heard.back += heard.new > 0
