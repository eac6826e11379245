import gzip

import numpy as np
import pytest

from graphrec_neo4j.errors import BadInputError
from loaders.from_movielens import load_movielens

LATEST = {
    "ratings.csv": "userId,movieId,rating,timestamp\n1,31,2.5,1260759144\n2,31,4.0,1260759179\n",
    "movies.csv": (
        'movieId,title,genres\n31,"Postino, Il (1994)",Comedy|Drama\n40,Ärger,(no genres listed)\n'
        "41,Serial (2007– ),Drama\n"
    ),
    "tags.csv": "userId,movieId,tag,timestamp\n1,31,Slow ,5\n2,31,slow,6\n2,40,dentist,7\n",
    "links.csv": "movieId,imdbId,tmdbId\n31,1,2\n",
}
ONE_MILLION = {
    "ratings.dat": "1::31::5::978300760\n2::31::3::978302109\n",
    "movies.dat": "31::Misérables, Les (1995)::Drama|Musical\n",
    "users.dat": "1::F::1::10::48067\n2::M::56::16::70072\n",
}
GENRES = (
    "unknown|Action|Adventure|Animation|Children's|Comedy|Crime|Documentary|Drama|Fantasy|Film-Noir|Horror|Musical|"
    "Mystery|Romance|Sci-Fi|Thriller|War|Western"
)
FLAGS = ["0"] * 19
HUNDRED_THOUSAND = {
    "u.data": "196\t242\t3\t881250949\n",
    "u.item": (
        f"242|Kolya (1996)|24-Jan-1997||http://imdb|{'|'.join([*FLAGS[:5], '1', *FLAGS[:2], '1', *FLAGS[:10]])}\n"
        f"267|unknown||||{'|'.join(['1', *FLAGS[:18]])}\n"
    ),
    "u.user": "196|49|M|writer|55105\n",
    "u.genre": "".join(f"{name}|{number}\n" for number, name in enumerate(GENRES.split("|"))) + "\n",
}


def write(folder, files, encoding="utf-8"):
    for name, content in files.items():
        (folder / name).write_bytes(content.encode(encoding))
    return folder


def named_pairs(snapshot, edge):
    kind, edges = snapshot.schema.edges[edge], snapshot.edges[edge]
    source = snapshot.nodes[kind.source].ids.keys_of(edges.source)
    return list(zip(source, snapshot.nodes[kind.target].ids.keys_of(edges.target), strict=True))


def test_the_csv_layout(tmp_path):
    loaded = load_movielens(write(tmp_path, LATEST))
    snapshot, movies = loaded.snapshot, loaded.snapshot.nodes["Movie"]
    assert snapshot.users.ids.keys == [1, 2]
    assert movies.ids.keys == [31, 40, 41]
    assert movies.names.tolist() == ["Postino, Il (1994)", "Ärger", "Serial (2007– )"]
    np.testing.assert_array_equal(movies.features, [[1994.0], [np.nan], [2007.0]])
    assert named_pairs(snapshot, "IN_GENRE") == [(31, "Comedy"), (31, "Drama"), (41, "Drama")]
    assert named_pairs(snapshot, "RATED") == [(1, 31), (2, 31)]
    assert snapshot.edges["RATED"].weight.tolist() == [2.5, 4.0]
    assert snapshot.edges["RATED"].time.tolist() == [1_260_759_144_000, 1_260_759_179_000]
    assert snapshot.interactions.toarray().tolist() == [[0, 0, 0], [1, 0, 0]]


def test_tags_are_folded_and_counted(tmp_path):
    loaded = load_movielens(write(tmp_path, LATEST))
    assert named_pairs(loaded.snapshot, "TAGGED") == [(31, "slow"), (40, "dentist")]
    assert loaded.snapshot.edges["TAGGED"].weight.tolist() == [2.0, 1.0]
    assert loaded.duplicates == {}


def test_films_without_ratings_stay_and_are_noted(tmp_path):
    assert "Movie nodes without interactions, kept: 2 of 3" in load_movielens(write(tmp_path, LATEST)).notes


def test_without_tags_there_is_no_tag_type_and_gzip_is_fine(tmp_path):
    write(tmp_path, {name: content for name, content in LATEST.items() if name != "tags.csv"})
    (tmp_path / "ratings.csv").unlink()
    (tmp_path / "ratings.csv.gz").write_bytes(gzip.compress(LATEST["ratings.csv"].encode()))
    snapshot = load_movielens(tmp_path).snapshot
    assert set(snapshot.nodes) == {"User", "Movie", "Genre"}
    assert len(snapshot.edges["RATED"]) == 2


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_the_layout_of_one_million_and_ten_million(tmp_path, encoding):
    snapshot = load_movielens(write(tmp_path, ONE_MILLION, encoding)).snapshot
    assert snapshot.users.features.tolist() == [[1.0], [56.0]]
    assert snapshot.users.texts["gender"].tolist() == ["F", "M"]
    assert snapshot.nodes["Movie"].names.tolist() == ["Misérables, Les (1995)"]
    assert named_pairs(snapshot, "IN_GENRE") == [(31, "Drama"), (31, "Musical")]
    assert snapshot.edges["RATED"].time.tolist() == [978_300_760_000, 978_302_109_000]


