"""MovieLens in every layout that GroupLens has published.

Harper, Konstan: The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from graphrec_neo4j.errors import BadInputError
from graphrec_neo4j.schema import GraphSchema
from loaders.builder import GraphBuilder, fitting_schema
from loaders.edge_rows import EdgeColumns
from loaders.loaded import LoadedGraph
from loaders.node_rows import NodeColumns
from loaders.rows import Chunk, Layout, find_file, need_columns, need_file, read_rows

_SCHEMA = """
recommend_to = "User"
recommend = "Movie"
[nodes.User]
key_type = "integer"
{users}
[nodes.Movie]
key_type = "integer"
name = "title"
features = ["year"]
[nodes.Genre]
key = "name"
[edges.RATED]
from = "User"
to = "Movie"
weight = "rating"
positive_from = 4.0
duplicates = "last"
time = "timestamp"
time_unit = "s"
[edges.IN_GENRE]
from = "Movie"
to = "Genre"
"""
_SCHEMA_OF_USERS = 'features = ["age"]\ntext = ["gender", "occupation"]'
_SCHEMA_OF_TAGS = """
[nodes.Tag]
key = "name"
[edges.TAGGED]
from = "Movie"
to = "Tag"
weight = "weight"
"""
_RATING = ("userId", "movieId", "rating", "timestamp")
_TAG = ("userId", "movieId", "tag", "timestamp")
_MOVIE = ("movieId", "title", "genres")
_NO_GENRE = {"(no genres listed)", "unknown", ""}
_YEAR = re.compile(r"\((\d{4})(?:\s*[-–]\s*(?:\d{4})?)?\)\s*$")


@dataclass(frozen=True)
class _Files:
    """One published layout: (file, its layout) for each part; users and tags are not in every release.

    Genres are a ``|`` list in the column ``genres``, or flag columns in the order of ``genre_list``.
    """

    ratings: tuple[str, Layout]
    movies: tuple[str, Layout]
    users: tuple[str, Layout] | None = None
    tags: tuple[str, Layout] | None = None
    genre_list: tuple[str, Layout] | None = None


def _plain(delimiter: str, *columns: str) -> Layout:
    return Layout(delimiter, quoted=False, header=False, columns=columns, latin1=True)


_RELEASES = (
    _Files(("ratings.csv", Layout()), ("movies.csv", Layout()), tags=("tags.csv", Layout())),
    _Files(
        ("ratings.dat", _plain("::", *_RATING)),
        ("movies.dat", _plain("::", *_MOVIE)),
        ("users.dat", _plain("::", "userId", "gender", "age", "occupation", "zip")),
        ("tags.dat", _plain("::", *_TAG)),
    ),
    _Files(
        ("u.data", _plain("\t", *_RATING)),
        ("u.item", _plain("|", "movieId", "title", "released", "video", "url", *(f"flag {n}" for n in range(19)))),
        ("u.user", _plain("|", "userId", "age", "gender", "occupation", "zip")),
        genre_list=("u.genre", _plain("|", "genre", "number")),
    ),
)


def load_movielens(path: Path, schema: GraphSchema | None = None) -> LoadedGraph:
    """Read a MovieLens folder: latest, latest-small, 32M, 25M, 20M (csv), 10M, 1M (dat) or 100K (u.data).

    Ratings from 4.0 are positive; films without ratings are kept. A tag of a film weighs how often it was
    given, whatever its capitals. Raises BadInputError for another folder.
    """
    files = next((files for files in _RELEASES if find_file(path, files.ratings[0])), None)
    if files is None:
        known = ", ".join(files.ratings[0] for files in _RELEASES)
        raise BadInputError(f"{path} is no MovieLens folder: there is none of {known} in it.")
    reader = _Reader(path, files, schema)
    reader.read_users()
    reader.read_movies()
    reader.read_ratings()
    reader.read_tags()
    return reader.builder.finish()


class _Reader:
    """Feeds the files of one release to a builder."""

    def __init__(self, folder: Path, files: _Files, schema: GraphSchema | None) -> None:
        self.folder, self.files = folder, files
        self.users = find_file(folder, files.users[0]) if files.users else None
        self.tags = find_file(folder, files.tags[0]) if files.tags else None
        text = _SCHEMA.format(users=_SCHEMA_OF_USERS if self.users else "")
        own = GraphSchema.parse(text + (_SCHEMA_OF_TAGS if self.tags else ""), "the schema of MovieLens")
        # Where there is no file of users, they are known from their ratings alone.
        open_types = {"Genre", "Tag"} if self.users else {"Genre", "Tag", "User"}
        self.builder = GraphBuilder(fitting_schema(schema, own, "MovieLens"), open_types=open_types)

    def read_users(self) -> None:
        """Take users with what is known of them, where the release says it."""
        if self.users and self.files.users:
            for chunk in self._chunks(self.users, self.files.users[1]):
                self.builder.add_nodes("User", chunk, NodeColumns("userId"))

    def read_movies(self) -> None:
        """Take films and their genres."""
        name, layout = self.files.movies
        genres = self._genre_list()
        for chunk in self._chunks(need_file(self.folder, name), layout, () if genres else _MOVIE):
            years = [found[1] if (found := _YEAR.search(title)) else "" for title in chunk.columns["title"]]
            columns = NodeColumns("movieId", "title")
            bad = self.builder.add_nodes("Movie", chunk.with_columns({"year": years}), columns)
            good = chunk.without(bad)
            of_movies = _flagged(good, genres) if genres else _listed(good.columns["genres"])
            self.builder.add_edges("IN_GENRE", good.unfolded("genre", of_movies), EdgeColumns("movieId", "genre"))

    def read_ratings(self) -> None:
        """Take ratings with their time."""
        name, layout = self.files.ratings
        columns = EdgeColumns(*_RATING, time_unit="s")
        for chunk in self._chunks(need_file(self.folder, name), layout, _RATING):
            self.builder.add_edges("RATED", chunk, columns)

    def read_tags(self) -> None:
        """Take the tags of films, where the release has them."""
        if self.tags and self.files.tags:
            columns = EdgeColumns("movieId", "folded", counted=True)
            for chunk in self._chunks(self.tags, self.files.tags[1], _TAG):
                folded = [" ".join(tag.casefold().split()) for tag in chunk.columns["tag"]]
                self.builder.add_edges("TAGGED", chunk.with_columns({"folded": folded}), columns)

    def _genre_list(self) -> list[str]:
        if not self.files.genre_list:
            return []
        name, layout = self.files.genre_list
        chunks = self._chunks(need_file(self.folder, name), layout)
        return [genre for chunk in chunks for genre in chunk.columns["genre"]]

    def _chunks(self, path: Path, layout: Layout, needed: Sequence[str] = ()) -> Iterator[Chunk]:
        if layout.header:
            need_columns(path, layout, needed)
        return read_rows(path, layout, self.builder.bad_rows)


def _listed(column: Sequence[str]) -> list[list[str]]:
    return [[genre for genre in genres.split("|") if genre not in _NO_GENRE] for genres in column]


def _flagged(chunk: Chunk, genres: Sequence[str]) -> list[list[str]]:
    flags = zip(*(chunk.columns[f"flag {number}"] for number in range(len(genres))), strict=True)
    return [
        [genre for genre, flag in zip(genres, row, strict=True) if flag == "1" and genre not in _NO_GENRE]
        for row in flags
    ]
