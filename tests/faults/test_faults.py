"""A dozen of each cheap fault, and some of the dear ones, against a real sync; hundreds are in benchmarks/faults.py."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fault_kinds import churned, struck
from fault_stage import Stage
from fault_world import QUICK

from graphrec_neo4j.errors import GraphRecError
from graphrec_neo4j.server import LocalServer

pytestmark = pytest.mark.live

DOZEN = range(12)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A server of its own, as some faults end it."""
    folder = tmp_path_factory.mktemp("faults")
    server = LocalServer(folder / "server", fast_start=True)
    try:
        server.start()
    except GraphRecError as error:
        pytest.skip(str(error))
    with Stage(folder, server, QUICK, lease=2.0) as made:
        yield made
    server.destroy()


@pytest.mark.parametrize("seed", DOZEN)
@pytest.mark.parametrize("kind", ["kill", "cut", "interrupt"])
def test_whatever_strikes_a_sync_one_generation_is_served_whole_and_the_next_sync_leaves_nothing_behind(
    stage: Stage, kind: str, seed: int
) -> None:
    assert struck(kind, stage, seed).problems == []


@pytest.mark.parametrize(("kind", "seed"), [("server", 0), ("server", 1), ("zombie", 0), ("terminate", 0), ("busy", 0)])
def test_a_few_of_the_dear_ones(stage: Stage, kind: str, seed: int) -> None:
    assert struck(kind, stage, seed).problems == []


def test_users_and_items_come_and_go_during_a_sync(stage: Stage) -> None:
    assert churned(stage, 0).problems == []
