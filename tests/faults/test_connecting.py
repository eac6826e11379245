"""Connections that are cut while they are made, by a proxy in front of a real server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from fault_proxy import Moment, Proxy

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import DatabaseError
from graphrec_neo4j.queries import Statement
from graphrec_neo4j.settings import Connection

pytestmark = pytest.mark.live

ONE = Statement("one", "RETURN 1 AS n", "read")


@pytest.fixture
def proxy(neo4j_connection: Connection) -> Iterator[Proxy]:
    proxy = Proxy(int(neo4j_connection.uri.rpartition(":")[2]))
    yield proxy
    proxy.close()


@pytest.fixture
def through(proxy: Proxy, neo4j_connection: Connection) -> Connection:
    return replace(neo4j_connection, uri=f"bolt://127.0.0.1:{proxy.port}")


@pytest.mark.parametrize("answered", [0, 2, 4, 8, 40])
def test_a_connection_that_is_cut_while_it_is_made_is_made_once_more(
    proxy: Proxy, through: Connection, answered: int
) -> None:
    proxy.arm(Moment(down=answered), proxy.cut)
    with Database(through) as database:
        assert database.read(ONE) == [{"n": 1}]
    assert proxy.struck


@pytest.mark.parametrize("answered", [0, 2, 4, 8, 40])
def test_one_that_is_cut_again_is_told_in_a_sentence(proxy: Proxy, through: Connection, answered: int) -> None:
    def cut_and_arm() -> None:
        proxy.cut()
        proxy.arm(Moment(down=answered), cut_and_arm)

    proxy.arm(Moment(down=answered), cut_and_arm)
    with pytest.raises(DatabaseError, match=r"127\.0\.0\.1:\d+ .*(hangs up|cannot be reached).*\.$"):
        Database(through)
