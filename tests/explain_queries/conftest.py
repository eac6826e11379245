"""A small graph of readers and books, published twice once a file, and the questions of cypher/explain about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from explain_rows import Ask, Lists, asking, published_lists
from published import PlainDriver
from readers import World, publish_readers

from graphrec_neo4j.settings import Connection


@pytest.fixture(scope="module")
def world(
    neo4j_connection: Connection, wipe_database: Callable[[], None], tmp_path_factory: pytest.TempPathFactory
) -> World:
    """The graph, loaded, with two runs published: popularity, then the walk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRAPHREC_CACHE", str(tmp_path_factory.mktemp("cache")))
        wipe_database()
        return publish_readers(neo4j_connection)


@pytest.fixture
def ask(world: World, neo4j_connection: Connection) -> Iterator[Ask]:
    with asking(neo4j_connection) as run:
        yield run


@pytest.fixture(scope="module")
def plain(neo4j_connection: Connection) -> Iterator[PlainDriver]:
    with PlainDriver(neo4j_connection) as driver:
        yield driver


@pytest.fixture
def lists(world: World, plain: PlainDriver) -> Lists:
    return published_lists(plain)
