"""Whether a schema fits a database: one error that names what does not, and the nearest name."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from ratings_graph import RATINGS, ratings

from graphrec_neo4j.database import Database
from graphrec_neo4j.errors import SchemaError
from graphrec_neo4j.schema import GraphSchema
from loaders.from_neo4j import from_neo4j, read_graph
from loaders.to_neo4j import to_neo4j

pytestmark = pytest.mark.live

Run = Callable[..., list[dict[str, object]]]

MISFITS = [
    (RATINGS.replace("nodes.Item]", 'nodes.Item]\nlabel = "Itme"'), "label 'Itme' .* the nearest is 'Item'"),
    (RATINGS + 'type = "RATE"\n', "type 'RATE' .* the nearest is 'RATED'"),
    (RATINGS.replace('"rating"', '"raiting"'), "'RATED' with the property 'raiting' .* the nearest is 'rating'"),
    (RATINGS.replace('"price"', '"pirce"'), "'Item' with the property 'pirce' .* the nearest is 'price'"),
    (RATINGS.replace("[nodes.User]", '[nodes.User]\nkey = "ident"'), "has the key 'ident' .* the nearest is 'id'"),
    (RATINGS.replace('key_type = "integer"', ""), "are integers: set key_type = 'integer' for Item"),
    (RATINGS.replace("[nodes.User]", '[nodes.User]\nkey_type = "integer"'), "set key_type = 'string' for User"),
]


@pytest.mark.parametrize(("text", "sentence"), MISFITS)
def test_a_schema_that_does_not_fit_is_one_error_with_the_nearest_name(
    database: Database, text: str, sentence: str
) -> None:
    to_neo4j(database, ratings())
    with pytest.raises(SchemaError, match=sentence):
        from_neo4j(database, GraphSchema.parse(text))


def test_nodes_without_a_key_are_counted(database: Database, run: Run) -> None:
    to_neo4j(database, ratings())
    run("CREATE (:User {name: 'nobody'})")
    with pytest.raises(SchemaError, match="1 of 4 nodes with the label 'User' have no 'id'"):
        from_neo4j(database, ratings().schema)


def test_an_empty_database_is_one_sentence(database: Database) -> None:
    with pytest.raises(SchemaError, match=r"no node with the label 'User' .* load a graph first"):
        from_neo4j(database, ratings().schema)


def test_what_is_declared_and_not_there_yet_is_empty_and_said(database: Database) -> None:
    to_neo4j(database, ratings())
    schema = GraphSchema.parse(RATINGS + '[edges.KNOWS]\nfrom = "User"\nto = "User"\n')
    read = read_graph(database, schema)
    assert len(read.snapshot.edges["KNOWS"]) == 0
    assert read.notes == ["the database has no relationship of type 'KNOWS' (edges.KNOWS in graphrec.toml) yet."]
