"""Every command block of the README but the two that install, run as a reader would, on a real Neo4j."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from graphrec_neo4j.database import Database
from graphrec_neo4j.settings import Connection
from loaders.from_generator import generate
from loaders.to_neo4j import to_neo4j

README = Path(__file__).resolve().parent.parent / "README.md"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)


def test_the_readme_has_two_commands_that_install_and_others() -> None:
    installing = [block for block in blocks("bash") if "pip install" in block]
    assert len(installing) == 2
    assert all(len(block.strip().splitlines()) == 1 for block in installing)
    assert len(blocks("bash")) > 4


@pytest.mark.live
def test_every_command_block_works_in_the_order_of_the_page(
    empty_database: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Database(empty_database) as database:
        to_neo4j(database, generate().snapshot)
    run = shell(empty_database, tmp_path)
    for block in blocks("bash"):
        if "pip install" not in block:
            run(block)


@pytest.mark.live
def test_the_cypher_of_the_page_answers_with_the_driver_alone(empty_database: Connection, tmp_path: Path) -> None:
    import neo4j

    run = shell(empty_database, tmp_path)
    run("graphrec-neo4j load generated\ngraphrec-neo4j sync --model p3")
    [cypher] = blocks("cypher")
    auth = (empty_database.username, empty_database.password)
    with neo4j.GraphDatabase.driver(empty_database.uri, auth=auth) as driver:
        records, _, _ = driver.execute_query(cypher, {"user_id": "ada-ibarra"})
    assert [record["rank"] for record in records] == list(range(1, 11))
    assert all(record["reason"] for record in records)


def shell(connection: Connection, folder: Path) -> Callable[[str], None]:
    """A function that runs a block in ``folder``; the page's example address stands for the test's server."""
    commands = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": commands, "GRAPHREC_CACHE": str(folder / "cache")}
    environment |= {"NEO4J_URI": connection.uri, "NEO4J_PASSWORD": connection.password}

    def run(block: str) -> None:
        block = block.replace("neo4j://localhost:7687", connection.uri).replace("=secret", f"={connection.password}")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block], cwd=folder, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"

    return run
