"""The saved queries: a zip that Neo4j Browser takes where it is dropped on its page, each file a favourite."""

from __future__ import annotations

import io
import zipfile

from graphrec_neo4j.asking import askable
from graphrec_neo4j.browser_link import filled_in
from graphrec_neo4j.errors import QueryFileError
from graphrec_neo4j.ids import Key
from graphrec_neo4j.queries import CypherQuery
from graphrec_neo4j.schema import GraphSchema

# What a zip must say of its files, and must not differ between two that hold the same.
_WHEN = (1980, 1, 1, 0, 0, 0)


def favourites(schema: GraphSchema) -> bytes:
    """Return the zip: every question that the schema allows; its folders are those of Browser's side bar."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for query in askable():
            try:
                text = favourite(query, schema)
            except QueryFileError:
                continue  # it asks for ties or categories, and this graph has none
            room, name = query.name.split("/")
            packed.writestr(zipfile.ZipInfo(f"graphrec {room}/{name}.cypher", _WHEN), text)
    return made.getvalue()


def favourite(query: CypherQuery, schema: GraphSchema) -> str:
    """Return one question to be saved: its name as the title, defaults filled in, keys left as parameters."""
    keys = {parameter.name: parameter.default for parameter in query.parameters if parameter.kind == "key"}
    values = {name: value for name, value in defaults(query).items() if name not in keys}
    first = "".join(
        f"// first run  :param {name} => 'an id'{' or null' if optional else ''}, or a number without quotes\n"
        for name, optional in keys.items()
    )
    text = filled_in(query.render(schema).text, values)
    return f"// {query.name.split('/')[1]}\n// {query.purpose}\n{first}{text};\n"


def defaults(query: CypherQuery) -> dict[str, Key | None]:
    """Return the values of the parameters that need not be given."""
    told = {parameter.name: parameter.default for parameter in query.parameters if parameter.default is not None}
    return {name: None if text == "null" else int(text) for name, text in told.items()}
