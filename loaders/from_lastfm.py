"""LastFM as published with HetRec 2011: listeners, artists, friends and tags.

Cantador, Brusilovsky, Kuflik: 2nd Workshop on Information Heterogeneity and Fusion in Recommender Systems, 2011.
"""

from __future__ import annotations

from pathlib import Path

from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.schema import GraphSchema
from loaders.builder import GraphBuilder, fitting_schema
from loaders.edge_rows import EdgeColumns
from loaders.loaded import LoadedGraph
from loaders.node_rows import NodeColumns
from loaders.rows import Layout, find_file, need_columns, need_file, read_rows

LASTFM_SCHEMA = GraphSchema.parse(
    """
    recommend_to = "User"
    recommend = "Artist"
    [nodes.User]
    key_type = "integer"
    [nodes.Artist]
    key_type = "integer"
    name = "name"
    text = ["url"]
    [nodes.Tag]
    key_type = "integer"
    name = "name"
    [edges.LISTENED]
    from = "User"
    to = "Artist"
    weight = "weight"
    strength = "log"
    [edges.FRIEND]
    from = "User"
    to = "User"
    [edges.TAGGED]
    from = "Artist"
    to = "Tag"
    weight = "weight"
    """,
    "the schema of LastFM",
)
"""Weights are plays, and how often a tag was given to an artist; friends are listed in both directions."""

# Names hold quotes that mean nothing, and tags.dat is in Latin-1.
_LAYOUT = Layout("\t", quoted=False, latin1=True)
_NODES = {
    "Artist": ("artists.dat", NodeColumns("id", "name")),
    "Tag": ("tags.dat", NodeColumns("tagID", "tagValue")),
}
_EDGES = {
    "LISTENED": ("user_artists.dat", EdgeColumns("userID", "artistID", "weight")),
    "FRIEND": ("user_friends.dat", EdgeColumns("userID", "friendID")),
    "TAGGED": ("user_taggedartists.dat", EdgeColumns("artistID", "tagID", counted=True)),
}


def load_lastfm(path: Path, schema: GraphSchema | None = None) -> LoadedGraph:
    """Read the HetRec 2011 LastFM folder, or a folder that holds it.

    Artists that have tags but no row in artists.dat (390 in the published files) are kept without a name, and
    that is noted. Raises BadInputError where files or columns are missing.
    """
    folder = _folder(path)
    builder = GraphBuilder(fitting_schema(schema, LASTFM_SCHEMA, "LastFM"), open_types={"User", "Artist"})
    for name, (file, node_columns) in _NODES.items():
        found = need_file(folder, file)
        need_columns(found, _LAYOUT, [str(node_columns.key), str(node_columns.name)])
        for chunk in read_rows(found, _LAYOUT, builder.bad_rows):
            builder.add_nodes(name, chunk, node_columns)
    listed = len(builder.nodes["Artist"].codes)
    for name, (file, edge_columns) in _EDGES.items():
        found = need_file(folder, file)
        need_columns(found, _LAYOUT, [edge_columns.source, edge_columns.target])
        for chunk in read_rows(found, _LAYOUT, builder.bad_rows):
            builder.add_edges(name, chunk, edge_columns)
    unlisted = len(builder.nodes["Artist"].codes) - listed
    if unlisted:
        builder.notes.append(f"artists that are not in artists.dat, kept without a name: {unlisted:,}")
    return builder.finish()


def _folder(path: Path) -> Path:
    inside = sorted(child for child in path.iterdir() if child.is_dir()) if path.is_dir() else []
    for folder in (path, *inside):
        if find_file(folder, "user_artists.dat"):
            return folder
    raise BadInputError(f"{path} is no LastFM folder of HetRec 2011: there is no user_artists.dat in it.")