def test_the_ten_million_release_has_tags_and_no_users(tmp_path):
    files = {name: content for name, content in ONE_MILLION.items() if name != "users.dat"}
    snapshot = load_movielens(write(tmp_path, files | {"tags.dat": "1::31::sad::5\n"})).snapshot
    assert named_pairs(snapshot, "TAGGED") == [(31, "sad")]
    assert snapshot.users.ids.keys == [1, 2]
    assert snapshot.users.features is None


def test_the_layout_of_a_hundred_thousand(tmp_path):
    snapshot = load_movielens(write(tmp_path, HUNDRED_THOUSAND, "latin-1")).snapshot
    assert named_pairs(snapshot, "RATED") == [(196, 242)]
    assert named_pairs(snapshot, "IN_GENRE") == [(242, "Comedy"), (242, "Drama")]
    assert snapshot.users.features.tolist() == [[49.0]]
    assert snapshot.users.texts["occupation"].tolist() == ["writer"]
    np.testing.assert_array_equal(snapshot.nodes["Movie"].features, [[1996.0], [np.nan]])


def test_bad_rows_have_file_and_line_and_leave_no_genre(tmp_path):
    files = LATEST | {
        "ratings.csv": LATEST["ratings.csv"] + "3,99,4.0,5\n3,31,good,5\n3,31,4.0,late\n3,31\n",
        "movies.csv": LATEST["movies.csv"] + "31,Other (2000),Western\n",
        "tags.csv": LATEST["tags.csv"] + "1,31, ,5\n",
    }
    loaded = load_movielens(write(tmp_path, files))
    assert [(bad.file, bad.line, bad.reason) for bad in loaded.bad_rows] == [
        ("movies.csv", 5, "id '31' is that of movies.csv:2, with other values"),
        ("ratings.csv", 4, "there is no Movie with id '99'"),
        ("ratings.csv", 5, "rating 'good' is no number"),
        ("ratings.csv", 6, "timestamp 'late' is no number"),
        ("ratings.csv", 7, "has 2 columns where 4 are expected"),
        ("tags.csv", 5, "the Tag key is missing"),
    ]
    assert loaded.bad_rows[0].raw == "31,Other (2000),Western"
    assert loaded.snapshot == load_movielens(write(tmp_path, LATEST)).snapshot


def test_two_ratings_of_one_film_keep_the_later(tmp_path):
    files = LATEST | {"ratings.csv": "userId,movieId,rating,timestamp\n1,31,5.0,20\n1,31,1.0,10\n"}
    loaded = load_movielens(write(tmp_path, files))
    assert loaded.snapshot.edges["RATED"].weight.tolist() == [5.0]
    assert loaded.duplicates == {"RATED": 1}


def test_other_folders_and_headers_are_refused(tmp_path):
    with pytest.raises(BadInputError, match="no MovieLens folder"):
        load_movielens(tmp_path)
    write(tmp_path, LATEST | {"ratings.csv": "user,movieId,rating,timestamp\n"})
    with pytest.raises(BadInputError, match="no column 'userId', the nearest is 'user'"):
        load_movielens(tmp_path)
    (tmp_path / "movies.csv").unlink()
    with pytest.raises(BadInputError, match=r"no movies\.csv"):
        load_movielens(tmp_path)


@pytest.mark.data
def test_the_published_counts(data_set):
    loaded = load_movielens(data_set("movielens_latest_small"))
    snapshot = loaded.snapshot
    assert (len(snapshot.users), len(snapshot.items)) == (671, 9_125)
    assert len(snapshot.edges["RATED"]) == 100_004
    assert snapshot.edges["TAGGED"].weight.sum() == 1_296
    assert "Movie nodes without interactions, kept: 59 of 9,125" in loaded.notes
    first, last = (np.datetime64(int(moment), "ms") for moment in np.quantile(snapshot.edges["RATED"].time, (0, 1)))
    assert (str(first)[:10], str(last)[:10]) == ("1995-01-09", "2016-10-16")
    assert loaded.bad_rows == ()
    assert loaded.duplicates == {}
